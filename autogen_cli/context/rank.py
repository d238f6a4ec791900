"""What may be shown for a target, and what each piece is worth."""

from collections.abc import Iterator, Sequence

from autogen_cli.context.evidence import Found
from autogen_cli.context.facts import Definition
from autogen_cli.context.project import is_test
from autogen_cli.context.render import Candidate
from autogen_cli.context.sources import Sources
from autogen_cli.models import Target

MOST_SITES = 40


def candidates(sources: Sources, target: Target, found: Sequence[Found]) -> list[Candidate]:
    listed = [*_sites(found), *_own(sources, target), *_imported(sources, target)]
    return listed


def _sites(found: Sequence[Found]) -> Iterator[Candidate]:
    for number, (path, usage) in enumerate(found[:MOST_SITES]):
        test = is_test(path)
        where = f" in {usage.enclosing}" if usage.enclosing else ""
        if usage.kind in {"import", "export"}:
            continue
        yield Candidate(
            "test" if test else "call_site", path, usage.line, usage.enclosing, ", ".join(usage.uses) or "used here",
            f"# {path}:{usage.line}{where}\n{usage.text}", 100 / (number + 1), (0, path), "",
        )  # fmt: skip


def _own(sources: Sources, target: Target) -> Iterator[Candidate]:
    path = target.relative_path
    for definition in sources.facts(path).definitions:
        if definition.qualified_name != target.symbol:
            yield _definition(path, definition, "defined in the target's module", 3.0, 1)


def _imported(sources: Sources, target: Target) -> Iterator[Candidate]:
    path = target.relative_path
    for item in sources.facts(path).imports:
        source = sources.project.resolve_import(path, item.module, item.level)
        if source is None or not item.name:
            continue
        for definition in sources.facts(source).definitions:
            if definition.name == item.name and not definition.owner:
                yield _definition(source, definition, "imported by the target's module", 5.0, 2)


def _definition(path: str, definition: Definition, reason: str, score: float, section: int) -> Candidate:
    text, parent = definition.signature, ""
    if definition.owner:
        text = "\n".join(f"    {line}" for line in text.split("\n"))
        parent = f"class {definition.owner}:"
    return Candidate(
        "definition", path, definition.line, definition.qualified_name, reason, text, score, (section, path),
        f"# {path}: {reason}", parent,
    )  # fmt: skip
