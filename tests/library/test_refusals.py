"""What the import hook refuses, and how it says so."""

import json
import sys
import types
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

import autogenlib
from autogenlib._caller import find_caller
from autogenlib._library import Library
from autogenlib._loader import GeneratedLoader, _NameLoader
from autogenlib._state import STATE, Caller
from tests.conftest import MakeProject

HERE = Caller(path=__file__)


@pytest.fixture
def root(make_project: MakeProject) -> Path:
    return make_project({"pyproject.toml": "", ".autogen/lib/autogenlib/totp.py": "LENGTH = 6\n"})


def lock_file(root: Path) -> Path:
    return root / ".autogen" / "lib" / "autogen.lock"


@pytest.mark.parametrize("content", ["{", "[]", '{"modules": {"autogenlib.totp": {}}}'])
def test_a_damaged_lock_file_is_named(root: Path, content: str) -> None:
    lock_file(root).write_text(content)
    with pytest.raises(ImportError, match=r"autogen\.lock can't be used"):
        Library(root).read("autogenlib.totp")


def test_a_module_that_nobody_locked_is_locked_as_it_is(root: Path) -> None:
    assert Library(root).read("autogenlib.totp") == b"LENGTH = 6\n"
    assert list(json.loads(lock_file(root).read_text())["modules"]) == ["autogenlib.totp"]


def test_a_file_that_cannot_be_read_is_named(root: Path) -> None:
    path = root / ".autogen" / "lib" / "autogenlib" / "folder.py"
    path.mkdir()
    with pytest.raises(ImportError, match=r"folder\.py can't be read: Is a directory"):
        Library(root).read("autogenlib.folder")


def test_a_folder_that_cannot_be_made_is_named(make_project: MakeProject) -> None:
    root = make_project({"pyproject.toml": "", ".autogen": "a file"})
    with pytest.raises(ImportError, match="can't be written"):
        Library(root).write_module("autogenlib.totp", ("totp",), HERE)


def test_a_lock_file_that_cannot_be_written_is_named(root: Path) -> None:
    lock_file(root).mkdir()
    with pytest.raises(ImportError, match=r"autogen\.lock can't be used"):
        Library(root).read("autogenlib.totp")


def test_a_wrong_setting_is_an_import_error(make_project: MakeProject) -> None:
    root = make_project({"autogen.toml": '[imports]\nmode = "sometimes"\n'})
    with pytest.raises(ImportError, match=r"generated modules can't be imported: .*sometimes"):
        Library(root)


def test_a_package_of_that_name_is_left_alone(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGEN_PROVIDER", "scaffold")
    root = make_project({"pyproject.toml": "", "autogenlib/__init__.py": "", "app.py": ""})
    with pytest.raises(ImportError, match="the project has a package of that name"):
        Library(root).write_module("autogenlib.totp", ("totp",), HERE)
    assert not (root / "autogenlib" / "totp.py").exists()


def test_scaffolds_are_loaded_where_they_are_asked_for(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOGEN_PROVIDER", "scaffold")
    root = make_project({"pyproject.toml": "", "app.py": "from autogenlib.totp import code\n\ncode(1)\n"})
    library = Library(root)
    library.write_module("autogenlib.totp", ("code",), Caller(path=str(root / "app.py")))
    library.write_module("autogenlib.totp", ("code",), HERE)  # somebody was quicker
    assert b"def code(" in library.read("autogenlib.totp")


def test_a_name_is_not_generated_where_the_file_has_changed_since(root: Path) -> None:
    Library(root).write_name("autogenlib.totp", "code", HERE, loaded=b"something older")
    assert (root / ".autogen" / "lib" / "autogenlib" / "totp.py").read_text() == "LENGTH = 6\n"


def test_names_are_added_to_generated_modules_only(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "autogenlib.other", types.ModuleType("autogenlib.other"))
    with pytest.raises(ImportError, match="not a generated module"):
        _NameLoader(Library(root), HERE).create_module(ModuleSpec("autogenlib.other.name", None))


def test_a_module_runs_its_new_statements_only(root: Path) -> None:
    library = Library(root)
    loader = GeneratedLoader(library, HERE)
    module = types.ModuleType("autogenlib.totp")
    loader.run(module, b"seen = []\nseen.append(1)\n")
    loader.run(module, b"seen = []\nseen.append(1)\nseen.append(1)\n")
    assert module.seen == [1, 1]


def test_what_calls_no_import_statement_has_a_caller_too() -> None:
    assert find_caller() == Caller(path=__file__)


def test_the_switches_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(STATE, "description", None)
    monkeypatch.setattr(STATE, "caching", True)
    autogenlib.init("Cryptography", enable_caching=False)
    autogenlib.init()
    assert (STATE.description, STATE.caching) == ("Cryptography", False)
    autogenlib.set_caching()
    assert STATE.caching
