"""What one would send without the engine: the module's text, a caller's file with it, or what BM25 finds."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from autogen_cli.bench.truth import Deleted, TruthReader
from autogen_cli.context.tokens import count_tokens
from autogen_cli.models import CodeContext

# Okapi BM25 with its usual constants: Robertson and Zaragoza, The Probabilistic Relevance Framework (2009).
K1 = 1.2
B = 0.75


class _Chunk(NamedTuple):
    path: str
    first: int
    text: str
    words: Counter[str]


class Baselines:
    def __init__(self, root: Path, reader: TruthReader) -> None:
        self.root = root
        self.reader = reader

    def texts(self, method: str, deleted: Deleted, context: CodeContext, budgets: Sequence[int]) -> dict[int, str]:
        """The text of each budget. `context` tells the callers, which all methods may know."""
        module = (self.root / deleted.path).read_text("utf-8")
        if method == "module":
            return {budget: cut(module, budget) for budget in budgets}
        if method == "module+caller":
            callers = [site.path for site in context.call_sites if site.path != deleted.path and not site.in_test]
            caller = (self.root / callers[0]).read_text("utf-8") if callers else ""
            return {budget: _share(module, caller, budget) for budget in budgets}
        calls = "\n".join(f"# {site.path}:{site.line}\n{site.text}" for site in context.call_sites)
        ranked = self._bm25(deleted, calls)
        return {budget: _fill([cut(calls, budget // 4), *ranked], budget) for budget in budgets}

    @cached_property
    def chunks(self) -> list[_Chunk]:
        """Every top-level statement of the project's modules that is a function, a class or an assignment."""
        found = []
        for path, module in self.reader.modules.items():
            lines = module.text.splitlines()
            for node in module.tree.body:
                text = "\n".join(lines[node.lineno - 1 : node.end_lineno])
                found.append(_Chunk(path, node.lineno, text, Counter(_words(text))))
        return found

    @cached_property
    def _frequency(self) -> Counter[str]:
        return Counter(word for chunk in self.chunks for word in chunk.words)

    def _bm25(self, deleted: Deleted, calls: str) -> list[str]:
        query = Counter(_words(f"{deleted.name} {deleted.module} {calls}"))
        average = sum(sum(chunk.words.values()) for chunk in self.chunks) / max(1, len(self.chunks))
        scored = []
        for number, chunk in enumerate(self.chunks):
            if chunk.path == deleted.path and chunk.first == deleted.first:
                continue  # the deleted function itself
            length = K1 * (1 - B + B * sum(chunk.words.values()) / average)
            score = sum(
                self._weight(word) * chunk.words[word] * (K1 + 1) / (chunk.words[word] + length)
                for word in query
                if word in chunk.words
            )
            scored.append((-score, number))
        return [self.chunks[number].text for _, number in sorted(scored)[:400]]

    def _weight(self, word: str) -> float:
        count = self._frequency[word]
        return math.log(1 + (len(self.chunks) - count + 0.5) / (count + 0.5))


def cut(text: str, budget: int) -> str:
    """The first lines of a text that fit."""
    lines = text.splitlines(keepends=True)
    low, high = 0, len(lines)
    while low < high:
        middle = (low + high + 1) // 2
        if count_tokens("".join(lines[:middle])) <= budget:
            low = middle
        else:
            high = middle - 1
    return "".join(lines[:low])


def _share(first: str, second: str, budget: int) -> str:
    """Half the budget for each; what one doesn't need goes to the other."""
    head = cut(first, budget - min(count_tokens(second), budget // 2) - 2)
    return head + "\n" + cut(second, budget - count_tokens(head) - 2)


def _fill(texts: Iterable[str], budget: int) -> str:
    taken, left = [], budget
    for text in texts:
        tokens = count_tokens(text) + 2
        if tokens <= left:
            taken.append(text)
            left -= tokens
    return "\n\n".join(taken)


def _words(text: str) -> list[str]:
    return [
        word.lower() for name in re.findall(r"\w+", text) for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    ]
