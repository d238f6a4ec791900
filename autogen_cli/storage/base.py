"""What a store may say when it can't work, and what stands between its JSON and its file."""

from typing import Protocol


class StoreError(Exception):
    """The store can't do its work now. The text says which one and why, for a person."""


class Codec(Protocol):
    """id: names the key; stored beside what was sealed with it.

    open raises ValueError where the bytes weren't sealed with this key under this name.
    """

    @property
    def id(self) -> str: ...

    def seal(self, data: bytes, name: str) -> bytes: ...

    def open(self, data: bytes, name: str) -> bytes: ...


class Plain:
    """The bytes as they are."""

    id = "plain"

    def seal(self, data: bytes, name: str) -> bytes:
        return data

    def open(self, data: bytes, name: str) -> bytes:
        return data


PLAIN = Plain()
