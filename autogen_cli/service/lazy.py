"""Parts that are made when they are first used."""

import threading
from collections.abc import Callable
from typing import Any, cast


class Lazy:
    """What `made_once` needs of the object whose parts it makes."""

    def __init__(self) -> None:
        self.making = threading.RLock()


class made_once[T]:  # noqa: N801 - reads as the decorator that it is
    """functools.cached_property, which two threads can't make twice."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, whole: Lazy, owner: type) -> T:
        with whole.making:
            made = vars(whole)
            if self._name not in made:
                made[self._name] = self._make(whole)
            return cast("T", made[self._name])
