"""`autogen usage` over what real runs of `autogen generate` left."""

import csv
import io
from pathlib import Path

import pytest

from tests.conftest import MakeProject, RunAutogen


@pytest.fixture
def shop(make_project: MakeProject, autogen: RunAutogen) -> Path:
    """A project where one symbol was generated, and then served from the cache."""
    root = make_project({"pyproject.toml": "", "a.py": "from b import one\n\none(1)\n", "b.py": "x = 1\n"})
    for _ in range(2):
        assert autogen("generate", "b", "one", cwd=root).code == 0
    return root


def test_rows_and_total_as_json(shop: Path, autogen: RunAutogen) -> None:
    found = autogen("usage", "--since", "1d", "--by", "provider,outcome", "--by", "module", "--json").json

    assert (found["schema"], found["by"], found["until"]) == (
        "autogen.usage/1",
        ["provider", "outcome", "module"],
        None,
    )
    assert [row["group"]["outcome"] for row in found["rows"]] == ["cached", "scaffold"]
    assert (found["total"]["requests"], found["total"]["cached"], found["total"]["cost_usd"]) == (2, 1, 0.0)


def test_a_table_with_totals(shop: Path, autogen: RunAutogen) -> None:
    shown = autogen("usage", "--by", "model", "--by", "command").out

    assert "tokens in" in shown
    assert "(none)" in shown
    assert "total" in shown


def test_csv_has_a_head_and_a_row_per_group(shop: Path, autogen: RunAutogen) -> None:
    head, row = csv.reader(io.StringIO(autogen("usage", "--csv", "--by", "module").out))

    assert head[:3] == ["module", "requests", "cached"]
    assert row[:3] == ["b", "2", "1"]


def test_an_empty_window_says_so(shop: Path, autogen: RunAutogen) -> None:
    shown = autogen("usage", "--since", "2020-01-01", "--until", "2020-01-31", "--timezone", "Europe/Berlin")

    assert (shown.code, shown.out) == (0, "")
    assert "nothing was recorded" in shown.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--since", "yesterday"), "'yesterday' is no point in time"),
        (("--by", "colour"), "can't be grouped by 'colour'"),
        (("--timezone", "Mars/Base"), "no time zone 'Mars/Base'"),
        (("--timezone", "../etc"), "no time zone"),
        (("--timezone", "Europe"), "no time zone"),
    ],
)
def test_nonsense_is_one_line_and_exit_2(shop: Path, autogen: RunAutogen, options, message: str) -> None:
    shown = autogen("usage", *options)

    assert (shown.code, shown.out) == (2, "")
    assert message in shown.err
    assert shown.err.count("\n") == 1
