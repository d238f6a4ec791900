"""Token counts by o200k_base. The vocabulary ships with the tokenizer; it is loaded at the first count."""

from functools import cache
from threading import Lock, Thread
from typing import Protocol, cast

MERGED = "class Foo(Bar): ..."  # has a word that is no token: only then the tokenizer makes its table of merges

_loading = Lock()


class _Encoder(Protocol):
    def encode_ordinary(self, text: str) -> list[int]: ...

    def encode_batch(self, texts: list[str]) -> list[list[int]]: ...


@cache
def _encoder() -> _Encoder:
    from splintr import Tokenizer

    return cast("_Encoder", Tokenizer.from_pretrained("o200k_base"))


def count_tokens(text: str) -> int:
    """Tokens that `text` takes. Text that looks like a control token (`<|endoftext|>`) counts as the text it is."""
    with _loading:
        return len(_encoder().encode_ordinary(text))


def is_loaded() -> bool:
    """Whether a count takes a microsecond, not a hundred thousand."""
    return bool(_encoder.cache_info().currsize)


def load_beside() -> None:
    """Has a thread load the tokenizer while the files are read: some 80 of its 130 ms need no lock of Python's."""
    Thread(target=_load, name="tokenizer").start()  # no daemon: those that end within native code may end the process


def _load() -> None:
    with _loading:
        _encoder().encode_batch([MERGED])
