"""`autogen check`: the checks on code from a file or a pipe."""

import io
import sys
from pathlib import Path

import pytest

from tests.cli.test_generate import ANSWER, FILES, MISFIT, contents
from tests.conftest import MakeProject, RunAutogen


@pytest.fixture
def shop(make_project: MakeProject) -> Path:
    return make_project(FILES)


@pytest.mark.parametrize(("answer", "code", "status"), [(ANSWER, 0, "accepted"), (MISFIT, 6, "rejected")])
def test_a_file_is_checked_like_an_answer(
    shop: Path, tmp_path: Path, autogen: RunAutogen, answer: str, code: int, status: str
) -> None:
    before = contents(shop)
    (tmp_path / "answer.md").write_text(answer)
    ran = autogen("check", str(tmp_path / "answer.md"), "shop.money", "total", "--json", cwd=shop)
    assert (ran.code, ran.json["schema"], ran.json["status"]) == (code, "autogen.generate/1", status)
    assert (ran.json["provider"], ran.json["model"], ran.json["usage"]["cost_usd"]) == ("user", None, 0)
    assert contents(shop) == before


def test_stdin_is_a_file_too(shop: Path, autogen: RunAutogen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("def total(prices, *, rate=0.0):\n    return sum(prices)\n"))
    ran = autogen("check", "-", "shop.money", "total", "--diff", cwd=shop)
    assert ran.code == 0
    assert "+def total(prices, *, rate=0.0):" in ran.out


@pytest.mark.parametrize(("content", "message"), [(None, "can't be read"), (b"\xff", "is not UTF-8")])
def test_a_file_that_cannot_be_read_is_a_bad_argument(
    shop: Path, tmp_path: Path, autogen: RunAutogen, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "code.py").write_bytes(content)
    ran = autogen("check", str(tmp_path / "code.py"), "shop.money", "total", cwd=shop)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_what_exists_needs_force(shop: Path, tmp_path: Path, autogen: RunAutogen) -> None:
    (tmp_path / "code.py").write_text("def cents(price: float) -> int:\n    return int(price * 100)\n")
    words = ["check", str(tmp_path / "code.py"), "shop.money", "cents"]
    assert autogen(*words, cwd=shop).code == 9
    assert autogen(*words, "--force", cwd=shop).code == 0
