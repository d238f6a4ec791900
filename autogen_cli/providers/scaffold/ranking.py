"""Which of the names that callers speak for a parameter most likely has."""

import ast
from collections import defaultdict
from collections.abc import Sequence

from autogen_cli.providers.scaffold import naming
from autogen_cli.providers.scaffold.evidence import Call
from autogen_cli.providers.scaffold.naming import Source
from autogen_cli.providers.scaffold.precedents import Precedent

type Passed = tuple[ast.expr | None, Call]
"""What a call passes, and the call."""

WEIGHTS: dict[Source, float] = {
    "name": 0.95, "attribute": 0.95, "sibling": 0.75, "last word": 0.65, "key": 0.6, "literal": 0.45, "shape": 0.5,
    "called last": 0.4, "self last": 0.35, "known": 0.35, "constant": 0.35, "numberless": 0.35, "element": 0.3,
    "elements": 0.3, "argument": 0.25, "self": 0.2, "function": 0.2, "class": 0.2, "known longer": 0.2, "called": 0.1,
    "verbless": 0.1, "qualified": 0.1,
}  # fmt: skip
"""Fitted on 3,200 parameters of 24 projects (softmax over the candidates of each), and rounded."""

_WRITTEN: frozenset[Source] = frozenset({"name", "attribute", "key", "verbless", "last word", "class", "constant"})


def rank_names(
    passed: Sequence[Passed], index: int, function: str, precedents: Sequence[Precedent] = ()
) -> dict[str, float]:
    """Names for the parameter at `index`, with weights. `passed`: what callers pass there."""
    scores = _from_callers(passed)
    if not index:
        for name, source, share in naming.from_function_name(function):
            scores[name] += WEIGHTS[source] * share
    known = {name for precedent in precedents for name in precedent.positional}
    written = written_names(passed)
    for longer in known:
        if any(longer.endswith(f"_{name}") for name in written):
            scores[longer] += WEIGHTS["known longer"]
    for name, similarity in _siblings(function, index, precedents).items():
        scores[name] += WEIGHTS["sibling"] * similarity
    for name in known & scores.keys():
        scores[name] += WEIGHTS["known"]
    return scores


def written_names(passed: Sequence[Passed]) -> set[str]:
    """Names that callers themselves use for the value, guesses from literals left out."""
    return {name for one in passed for (name, source) in _shares(one) if source in _WRITTEN}


def _from_callers(passed: Sequence[Passed]) -> defaultdict[str, float]:
    """The mean over the callers; those that pass a literal or the like count only where nobody has a name for it."""
    scores: defaultdict[str, float] = defaultdict(float)
    shares = [_shares(one) for one in passed]
    naming_it = [found for found in shares if any(source in _WRITTEN for _, source in found)] or shares
    for found in naming_it:
        for (name, source), share in found.items():
            scores[name] += WEIGHTS[source] * share / len(naming_it)
    return scores


def _shares(passed: Passed) -> dict[tuple[str, Source], float]:
    node, call = passed
    shares: dict[tuple[str, Source], float] = {}
    for name, source, share in naming.candidates(node, enclosing=call.enclosing):
        shares[name, source] = max(share, shares.get((name, source), 0))
    return shares


def _siblings(function: str, index: int, precedents: Sequence[Precedent]) -> dict[str, float]:
    """What functions with a name like `function` call their parameter at `index`, with the share of common words. One
    of the very same name is no such hint: its whole signature fits (that is told elsewhere), or it is another matter.
    """
    own = naming.words(function)
    similar: dict[str, float] = {}
    for precedent in precedents:
        words = naming.words(precedent.name)
        if index < len(precedent.positional) and words != own and (common := len(own & words)):
            name = precedent.positional[index]
            similar[name] = max(similar.get(name, 0), common / len(own | words))
    return similar
