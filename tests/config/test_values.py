"""Typed values from TOML, from text and back."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autogen_cli.config.values import MismatchError, convert, parse, quote_key, to_toml

Letters = Literal["a", "b"]


@pytest.mark.parametrize(
    ("kind", "value", "typed"),
    [
        (bool, False, False),
        (int, 5, 5),
        (float, 5, 5.0),
        (float, Decimal("0.5"), 0.5),
        (Decimal, Decimal("0.10"), Decimal("0.10")),
        (Decimal, 0.1, Decimal("0.1")),
        (str, "x", "x"),
        (Path, "a/b", Path("a/b")),
        (Letters, "b", "b"),
        (tuple[str, ...], ["a", "b"], ("a", "b")),
        (Mapping[str, Letters], {"x": "a"}, {"x": "a"}),
        (int | None, None, None),
        (int | None, "none", None),
        (str | None, "none", None),
        (int | None, 5, 5),
    ],
)
def test_values_are_typed(kind: Any, value: object, typed: object) -> None:
    converted = convert(kind, value)
    assert converted == typed
    assert type(converted) is type(typed)
    assert convert(kind, converted) == typed, "what is typed already stays as it is"


@pytest.mark.parametrize(
    ("kind", "value", "problem"),
    [
        (int, True, "must be an integer, not true"),
        (int, "5", "must be an integer, not '5'"),
        (int, 5.5, "must be an integer, not 5.5"),
        (int, None, "must be an integer, not a NoneType"),
        (int, 2**63, "must fit into 64 bits"),
        (float, True, "must be a number, not true"),
        (float, Decimal("inf"), "must be a finite number"),
        (Decimal, float("nan"), "must be a finite number"),
        (float, Decimal("1e999"), "must be a finite number"),
        (bool, 1, "must be true or false, not 1"),
        pytest.param(bool, 10**5000, "must be true or false, not a huge integer", id="huge"),
        (bool, Decimal("1." + "0" * 99), "must be true or false, not a huge number"),
        (str, 5, "must be a string, not 5"),
        (str, "", "must not be empty"),
        (str, "a\0b", "must be text: it holds a zero byte or is not UTF-8"),
        (str, "\udcff", "must be text: it holds a zero byte or is not UTF-8"),
        (Path, "~nobody-of-this-name/x", "starts with the home folder of a user who does not exist"),
        (Letters, "c", "must be one of a, b, not 'c'"),
        (Letters, ["a"], "must be one of a, b, not a list"),
        (Letters | None, {"a": 1}, 'must be one of a, b or "none", not a table'),
        (str, "x" * 10, None),
        (int, "x" * 99, "must be an integer, not '" + "x" * 37 + "...'"),
        (tuple[str, ...], "a", "must be a list of strings, not 'a'"),
        (Mapping[str, str], [], "must be a table, not a list"),
    ],
)
def test_values_that_do_not_fit_are_refused(kind: Any, value: object, problem: str | None) -> None:
    if problem is None:
        assert convert(kind, value) == value
        return
    with pytest.raises(MismatchError) as refused:
        convert(kind, value)
    assert refused.value.problem == problem
    assert refused.value.path == ()


@pytest.mark.parametrize(
    ("kind", "value", "path"),
    [(tuple[str, ...], ["a", 1], ("1",)), (Mapping[str, Letters], {"x": "a", "y": "c"}, ("y",))],
)
def test_a_mismatch_inside_a_value_says_where(kind: Any, value: object, path: tuple[str, ...]) -> None:
    with pytest.raises(MismatchError) as refused:
        convert(kind, value)
    assert refused.value.path == path


@pytest.mark.parametrize(
    ("kind", "text", "typed"),
    [
        (bool, "YES", True),
        (bool, "0", False),
        (int, " 12 ", 12),
        (float, "0.5", 0.5),
        (Decimal, "0.10", Decimal("0.10")),
        (str, " x ", "x"),
        (str, "5", "5"),
        (Path, "/a", Path("/a")),
        (Letters, "a", "a"),
        (tuple[str, ...], "a, b,,", ("a", "b")),
        (tuple[str, ...], "", ()),
        (tuple[str, ...], '["a,b", "c"]', ("a,b", "c")),
        (Mapping[str, str], '{ a = "b" }', {"a": "b"}),
        (Decimal | None, "None", None),
        (tuple[str, ...] | None, "none", None),
    ],
)
def test_text_is_typed(kind: Any, text: str, typed: object) -> None:
    parsed = parse(kind, text)
    assert parsed == typed
    assert type(parsed) is type(typed)


@pytest.mark.parametrize(
    ("kind", "text", "problem"),
    [
        (bool, "maybe", "must be true or false, not 'maybe'"),
        (int, "6k", "must be an integer, not '6k'"),
        (int, "9" * 5000, "must be an integer, not '" + "9" * 37 + "...'"),
        (int, "none", "must be an integer, not 'none'"),
        (Decimal, "1,5", "must be a number, not '1,5'"),
        (Decimal, "inf", "must be a finite number"),
        (tuple[str, ...], '["a"', "must be a list of strings, not '[\"a\"'"),
        (tuple[str, ...], '["a"]\nb = 1', "must be a list of strings, not '[\"a\"]\\nb = 1'"),
        (tuple[str, ...], "[" * 100_000, "must be a list of strings, not '" + "[" * 37 + "...'"),
        (Mapping[str, str], "a=b", "must be a table, not 'a=b'"),
    ],
)
def test_text_that_does_not_fit_is_refused(kind: Any, text: str, problem: str) -> None:
    with pytest.raises(MismatchError) as refused:
        parse(kind, text)
    assert refused.value.problem == problem


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=10)


@given(VALUES)
def test_what_is_written_as_toml_is_read_back(value: object) -> None:
    assert tomllib.loads(f"value = {to_toml(value)}") == {"value": value}


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9))
def test_money_is_written_exactly(value: Decimal) -> None:
    assert Decimal(tomllib.loads(f"value = {to_toml(value)}", parse_float=Decimal)["value"]) == value


@given(TEXT)
def test_every_key_can_be_quoted(name: str) -> None:
    assert tomllib.loads(f"{quote_key(name)} = 1") == {name: 1}


def test_none_is_written_as_the_word_and_left_out_of_tables() -> None:
    assert to_toml(None) == '"none"'
    assert to_toml({"a": None}) == "{}"
    assert to_toml({"a": None, "b.c": ("x", Path("/y"))}) == '{ "b.c" = ["x", "/y"] }'
