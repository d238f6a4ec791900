"""One signature that every call binds to, with the names and defaults that the calls speak for."""

import ast
from collections.abc import Iterable, Sequence
from dataclasses import replace

from autogen_cli.providers.scaffold.annotations import expression_type, union
from autogen_cli.providers.scaffold.evidence import Call
from autogen_cli.providers.scaffold.parameters import VARIADIC, Parameter, ParameterKind
from autogen_cli.providers.scaffold.precedents import Precedent
from autogen_cli.providers.scaffold.ranking import Passed, rank_names, written_names


def infer_parameters(
    calls: Sequence[Call], *, function: str = "", precedents: Sequence[Precedent] = (), reserved: Iterable[str] = ()
) -> tuple[Parameter, ...]:
    """Parameters, receiver left out, that all `calls` bind to.

    function: the function's name, which may speak of its argument. precedents: the project's other functions.
    reserved: names that are taken (`self`).
    """
    if not calls:
        return VARIADIC
    return _Calls(calls).parameters(function, precedents, {*reserved})


class _Calls:
    """The positions that calls fill, and the keywords that they use, put together. joined: the keyword that is another
    caller's way to fill a position.
    """

    def __init__(self, calls: Sequence[Call]) -> None:
        self.calls = calls
        self.keywords = list(dict.fromkeys(name for call in calls for name, _ in call.keywords))
        self.count = max(len(call.positional) for call in calls)
        counts = {len(call.positional) for call in calls if not call.star}
        many = len(counts) > 2 and max(counts) - min(counts) > 2  # nobody writes that many optional positions
        if many:
            self.count = min(len(call.positional) for call in calls)
        self.variadic = many or any(call.star and self._overflows(call) for call in calls)
        self.joined = self._join()

    def _overflows(self, call: Call) -> bool:
        """Whether a star brings values that no other call shows as positions."""
        return len(call.positional) == self.count or len(call.positional) + call.after_star > self.count

    def _join(self) -> dict[int, str]:
        joined: dict[int, str] = {}
        for certain in (True, False):
            for index in range(self.count):
                free = [keyword for keyword in self.keywords if keyword not in joined.values()]
                fits = [keyword for keyword in free if self._fits(keyword, index, certain=certain)]
                if fits and index not in joined:
                    joined[index] = fits[0]
        return joined

    def _fits(self, keyword: str, index: int, *, certain: bool) -> bool:
        """Certain: callers name the positional value like the keyword. Otherwise: its own name is no more than a guess,
        the keyword takes up where the positions end, and the types agree, or every caller passes one of the two.
        """
        named = [call for call in self.calls if keyword in dict(call.keywords)]
        if any(len(call.positional) > index for call in named):
            return False
        written = written_names(self._passed(index))
        if certain:
            return keyword in written
        here = self._types(None, index)
        there = self._types(keyword, None)
        adjacent = min(len(call.positional) for call in named) == index
        everybody = all(len(call.positional) > index or call in named for call in self.calls)
        agree = bool(here & there) or (everybody and not (here and there))
        return adjacent and agree and not written

    def parameters(self, function: str, precedents: Sequence[Precedent], taken: set[str]) -> tuple[Parameter, ...]:
        names = self._names(function, precedents, taken)
        taken |= {*names, *self.keywords}
        result: list[Parameter] = []
        optional = False
        for index, name in enumerate(names):
            optional = optional or not all(self._covers(call, index, name) for call in self.calls)
            result.append(_parameter(name, "positional", self._values(name, index), optional=optional))
        if self.variadic:
            result.append(Parameter(_free("args", taken), "star"))
        for name in self.keywords:
            if name not in names:
                needed = all(call.double_star or name in dict(call.keywords) for call in self.calls)
                result.append(_parameter(name, "keyword", self._values(name, None), optional=not needed))
        if any(call.double_star for call in self.calls):
            result.append(Parameter(_free("kwargs", taken), "double_star"))
        return tuple(result)

    def _names(self, function: str, precedents: Sequence[Precedent], taken: set[str]) -> list[str]:
        """A name for each position, no name twice: the surest pair of position and name first."""
        open_positions = [index for index in range(self.count) if index not in self.joined]
        ranks = {index: rank_names(self._passed(index), index, function, precedents) for index in open_positions}
        pairs = [(-weight, index, name) for index in open_positions for name, weight in ranks[index].items()]
        chosen = dict(self.joined)
        for _, index, name in sorted(pairs):
            if index not in chosen and name not in {*taken, *self.keywords, *chosen.values()}:
                chosen[index] = name
        for index in open_positions:
            chosen.setdefault(index, _free("value", {*taken, *self.keywords, *chosen.values()}))
        return [chosen[index] for index in range(self.count)]

    def _covers(self, call: Call, index: int, name: str) -> bool:
        return index < len(call.positional) or call.star or call.double_star or name in dict(call.keywords)

    def _passed(self, index: int) -> list[Passed]:
        return [(call.positional[index], call.enclosing) for call in self.calls if index < len(call.positional)]

    def _values(self, keyword: str | None, index: int | None) -> list[ast.expr | None]:
        values = [node for node, _ in self._passed(index)] if index is not None else []
        return values + [node for call in self.calls for name, node in call.keywords if name == keyword]

    def _types(self, keyword: str | None, index: int | None) -> set[str]:
        kinds = {expression_type(node) for node in self._values(keyword, index)}
        return {kind for kind in kinds if kind and kind != "None"}


def _free(name: str, taken: set[str]) -> str:
    number = 1
    while (free := name if number == 1 else f"{name}{number}") in taken:
        number += 1
    return free


def _parameter(name: str, kind: ParameterKind, values: Sequence[ast.expr | None], *, optional: bool) -> Parameter:
    annotation = union(expression_type(value) for value in values)
    if annotation == "None":
        annotation = "Any"
    parameter = Parameter(name, kind, annotation)
    if not optional:
        return parameter
    flags = {value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, bool)}
    if annotation == "bool" and len(flags) == 1:
        return replace(parameter, default=str(not flags.pop()))
    if annotation and annotation != "Any" and not annotation.endswith("| None"):
        annotation = f"{annotation} | None"
    return replace(parameter, annotation=annotation, default="None")
