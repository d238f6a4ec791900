"""What doesn't exist yet and is going to: symbols that other requests of the same batch ask for."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from autogen_cli.models import CheckResult

type Place = tuple[str, str]  # a module, and a name in it; "" for the module itself


class Coming:
    """known: what is being made. missing: what the checks have looked for besides, and nobody has."""

    def __init__(self, known: Collection[Place] = ()) -> None:
        self._known = frozenset(known)
        self.missing: set[Place] = set()

    def has(self, module: str, name: str = "") -> bool:
        if (module, name) in self._known:
            return True
        self.missing.add((module, name))
        return False


def noted(result: CheckResult, coming: Iterable[str]) -> CheckResult:
    """The verdict, with the names that count as existing in it."""
    names = ", ".join(dict.fromkeys(coming))
    if not names:
        return result
    note = f"other rows of the batch make {names}"
    return replace(result, detail=f"{result.detail}; {note}" if result.detail else note)
