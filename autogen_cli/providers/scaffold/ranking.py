"""Which of the names that callers speak for a parameter most likely has."""

import ast
from collections import defaultdict
from collections.abc import Sequence

from autogen_cli.providers.scaffold import naming
from autogen_cli.providers.scaffold.naming import Source
from autogen_cli.providers.scaffold.precedents import Precedent

type Passed = tuple[ast.expr | None, str | None]

WEIGHTS: dict[Source, float] = {
    "sibling": 1.05, "name": 0.95, "attribute": 0.9, "key": 0.75, "last word": 0.7, "shape": 0.6, "self last": 0.6,
    "called last": 0.5, "constant": 0.5, "numberless": 0.5, "elements": 0.45, "element": 0.4, "known longer": 0.3,
    "known": 0.25, "function": 0.25, "class": 0.25, "literal": 0.25, "argument": 0.25, "self": 0.15, "verbless": 0.1,
    "called": 0.05, "qualified": 0.05,
}  # fmt: skip
"""Fitted on 2,400 parameters of 24 projects (softmax over the candidates of each), and rounded."""

STRONG = 0.4
"""A name with this weight was written by somebody for this very value; below, it is a guess from a literal."""

_WRITTEN: frozenset[Source] = frozenset(
    {"name", "attribute", "key", "verbless", "last word", "class", "constant", "called"}
)


def rank_names(
    passed: Sequence[Passed], index: int, function: str, precedents: Sequence[Precedent] = ()
) -> dict[str, float]:
    """Names for the parameter at `index`, with weights. `passed`: what callers pass, and the function around each."""
    scores = _from_callers(passed)
    if not index:
        for name, source, share in naming.from_function_name(function):
            scores[name] += WEIGHTS[source] * share
    known = {name for precedent in precedents for name in precedent.positional}
    for longer in known:
        if any(score >= STRONG and longer.endswith(f"_{name}") for name, score in [*scores.items()]):
            scores[longer] += WEIGHTS["known longer"]
    for name, similarity in _siblings(function, index, precedents).items():
        scores[name] += WEIGHTS["sibling"] * similarity
    for name in known & scores.keys():
        scores[name] += WEIGHTS["known"]
    return scores


def written_names(passed: Sequence[Passed]) -> set[str]:
    """Names that callers themselves use for the value, guesses from literals left out."""
    found = (naming.candidates(node, enclosing=enclosing) for node, enclosing in passed)
    return {name for candidates in found for name, source, _ in candidates if source in _WRITTEN}


def _from_callers(passed: Sequence[Passed]) -> defaultdict[str, float]:
    scores: defaultdict[str, float] = defaultdict(float)
    for node, enclosing in passed:
        shares: dict[tuple[str, Source], float] = {}
        for name, source, share in naming.candidates(node, enclosing=enclosing):
            shares[name, source] = max(share, shares.get((name, source), 0))
        for (name, source), share in shares.items():
            scores[name] += WEIGHTS[source] * share / len(passed)
    return scores


def _siblings(function: str, index: int, precedents: Sequence[Precedent]) -> dict[str, float]:
    """What functions with a name like `function` call their parameter at `index`, with the share of common words."""
    own = naming.words(function)
    similar: dict[str, float] = {}
    for precedent in precedents:
        words = naming.words(precedent.name)
        if index < len(precedent.positional) and (common := len(own & words)):
            name = precedent.positional[index]
            similar[name] = max(similar.get(name, 0), common / len(own | words))
    return similar
