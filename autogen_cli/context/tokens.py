"""Token counts by o200k_base. The vocabulary ships with the tokenizer; it is loaded at the first count."""

from functools import cache
from typing import Protocol, cast


class _Encoder(Protocol):
    def encode_ordinary(self, text: str) -> list[int]: ...


@cache
def _encoder() -> _Encoder:
    from splintr import Tokenizer

    return cast("_Encoder", Tokenizer.from_pretrained("o200k_base"))


def count_tokens(text: str) -> int:
    """Tokens that `text` takes. Text that looks like a control token (`<|endoftext|>`) counts as the text it is."""
    return len(_encoder().encode_ordinary(text))
