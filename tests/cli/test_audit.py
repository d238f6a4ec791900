"""`autogen audit`: the record, and whether it is whole."""

from pathlib import Path

import pytest

from autogen_cli.config import folders
from autogen_cli.security.principals import local_principal
from tests.cli.test_generate import FILES
from tests.conftest import MakeProject, RunAutogen

ASK = ("generate", "shop.money", "total", "--provider", "scaffold")


@pytest.fixture
def shop(make_project: MakeProject) -> Path:
    return make_project(FILES)


def test_it_shows_who_did_what(shop: Path, autogen: RunAutogen) -> None:
    autogen(*ASK, cwd=shop)
    autogen("config", "set", "model", "m", cwd=shop)
    ran = autogen("audit", "show", cwd=shop)
    assert ran.code == 0
    rows = [line.split() for line in ran.out.splitlines() if local_principal() in line]
    assert [row[3:6] for row in rows] == [
        [local_principal(), *what] for what in (("generate", "scaffold"), ("change_config", "done"))
    ]
    found = autogen("audit", "show", "--json", cwd=shop).json["entries"]
    assert [entry["subject"] for entry in found] == ["shop.money.total", "model"]
    assert [entry["seq"] for entry in found] == [1, 2]
    assert len(found[0]["digest"]) == 64


def test_a_window_without_entries(shop: Path, autogen: RunAutogen) -> None:
    assert "there is no entry in this window" in autogen("audit", "show", cwd=shop).err
    autogen(*ASK, cwd=shop)
    ran = autogen("audit", "show", "--since", "2020-01-01", "--until", "2020-01-02", "--json", cwd=shop)
    assert ran.json["entries"] == []


def test_denials_alone(shop: Path, home: Path, autogen: RunAutogen) -> None:
    autogen(*ASK, cwd=shop)
    (home / "autogen" / "config.toml").write_text(f"[security.roles]\n'{local_principal()}' = 'approver'\n")
    autogen("config", "set", "model", "m", cwd=shop)
    found = autogen("audit", "show", "--denied", "--json", cwd=shop).json["entries"]
    assert [(entry["action"], entry["outcome"], entry["role"]) for entry in found] == [
        ("change_config", "denied", "approver")
    ]


def test_verify_says_what_was_changed(shop: Path, autogen: RunAutogen) -> None:
    autogen(*ASK, cwd=shop)
    autogen(*ASK, cwd=shop)
    ran = autogen("audit", "verify", cwd=shop)
    assert (ran.code, ran.out, ran.err) == (0, "", "2 entries in 1 files, 0 problems\n")
    log = folders().data / "audit" / "audit.jsonl"
    log.write_bytes(log.read_bytes().replace(b"scaffold", b"accepted", 1))
    ran = autogen("audit", "verify", cwd=shop)
    assert (ran.code, ran.out) == (9, "audit.jsonl:1: this entry was changed, or is none\n")
    assert autogen("audit", "verify", "--json", cwd=shop).json["problems"] == [ran.out.strip()]


def test_an_entry_that_its_writer_did_not_finish_is_a_note(shop: Path, autogen: RunAutogen) -> None:
    autogen(*ASK, cwd=shop)
    head = folders().data / "audit" / "audit.head"
    before = head.read_bytes()
    autogen(*ASK, cwd=shop)
    head.write_bytes(before)
    ran = autogen("audit", "verify", cwd=shop)
    assert ran.code == 0
    assert "its writer was killed between the two" in ran.err


def test_without_a_log_nothing_is_kept(shop: Path, autogen: RunAutogen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGEN_SECURITY_AUDIT", "false")
    autogen(*ASK, cwd=shop)
    assert not (folders().data / "audit").exists()


@pytest.mark.parametrize(
    ("key", "value", "hint"),
    [
        ("provider", "opnai", "did you mean 'openai'?"),
        ("provider", "zzz", "known are openai, codegen, command, replay, scaffold"),
        ("fallback", "scaffold,comand", "did you mean 'command'?"),
        ("fallback", "auto", "known are"),
    ],
)
def test_a_provider_that_nobody_knows_is_not_set(
    shop: Path, autogen: RunAutogen, key: str, value: str, hint: str
) -> None:
    ran = autogen("config", "set", key, value, cwd=shop)
    assert (ran.code, hint in ran.err) == (3, True), ran.err


@pytest.mark.parametrize(
    ("key", "value"), [("provider", "auto"), ("provider", "command"), ("fallback", "codegen,scaffold")]
)
def test_a_provider_that_is_known_is_set(shop: Path, autogen: RunAutogen, key: str, value: str) -> None:
    assert autogen("config", "set", key, value, cwd=shop).code == 0
