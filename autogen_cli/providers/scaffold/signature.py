"""One signature that every call binds to, with the names and defaults that the calls speak for."""

import ast
from collections.abc import Sequence
from dataclasses import replace

from autogen_cli.providers.scaffold.annotations import expression_type, union
from autogen_cli.providers.scaffold.evidence import Call
from autogen_cli.providers.scaffold.parameters import VARIADIC, Parameter, ParameterKind, unused_name
from autogen_cli.providers.scaffold.precedents import Precedent
from autogen_cli.providers.scaffold.ranking import Passed, rank_names, written_names


def infer_parameters(
    calls: Sequence[Call], *, function: str = "", precedents: Sequence[Precedent] = ()
) -> tuple[Parameter, ...]:
    """Parameters, receiver left out, that all `calls` bind to.

    function: the function's name, which may speak of its argument. precedents: the project's other functions.
    """
    if not calls:
        return VARIADIC
    return _Calls(calls).parameters(function, precedents)


class _Calls:
    """The positions that calls fill, and the keywords that they use, put together. joined: the keyword that is another
    caller's way to fill a position.
    """

    def __init__(self, calls: Sequence[Call]) -> None:
        self.calls = calls
        self.keywords = list(dict.fromkeys(name for call in calls for name, _ in call.keywords))
        self.count = max(len(call.positional) for call in calls)
        fewest = min(len(call.positional) for call in calls)
        endless = self._is_endless(fewest)
        if endless:
            self.count = fewest
        self.variadic = endless or any(call.star and self._overflows(call) for call in calls)
        self.joined = self._join()

    def _is_endless(self, fewest: int) -> bool:
        """Whether callers pass so many different numbers of values, most of them nameless, that no list of optional
        parameters would be written for them.
        """
        counts = {len(call.positional) for call in self.calls if not call.star}
        nameless = [index for index in range(fewest, self.count) if not written_names(self._passed(index))]
        return len(counts) > 2 and max(counts) - min(counts) > 2 and 2 * len(nameless) >= self.count - fewest

    def _overflows(self, call: Call) -> bool:
        """Whether a star brings values that no other call shows as positions."""
        return len(call.positional) == self.count or call.filled > self.count

    def _join(self) -> dict[int, str]:
        """Certain is what callers name like the value that others pass by position; the rest is filled up in order."""
        joined: dict[int, str] = {}
        for index in range(self.count):
            written = written_names(self._passed(index))
            if certain := [keyword for keyword in self._free(joined, index) if keyword in written]:
                joined[index] = certain[0]
        for index in range(self.count):
            if index not in joined and not written_names(self._passed(index)):
                likely = [keyword for keyword in self._free(joined, index) if self._continues(keyword, index, joined)]
                if likely:
                    joined[index] = min(likely, key=lambda keyword: not self._types_meet(keyword, index))
        return joined

    def _free(self, joined: dict[int, str], index: int) -> list[str]:
        """Keywords without a position that nobody passes together with this one."""
        together = {name for call in self.calls if call.filled > index for name, _ in call.keywords}
        return [keyword for keyword in self.keywords if keyword not in {*together, *joined.values()}]

    def _continues(self, keyword: str, index: int, joined: dict[int, str]) -> bool:
        """Whether the keyword takes up where the positions end, and the types meet, or every caller passes one of the
        two and no type says otherwise.
        """
        named = [call for call in self.calls if keyword in dict(call.keywords)]
        for call in named:
            if any(joined.get(before) not in dict(call.keywords) for before in range(len(call.positional), index)):
                return False
        everybody = all(len(call.positional) > index or call in named for call in self.calls)
        known = _types(self._passed(index)) and _types(self._named(keyword))
        return self._types_meet(keyword, index) or (everybody and not known)

    def _types_meet(self, keyword: str, index: int) -> bool:
        return not _types(self._passed(index)).isdisjoint(_types(self._named(keyword)))

    def parameters(self, function: str, precedents: Sequence[Precedent]) -> tuple[Parameter, ...]:
        names = self._names(function, precedents)
        taken = {*names, *self.keywords}
        result: list[Parameter] = []
        optional = False
        for index, name in enumerate(names):
            optional = optional or not all(self._covers(call, index, name) for call in self.calls)
            result.append(_parameter(name, "positional", [*self._passed(index), *self._named(name)], optional=optional))
        if self.variadic:
            result.append(Parameter(unused_name("args", taken), "star"))
        for name in self.keywords:
            if name not in names:
                needed = all(call.double_star or name in dict(call.keywords) for call in self.calls)
                result.append(_parameter(name, "keyword", self._named(name), optional=not needed))
        if any(call.double_star for call in self.calls):
            result.append(Parameter(unused_name("kwargs", taken), "double_star"))
        return tuple(result)

    def _names(self, function: str, precedents: Sequence[Precedent]) -> list[str]:
        """A name for each position, no name twice: the surest pair of position and name first."""
        open_positions = [index for index in range(self.count) if index not in self.joined]
        ranks = {index: rank_names(self._passed(index), index, function, precedents) for index in open_positions}
        pairs = [(-weight, index, name) for index in open_positions for name, weight in ranks[index].items()]
        chosen = dict(self.joined)
        for _, index, name in sorted(pairs):
            if index not in chosen and name not in {*self.keywords, *chosen.values()}:
                chosen[index] = name
        for index in open_positions:
            chosen.setdefault(index, unused_name("value", {*self.keywords, *chosen.values()}))
        return [chosen[index] for index in range(self.count)]

    def _covers(self, call: Call, index: int, name: str) -> bool:
        return index < len(call.positional) or call.star or call.double_star or name in dict(call.keywords)

    def _passed(self, index: int) -> list[Passed]:
        return [(call.positional[index], call) for call in self.calls if index < len(call.positional)]

    def _named(self, keyword: str) -> list[Passed]:
        return [(node, call) for call in self.calls for name, node in call.keywords if name == keyword]


def _types(passed: Sequence[Passed]) -> set[str]:
    """What is known of the types, their parameters left out."""
    kinds = {expression_type(node, call.scope) for node, call in passed}
    return {kind.partition("[")[0] for kind in kinds if kind and kind != "None"}


def _parameter(name: str, kind: ParameterKind, passed: Sequence[Passed], *, optional: bool) -> Parameter:
    annotation = union(expression_type(node, call.scope) for node, call in passed)
    if annotation == "None":
        annotation = "Any"
    parameter = Parameter(name, kind, annotation)
    if not optional:
        return parameter
    flags = {node.value for node, _ in passed if isinstance(node, ast.Constant) and isinstance(node.value, bool)}
    if annotation == "bool" and len(flags) == 1:
        return replace(parameter, default=str(not flags.pop()))
    if annotation and annotation != "Any" and not annotation.endswith("| None"):
        annotation = f"{annotation} | None"
    return replace(parameter, annotation=annotation, default="None")
