"""Which files mention a word, told without looking into them again: worth its price from some ten names on."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable

NO_WORD = bytes(byte for byte in range(128) if not (chr(byte).isalnum() or byte == ord("_")))
BLANKS = bytes.maketrans(NO_WORD, b" " * len(NO_WORD))
FILE_BITS = 24
PARTS = 64  # sorted one by one, which takes a sixty-fourth of the memory meanwhile


class WordIndex:
    """All words of many files, as `search.mentions` tells them apart: 8 bytes for each word of each file.

    A word is known by 40 bits of its hash; that two of a million words share them and one is asked for is as good as
    impossible, and would only have a file read in vain.
    """

    def __init__(self, contents: Iterable[bytes]) -> None:
        parts = [array("Q") for _ in range(PARTS)]
        for number, content in enumerate(contents):
            for word in set(content.translate(BLANKS).split()):
                start = _start_of(word)
                parts[(start >> FILE_BITS) % PARTS].append(start | number)
        self._parts = [array("Q", sorted(part)) for part in parts]

    def files_with(self, word: bytes) -> list[int]:
        """Numbers of the files, from 0, in order."""
        start = _start_of(word)
        end = start + (1 << FILE_BITS)
        part = self._parts[(start >> FILE_BITS) % PARTS]
        return [entry - start for entry in part[bisect_left(part, start) : bisect_left(part, end)]]


def _start_of(word: bytes) -> int:
    return (hash(word) & 0xFFFFFFFFFF) << FILE_BITS
