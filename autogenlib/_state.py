"""What a program has said with `init`, `set_caching` and `set_exception_handler`."""

from typing import NamedTuple


class State:
    """description: what the generated library is for. caching: whether answers of the cache may be taken."""

    description: str | None = None
    caching: bool = True


STATE = State()


class Caller(NamedTuple):
    """The code that imports. module, names: of its import statement, `from module import names`; no names for `import
    module`. path: its file, or the name that stands for it, as `<stdin>`.
    """

    path: str
    module: str = ""
    names: tuple[str, ...] = ()
