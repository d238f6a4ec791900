"""`autogen bench` on a small project of our own."""

import json
from pathlib import Path

import pytest

from tests.conftest import MakeProject, RunAutogen

FILES: dict[str, str | bytes] = {"pyproject.toml": "", "a.py": "x = 1\n"}


def test_figures_are_saved_and_compared(make_project: MakeProject, autogen: RunAutogen, home: Path) -> None:
    root = make_project(FILES)
    ran = autogen("bench", "startup", str(root), "--rounds", "1", "--json", "--save", "main")
    path = home / "autogen" / "data" / "bench" / "main.json"
    assert (ran.code, ran.json["schema"]) == (0, "autogen.bench/1")
    assert [figure["name"] for figure in ran.json["figures"]] == [
        "autogen --help",
        "autogen --version",
        "cached generate",
    ]
    assert all(figure["relative"] > 0.5 for figure in ran.json["figures"])
    assert f"saved to {path}" in ran.err
    saved = json.loads(path.read_text())
    for figure in saved["figures"]:
        figure["relative"] /= 100
    path.write_text(json.dumps(saved))
    ran = autogen("bench", "startup", "--rounds", "1", "--compare", "main", "--fail-above", "900%", cwd=root)
    assert ran.code == 8
    assert "startup: autogen --help got worse by " in ran.err
    assert "worse by" in ran.out
    assert "relative to a bare program" in ran.err


def test_all_of_it(make_project: MakeProject, autogen: RunAutogen) -> None:
    ran = autogen("bench", "all", "--rounds", "1", "--rows", "5", "--quiet", cwd=make_project(FILES))
    assert (ran.code, ran.err) == (0, "")
    assert {"startup", "cache", "batch"} <= {line.split()[0] for line in ran.out.splitlines() if line.strip()}
    for name in ("context", "cache"):
        ran = autogen("bench", name, "--rounds", "1")
        assert ran.code == 0
        assert "not measured: " in ran.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--fail-above", "10%"), "--fail-above has nothing to compare with"),
        (("--compare", "main"), "no run was saved as 'main': saved runs: none yet"),
        (("--compare", "main", "--fail-above", "ten"), "--fail-above ten is no share: write it like 10%"),
        (("--compare", "main", "--fail-above", "inf"), "--fail-above inf is no share"),
        (("--save", "../main"), "'../main' can't name a run"),
        (("--compare", "../main"), "'../main' can't name a run"),
    ],
)
def test_words_that_make_no_sense(words: tuple[str, ...], message: str, autogen: RunAutogen) -> None:
    ran = autogen("bench", "startup", *words)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_a_folder_that_is_not_there(autogen: RunAutogen) -> None:
    assert autogen("bench", "all", "nowhere").code == 9
