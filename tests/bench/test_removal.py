"""A function is taken out with what only it needs, and nothing else goes."""

from collections.abc import Iterator

import pytest

from autogen_cli.bench.removal import RealFunction, functions_of, remove
from autogen_cli.generation.insert.module import read_module

MODULE = '''\
"""Doc."""
import os
import re, json
from typing import (
    Any,
    Callable,  # why
)
from a import b as c; import d

__all__ = ["first", "twice", "Shop"]


# about first
@cached
def first(x: Any) -> str:
    """Doc."""
    return re.sub(os.sep, c, d)


def twice(f: Callable): return json.dumps(f)
def empty(): ...
def documented():
    """Doc."""
def stub():
    raise NotImplementedError


if x:
    def again(): return 1
else:
    def again(): return 2


class Shop:
    """Doc."""

    def open(self):
        return json


class Till:
    size = 1

    def count(self):
        return self.size
'''


def functions(text: str) -> Iterator[RealFunction]:
    return functions_of(read_module(text.encode(), "a.py"), "a.py")


def test_functions_with_a_body_of_their_own() -> None:
    assert [(f.symbol, f.kind, f.line) for f in functions(MODULE)] == [
        ("first", "function", 15),
        ("twice", "function", 20),
        ("Shop.open", "method", 37),
        ("Till.count", "method", 44),
    ]
    assert list(functions("def f(): return 1\ndef f(): return 2\n")) == []


@pytest.mark.parametrize(
    ("symbol", "imports", "changes"),
    [
        (
            "first",
            "import os\nimport re\nfrom typing import Any",
            [
                ("import os\n", ""),
                ("import re, json", "import json"),
                ("    Any,\n", ""),
                ('"first", ', ""),
                (MODULE[MODULE.index("# about") : MODULE.index("def twice")], ""),
            ],
        ),
        (
            "twice",
            "from typing import Callable",
            [
                ("    Callable,  # why\n", ""),
                ('"twice", ', ""),
                ("def twice(f: Callable): return json.dumps(f)\n", ""),
            ],
        ),
        ("Shop.open", "", [("    def open(self):\n        return json\n\n\n", "    pass\n\n\n")]),
        ("Till.count", "", [("    def count(self):\n        return self.size\n", "")]),
    ],
)
def test_what_goes_and_what_stays(symbol: str, imports: str, changes: list[tuple[str, str]]) -> None:
    module = read_module(b"\xef\xbb\xbf" + MODULE.encode(), "a.py")
    removed = remove(module, next(f for f in functions(MODULE) if f.symbol == symbol))
    rest = MODULE
    for old, new in changes:
        assert rest.count(old) == 1
        rest = rest.replace(old, new)
    assert removed.rest.decode("utf-8-sig") == rest
    assert removed.rest.startswith(b"\xef\xbb\xbf")
    assert removed.imports == imports
    assert removed.code.endswith(removed.text)
    assert removed.code.startswith(imports or removed.text)


def test_the_last_name_of_a_list_and_one_that_is_exported_elsewhere() -> None:
    text = "from a import x, y\n__all__ = ['f', 'g']\n__all__ += ['h']\ndef h(): return y\nx()\ndef g(): return 1\n"
    module = read_module(text.encode(), "a.py")
    h, g = functions(text)
    assert remove(module, h).rest.decode() == (
        "from a import x\n__all__ = ['f', 'g']\n__all__ += ['h']\nx()\ndef g(): return 1\n"
    )
    assert b"__all__ = ['f']\n" in remove(module, g).rest
