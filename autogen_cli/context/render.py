"""From ranked candidates to a text of at most so many tokens, counted exactly.

Taken greedily by worth per token, which is Dantzig's rule for the knapsack (Operations Research 5, 1957); what shows
how the target is used has a share of the budget of its own. o200k_base splits text before it merges bytes, and no
piece of that split reaches over a newline that is followed by anything but white space or `/`. So when every piece
starts with another character and ends in one newline, the tokens of the text are the sum over its pieces (a test
holds this).
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from autogen_cli.models import ContextItem

type Count = Callable[[str], int]
type Key = tuple[str, str]

# Of the budget, for what comes before all else.
SHARES = {"call_site": 0.2, "test": 0.12}
CHARACTERS_PER_TOKEN = 3.7
LENGTH_POWER = (
    0.8  # between worth alone (0) and worth per token (1); the best of 0.5, 0.7, 0.8, 1 on the tuned projects
)
MOST_FAILURES = 60
MOST_OMITTED = 100


class Candidate(NamedTuple):
    """A piece that may be shown.

    section, path: pieces of one section and file stand together under one header, in the order of their lines.
    text: lines without the last newline. A class is given without colon and body; `owner` is the qualified name of the
    class that a member stands in, which is a candidate too.
    worth: what showing it is worth; 1 is a definition that is needed for certain.
    """

    kind: str
    path: str
    line: int
    symbol: str
    reason: str
    text: str
    worth: float
    section: int
    header: str
    owner: str = ""
    is_class: bool = False

    @property
    def key(self) -> Key:
        return self.path, self.symbol


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
        self.taken: set[int] = set()
        self.headers: set[tuple[int, str]] = set()
        self.classes = {c.key: number for number, c in enumerate(candidates) if c.is_class}
        self.order = sorted(range(len(candidates)), key=self._rank)
        for kind, share in SHARES.items():
            self._take((n for n in self.order if candidates[n].kind == kind), min(self.left, int(budget * share)))
        self._take(self.order, self.left)

    def _rank(self, number: int) -> tuple[float, int]:
        candidate = self.candidates[number]
        return -candidate.worth / max(2.0, len(candidate.text) / CHARACTERS_PER_TOKEN) ** LENGTH_POWER, number

    def _take(self, numbers: Iterable[int], limit: int) -> None:
        failures = 0
        for number in numbers:
            if number in self.taken:
                continue
            needed = [*self._missing_classes(number), number]
            header = self._header(number)
            cost = sum(self.count(self._piece(n, alone=True)) for n in needed) + (self.count(header) if header else 0)
            if cost <= limit:
                self.taken.update(needed)
                self.headers.add(_group(self.candidates[number]))
                self.left -= cost
                limit -= cost
                failures = 0
            else:
                failures += 1
                if failures > MOST_FAILURES:
                    break

    def _missing_classes(self, number: int) -> list[int]:
        """Classes around a member that aren't shown yet, the outer first."""
        candidate, missing = self.candidates[number], list[int]()
        owner = candidate.owner
        while owner:
            place = self.classes[candidate.path, owner]
            if place not in self.taken:
                missing.insert(0, place)
            owner = self.candidates[place].owner
        return missing

    def _header(self, number: int) -> str:
        candidate = self.candidates[number]
        return f"{candidate.header}\n" if candidate.header and _group(candidate) not in self.headers else ""

    def _piece(self, number: int, *, alone: bool) -> str:
        """A candidate's lines. alone: a class of which no member is shown."""
        candidate = self.candidates[number]
        text = candidate.text
        if candidate.is_class:
            text += ": ..." if alone else ":"
        if candidate.owner:
            margin = "    " * (candidate.owner.count(".") + 1)
            text = margin + text.replace("\n", f"\n{margin}")
        return text + "\n"

    def rendered(self) -> Rendered:
        pieces: list[str] = []
        items: list[ContextItem] = []
        headers: set[tuple[int, str]] = set()
        taken = sorted(self.taken, key=self._position)
        opened = {(self.candidates[n].path, self.candidates[n].owner) for n in taken}
        for number in taken:
            candidate = self.candidates[number]
            text = self._piece(number, alone=candidate.key not in opened)
            if candidate.header and _group(candidate) not in headers:
                headers.add(_group(candidate))
                pieces.append(f"{candidate.header}\n")
                tokens = self.count(pieces[-1]) + self.count(text)
            else:
                tokens = self.count(text)
            pieces.append(text)
            items.append(_item(candidate, text, tokens))
        left_out = [n for n in self.order if n not in self.taken][:MOST_OMITTED]
        omitted = (_item(self.candidates[n], t := self._piece(n, alone=True), self.count(t)) for n in left_out)
        return Rendered("".join(pieces), sum(item.tokens for item in items), tuple(items), tuple(omitted))

    def _position(self, number: int) -> tuple[int, str, int, int]:
        candidate = self.candidates[number]
        return candidate.section, candidate.path, candidate.line, number


def _group(candidate: Candidate) -> tuple[int, str]:
    return candidate.section, candidate.path


def _item(candidate: Candidate, text: str, tokens: int) -> ContextItem:
    return ContextItem(
        kind=candidate.kind,
        path=candidate.path,
        line=candidate.line,
        symbol=candidate.symbol,
        tokens=tokens,
        reason=candidate.reason,
        text=text.rstrip("\n"),
    )


def one_piece(text: str) -> str:
    """Text that adds up: no blank lines at its ends, no first line that starts with `/`, no form feeds or returns."""
    lines = re.sub(r"[\r\f\v\x1c-\x1e\x85\u2028\u2029]", "", text).split("\n")
    lines = [line.rstrip() for line in lines]
    lines = [line for line in lines if line]
    return "\n".join(lines)
