"""`autogen migrate`: what autogenlib 0.1 left is taken over, and put back on request."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.conftest import MakeProject, RunAutogen

CODE = '"""Codes."""\n\n\ndef totp_generator(secret):\n    return secret[-6:]'
FILES: dict[str, str | bytes] = {
    "pyproject.toml": '[project]\nname = "app"\ndependencies = ["autogenlib>=0.1,<1", "rich"]\n',
    "requirements.txt": "# autogenlib by hand\nautogenlib==0.1.3 ; python_version > '3.11'\nautogenlib-extras\n",
    "app.py": (
        "from autogenlib import init, setup_exception_handler\n"
        "from autogenlib.totp import totp_generator\n"
        "import autogenlib._cache\n\n"
        "setup_exception_handler()\n"
        "text = 'setup_exception_handler stays in a string'\n"
    ),
    "broken.py": "import autogenlib\nvalue = (\n",
    "other.py": "setup_exception_handler = 1\n",
}


@pytest.fixture
def old(make_project: MakeProject, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that uses the old library, and what that library has cached."""
    cache = home / ".autogenlib_cache"
    cache.mkdir()
    entries: dict[str, object] = {
        "autogenlib.totp": {"code": CODE, "prompt": "codes", "module_name": "autogenlib.totp"},
        "twice": {"code": "x = 1", "prompt": "", "module_name": "autogenlib.totp"},
        "autogenlib.bad": {"code": "def (", "prompt": "", "module_name": "autogenlib.bad"},
        "outside": {"code": "x = 1", "prompt": "", "module_name": "autogenlib.../../etc"},
        "no entry": ["code"],
    }
    for name, entry in entries.items():
        (cache / f"{hashlib.md5(name.encode()).hexdigest()}.json").write_text(json.dumps(entry))
    (cache / "0.json").write_text("{")
    (cache / "1.json").write_text(json.dumps({"code": "#" * 2_000_001}))
    monkeypatch.setenv("OPENAI_API_BASE_URL", "http://127.0.0.1:4000/v1")
    monkeypatch.setenv("OPENAI_MODEL", "gpt-4.1")
    return make_project(FILES)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_shows_what_would_change_and_changes_nothing(old: Path, home: Path, autogen: RunAutogen) -> None:
    before, home_before = contents(old), contents(home)
    ran = autogen("migrate", cwd=old)
    assert ran.code == 0
    assert "-from autogenlib import init, setup_exception_handler\n+from autogenlib import init, set_" in ran.out
    assert "+def totp_generator(secret):" in ran.out
    assert '+dependencies = ["autogen-cli", "rich"]' in ran.out
    assert "+autogen-cli ; python_version > '3.11'\n" in ran.out
    assert "setting openai.model = gpt-4.1 (from OPENAI_MODEL)" in ran.err
    for reason in (
        "app.py:3: autogenlib._cache was private, and is gone",
        "broken.py: not looked at",
        "not taken over: it isn't Python",
        "'autogenlib.../../etc' is no module of autogenlib",
        "it is no entry of the old cache",
        "it is larger than 2000000 bytes",
        "autogenlib.totp is there twice",
        "to be changed: 5 files, 2 settings; --write changes them",
    ):
        assert reason in ran.err
    assert (contents(old), contents(home)) == (before, home_before)


def test_what_is_written_can_be_put_back(old: Path, home: Path, autogen: RunAutogen) -> None:
    before = contents(old)
    written = autogen("migrate", "--write", "--json", cwd=old)
    assert written.code == 0
    assert written.json["modules"] == ["autogenlib.totp"]
    assert written.json["settings"] == {"openai.base_url": "http://127.0.0.1:4000/v1", "openai.model": "gpt-4.1"}
    assert (old / ".autogen/lib/autogenlib/totp.py").read_text() == CODE + "\n"
    assert "autogenlib.totp" in (old / ".autogen/lib/autogen.lock").read_text()
    assert "set_exception_handler()\ntext = 'setup_exception_handler stays" in (old / "app.py").read_text()
    assert (old / "other.py").read_bytes() == before["other.py"]
    assert autogen("config", "get", "openai.model").out == "gpt-4.1\n"
    again = autogen("migrate", cwd=old)
    assert "autogenlib.totp is in .autogen/lib already" in again.err

    ran = autogen("migrate", "--rollback", cwd=old)
    assert ran.code == 0
    assert contents(old) == before
    assert autogen("config", "get", "openai.model").out == "gpt-5-mini\n"
    nothing = autogen("migrate", "--rollback", cwd=old)
    assert (nothing.code, "no migration of" in nothing.err) == (9, True)


def test_a_file_that_has_changed_since_is_not_put_back(old: Path, autogen: RunAutogen) -> None:
    autogen("migrate", "--write", cwd=old)
    (old / "app.py").write_text("edited = True\n")
    after = contents(old)
    ran = autogen("migrate", "--rollback", "--json", cwd=old)
    assert ran.code == 9
    assert "app.py has changed since the migration" in ran.json["error"]["message"]
    assert contents(old) == after


def test_where_nothing_is_left_it_says_so(make_project: MakeProject, autogen: RunAutogen) -> None:
    root = make_project({"pyproject.toml": "", "app.py": "import autogenlib\n"})
    ran = autogen("migrate", "--write", cwd=root)
    assert (ran.code, ran.out) == (0, "")
    assert "nothing of autogenlib 0.1 is left to take over" in ran.err


def test_its_options_exclude_each_other(old: Path, autogen: RunAutogen) -> None:
    assert autogen("migrate", "--write", "--rollback", cwd=old).code == 2
