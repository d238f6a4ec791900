"""What a store may say when it can't work, and what stands between its JSON and its file."""

from typing import Protocol


class StoreError(Exception):
    """The store can't do its work now. The text says which one and why, for a person."""


class Codec(Protocol):
    """id: names the key that seals; stored beside what it sealed. knows: whether this codec opens what another sealed.

    open raises ValueError where the bytes weren't sealed with a key that it knows, under this name.
    """

    @property
    def id(self) -> str: ...

    def knows(self, sealed_with: str) -> bool: ...

    def seal(self, data: bytes, name: str) -> bytes: ...

    def open(self, data: bytes, name: str) -> bytes: ...


class Plain:
    """The bytes as they are."""

    id = "plain"

    def knows(self, sealed_with: str) -> bool:
        return sealed_with == self.id

    def seal(self, data: bytes, name: str) -> bytes:
        return data

    def open(self, data: bytes, name: str) -> bytes:
        return data


PLAIN = Plain()
