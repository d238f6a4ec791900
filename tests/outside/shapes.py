"""Strategies for what comes from outside: JSON that is nearly right, damaged bytes."""

import atexit
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([0, -1, 2**63, 10**400, 1e308, float("inf"), float("nan")])
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["", "\0", "\ud800", "\x1b[31m", "a\r\nb", "9" * 5000, "../..", "/etc/passwd", "__proto__"])
)


@cache
def scratch() -> Path:
    """A folder for the files of this process."""
    folder = Path(tempfile.mkdtemp(prefix="autogen-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def quickly(examples: int) -> settings:
    """How a test runs in the suite: always the same few examples."""
    return settings(
        max_examples=examples, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )


def nearly(*names: str) -> st.SearchStrategy[Any]:
    """JSON whose objects hold some of these names, at any depth, with anything below them."""
    keys = st.sampled_from(names) | st.text(max_size=5)
    return st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6), max_leaves=25
    )


def encoded(values: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """As JSON, whole or cut, or bytes that never were any."""
    whole = values.map(lambda value: json.dumps(value).encode())
    cut = st.tuples(whole, st.integers(0, 60)).map(lambda pair: pair[0][: -pair[1] or None])
    return (
        whole | cut | st.binary(max_size=200) | st.sampled_from([b"", b"{" * 15_000, b"[" * 15_000, b"\xef\xbb\xbf{}"])
    )


GONE = "gone"  # stands for a field that is left out


def places(document: Any) -> list[tuple[Any, Any]]:
    """(container, key or index) of every node below the top."""
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [place for key, value in inner for place in ((document, key), *places(value))]


def altered(document: Any, number: int, value: Any) -> Any:
    """A copy with another value in one place."""
    copy = json.loads(json.dumps(document))
    found = places(copy)
    if not found:
        return value
    container, key = found[number % len(found)]
    if value == GONE:
        del container[key]
    else:
        container[key] = value
    return copy


VALUES = st.sampled_from([GONE, [], {}, "", [[]], {"a": []}, [None], ["x"], "x", 0, -1, 1e400, 10**400]) | SCALARS
CHANGES = st.lists(st.tuples(st.integers(0, 2**16), VALUES), min_size=1, max_size=3)


def almost(*documents: Any) -> st.SearchStrategy[Any]:
    """One of the documents, with other values in one to three places."""

    def change(pair: tuple[Any, list[tuple[int, Any]]]) -> Any:
        document, changes = pair
        for number, value in changes:
            document = altered(document, number, value)
        return document

    return st.tuples(st.sampled_from(documents), CHANGES).map(change)


type Damage = tuple[str, int, bytes]

DAMAGES: st.SearchStrategy[Damage] = st.tuples(
    st.sampled_from(["cut", "overwrite", "insert", "zero", "replace", "repeat"]),
    st.integers(0, 2**20),
    st.binary(max_size=40),
)


def damaged(content: bytes, damage: Damage) -> bytes:
    """`content` after what happens to files."""
    how, number, patch = damage
    place = number % (len(content) + 1)
    match how:
        case "cut":
            return content[:place]
        case "overwrite":
            return content[:place] + patch + content[place + len(patch) :]
        case "insert":
            return content[:place] + patch + content[place:]
        case "zero":
            return content[:place] + bytes(min(4096, len(content) - place)) + content[place + 4096 :]
        case "repeat":
            return content + content[place:]
    return patch
