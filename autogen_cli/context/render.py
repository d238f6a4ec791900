"""From ranked candidates to a text of at most so many tokens, counted exactly.

Taken greedily by worth per token, which is Dantzig's rule for the knapsack (Operations Research 5, 1957); what shows
how the target is used has a share of the budget of its own. o200k_base splits text before it merges bytes, and no
piece of that split reaches over a newline that is followed by anything but white space or `/`. So when every piece
starts with another character and ends in one newline, the tokens of the text are the sum over its pieces (a test
holds this).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from autogen_cli.models import ContextItem

type Count = Callable[[str], int]

# Of the budget, for what comes before all else.
SHARES = {"call_site": 0.2, "test": 0.12}
CHARACTERS_PER_TOKEN = 3.7
LENGTH_POWER = (
    0.8  # between worth alone (0) and worth per token (1); the best of 0.5, 0.7, 0.8, 1 on the tuned projects
)
MOST_FAILURES = 60
MOST_OMITTED = 100


@dataclass(slots=True, eq=False)
class Piece:
    """What may be shown, whatever it is worth. It remembers what it has been counted to.

    section, path: pieces of one section and file stand together, in the order of their lines. header: stands above
    those that have it in common.
    text: lines without the last newline. A class is given without colon and body; `owner` is the qualified name of the
    class that a member stands in, which is a candidate too.
    """

    kind: str
    path: str
    line: int
    symbol: str
    text: str
    section: int
    header: str = ""
    owner: str = ""
    is_class: bool = False
    divisor: float = field(init=False)
    outer: tuple[str, str] | None = field(init=False)
    _alone: tuple[str, int] | None = field(init=False, default=None)
    _opened: tuple[str, int] | None = field(init=False, default=None)
    _item: ContextItem | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.divisor = max(2.0, len(self.text) / CHARACTERS_PER_TOKEN) ** LENGTH_POWER
        self.outer = (self.path, self.owner) if self.owner else None

    def alone(self, count: Count) -> tuple[str, int]:
        """(lines without the last newline, tokens with it), of a class those without members."""
        if self._alone is None:
            text = self._lines(": ..." if self.is_class else "")
            self._alone = text, count(f"{text}\n")
        return self._alone

    def opened(self, count: Count) -> tuple[str, int]:
        """The same of a class of which members are shown."""
        if self._opened is None:
            text = self._lines(":")
            self._opened = text, count(f"{text}\n")
        return self._opened

    def item(self, reason: str, text: str, tokens: int) -> ContextItem:
        known = self._item
        if known is None or known.tokens != tokens or known.reason != reason or known.text != text:
            known = self._item = ContextItem(
                kind=self.kind,
                path=self.path,
                line=self.line,
                symbol=self.symbol,
                tokens=tokens,
                reason=reason,
                text=text,
            )
        return known

    def _lines(self, end: str) -> str:
        text = self.text + end
        if self.owner:
            margin = "    " * (self.owner.count(".") + 1)
            text = margin + text.replace("\n", f"\n{margin}")
        return text


class Candidate(NamedTuple):
    """worth: what showing a piece is worth; 1 is a definition that is needed for certain. reason: why, for people."""

    piece: Piece
    worth: float
    reason: str


class Rendered(NamedTuple):
    text: str
    tokens: int
    items: tuple[ContextItem, ...]
    omitted: tuple[ContextItem, ...]


def render(candidates: Sequence[Candidate], budget: int, count: Count) -> Rendered:
    """The text of the best candidates. `count` is asked for pieces that end in a newline."""
    return _Selection(candidates, budget, count).rendered()


class _Selection:
    def __init__(self, candidates: Sequence[Candidate], budget: int, count: Count) -> None:
        self.candidates, self.count, self.left = candidates, count, budget
        self.pieces = [candidate.piece for candidate in candidates]
        self.taken: set[int] = set()
        self.headers: set[str] = set()
        self.classes = {(p.path, p.symbol): number for number, p in enumerate(self.pieces) if p.is_class}
        ranks = [-worth / piece.divisor for piece, worth, _ in candidates]
        self.order = sorted(range(len(candidates)), key=ranks.__getitem__)
        for kind, share in SHARES.items():
            self._take([n for n in self.order if self.pieces[n].kind == kind], min(self.left, int(budget * share)))
        self._take(self.order, self.left)

    def _take(self, numbers: Sequence[int], limit: int) -> None:
        failures, taken, count = 0, self.taken, self.count
        for number in numbers:
            if number in taken:
                continue
            piece = self.pieces[number]
            cost = piece.alone(count)[1]
            missing = self._missing_classes(piece)
            for outer in missing:
                cost += self.pieces[outer].alone(count)[1]
            if piece.header and piece.header not in self.headers:
                cost += count(f"{piece.header}\n")
            if cost <= limit:
                taken.add(number)
                taken.update(missing)
                self.headers.add(piece.header)
                self.left -= cost
                limit -= cost
                failures = 0
            else:
                failures += 1
                if failures > MOST_FAILURES:
                    break

    def _missing_classes(self, piece: Piece) -> Sequence[int]:
        """Classes around a member that aren't shown yet; those around a class that is shown are."""
        missing: list[int] = []
        while piece.outer and (place := self.classes[piece.outer]) not in self.taken:
            missing.append(place)
            piece = self.pieces[place]
        return missing

    def rendered(self) -> Rendered:
        lines: list[str] = []
        items: list[ContextItem] = []
        headers: set[str] = set()
        taken = sorted(self.taken, key=self._position)
        opened = {self.pieces[n].outer for n in taken}
        for number in taken:
            piece = self.pieces[number]
            is_open = piece.is_class and (piece.path, piece.symbol) in opened
            text, tokens = piece.opened(self.count) if is_open else piece.alone(self.count)
            if piece.header and piece.header not in headers:
                headers.add(piece.header)
                lines.append(piece.header)
                tokens += self.count(f"{piece.header}\n")
            lines.append(text)
            items.append(piece.item(self.candidates[number].reason, text, tokens))
        left_out = [n for n in self.order if n not in self.taken][:MOST_OMITTED]
        omitted = [self.pieces[n].item(self.candidates[n].reason, *self.pieces[n].alone(self.count)) for n in left_out]
        text = "\n".join([*lines, ""])
        return Rendered(text, sum([item.tokens for item in items]), tuple(items), tuple(omitted))

    def _position(self, number: int) -> tuple[int, str, int, int]:
        piece = self.pieces[number]
        return piece.section, piece.path, piece.line, number


def one_piece(text: str) -> str:
    """Text that adds up: no blank lines at its ends, no first line that starts with `/`, no form feeds or returns."""
    lines = re.sub(r"[\r\f\v\x1c-\x1e\x85\u2028\u2029]", "", text).split("\n")
    lines = [line.rstrip() for line in lines]
    lines = [line for line in lines if line]
    return "\n".join(lines)
