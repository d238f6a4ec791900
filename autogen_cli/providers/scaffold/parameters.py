"""Parameters as values, and whether a call binds to them."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Literal

from autogen_cli.providers.scaffold.evidence import Call

type ParameterKind = Literal["positional", "star", "keyword", "double_star"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """`default` as source text, None where the parameter is required. `annotation` None: nothing is known."""

    name: str
    kind: ParameterKind = "positional"
    annotation: str | None = None
    default: str | None = None


VARIADIC = (Parameter("args", "star"), Parameter("kwargs", "double_star"))
"""What binds to anything: the signature of a function of which no call was found."""


def unused_name(name: str, taken: Container[str]) -> str:
    """`name`, with a number behind it where that is taken."""
    number = 1
    while (free := name if number == 1 else f"{name}{number}") in taken:
        number += 1
    return free


def receiver(name: str, parameters: Sequence[Parameter]) -> str:
    """`self` or `cls`, under another name where callers pass a keyword that is called like that."""
    return unused_name(name, {parameter.name for parameter in parameters})


def binds(parameters: Sequence[Parameter], call: Call) -> bool:
    """Whether the call can be bound; a star may bring as many values, and a double star any keywords, as are needed."""
    kinds = {parameter.kind for parameter in parameters}
    named = [parameter for parameter in parameters if parameter.kind in {"positional", "keyword"}]
    positional = [parameter.name for parameter in named if parameter.kind == "positional"]
    keywords = {name for name, _ in call.keywords}
    taken = set(positional[: call.filled])
    if call.filled > len(positional) and "star" not in kinds:
        return False
    if taken & keywords or (keywords - {parameter.name for parameter in named} and "double_star" not in kinds):
        return False
    missing = [parameter for parameter in named if parameter.default is None and parameter.name not in taken | keywords]
    return call.double_star or all(call.star and parameter.kind == "positional" for parameter in missing)
