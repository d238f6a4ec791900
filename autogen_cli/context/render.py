"""From ranked candidates to a text of at most so many tokens, counted exactly.

o200k_base splits text before it merges bytes, and no piece of that split reaches over a newline that is followed by
a character other than white space or `/`. So when every piece starts with such a character and ends in one newline,
the tokens of the text are the sum of the tokens of its pieces (a test holds this against the tokenizer).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from autogen_cli.models import ContextItem

type Count = Callable[[str], int]

LONGEST_OMITTED = 200


class Candidate(NamedTuple):
    """A piece that may be shown. score: what it is worth; what gives most per token goes in first.

    group: pieces of one group stand together under its header, in the order of `order`.
    text: lines, dedented or indented by spaces, the last without newline.
    """

    kind: str
    path: str
    line: int
    symbol: str
    reason: str
    text: str
    score: float
    group: tuple[int, str]
    header: str
    parent: str = ""


class Rendered(NamedTuple):
    text: str
    tokens: int
    items: tuple[ContextItem, ...]
    omitted: tuple[ContextItem, ...]


def render(candidates: Sequence[Candidate], budget: int, count: Count) -> Rendered:
    """Takes candidates by score per token while they fit, headers and class lines that they need included."""
    costs = [count(_piece(c.text)) for c in candidates]
    order = sorted(range(len(candidates)), key=lambda i: (-candidates[i].score / costs[i], i))
    taken: set[int] = set()
    opened: set[tuple[tuple[int, str], str]] = set()
    left = budget
    for index in order:
        candidate = candidates[index]
        extra = {line for line in _openings(candidate) if line not in opened}
        cost = costs[index] + sum(count(_piece(text)) for _, text in extra)
        if cost <= left:
            taken.add(index)
            opened |= extra
            left -= cost
    return _assemble(candidates, taken, costs, count)


def _openings(candidate: Candidate) -> list[tuple[tuple[int, str], str]]:
    """Lines that have to stand above a candidate: its group's header, its class."""
    return [(candidate.group, text) for text in (candidate.header, candidate.parent) if text]


def _assemble(candidates: Sequence[Candidate], taken: set[int], costs: Sequence[int], count: Count) -> Rendered:
    pieces: list[str] = []
    items: list[ContextItem] = []
    omitted: list[ContextItem] = []
    opened: set[tuple[tuple[int, str], str]] = set()
    for index in sorted(range(len(candidates)), key=lambda i: (candidates[i].group, candidates[i].line, i)):
        candidate = candidates[index]
        text, tokens = _piece(candidate.text), costs[index]
        if index in taken:
            for opening in _openings(candidate):
                if opening not in opened:
                    opened.add(opening)
                    pieces.append(_piece(opening[1]))
                    tokens += count(_piece(opening[1]))
            pieces.append(text)
            items.append(_item(candidate, tokens))
        else:
            omitted.append(_item(candidate, tokens))
    return Rendered("".join(pieces), sum(i.tokens for i in items), tuple(items), tuple(omitted[:LONGEST_OMITTED]))


def _item(candidate: Candidate, tokens: int) -> ContextItem:
    return ContextItem(
        kind=candidate.kind, path=candidate.path, line=candidate.line, symbol=candidate.symbol, tokens=tokens,
        reason=candidate.reason, text=candidate.text,
    )  # fmt: skip


def _piece(text: str) -> str:
    """One newline at the end, no blank line, nothing that could merge with the piece before."""
    return "\n".join(line for line in text.splitlines() if line.strip()) + "\n"
