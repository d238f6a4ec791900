"""Imports are looked for where Python would find them, and in what the project declares."""

import socket
from pathlib import Path

import pytest

from tests.conftest import MakeProject
from tests.generation.checks.judging import Files, checked, verdict

FILES = {
    "app/tools.py": "X = 1\n",
    "app/other.py": "ONE = 1\n_two = 2\n",
    "app/sub/__init__.py": "",
    "app/sub/star.py": "from app.other import *\n",
    "tests_of/data/x.py": "",
}
DECLARED = {
    "pyproject.toml": "[project]\nname = 'app'\ndependencies = ['requests', 'PyYAML>=5', 'google-cloud-storage']\n"
}
PLACES = "in the standard library, the project, its dependencies or its environment"


def judged(make_project: MakeProject, more: Files, imports: str, environment: Path | None = None) -> str:
    body = "\n    ".join(imports.split("\n"))
    answer = f"def fix():\n    {body}\n"
    return verdict(checked(make_project, {**FILES, **more}, "fix", answer, environment=environment)["imports"])


STANDARD = [
    ("import os.path, json, xml.dom.minidom", "pass"),
    ("from collections.abc import Mapping", "pass"),
    ("from collections.abc import Nope", "fail 2: collections.abc has no Nope"),
    ("from os.path import join, joyn", "fail 2: os.path has no joyn (did you mean join?)"),
    ("from os import fspath, startfile", "warn 2: os has no startfile"),
    ("from typing import Any, Nope", "fail 2: typing has no Nope"),
    ("from json import dump, dumsp", "fail 2: json has no dumsp (did you mean dump or dumps?)"),
    ("import msvcrt", "warn 2: the standard library has msvcrt on other platforms only"),
    ("import xml.nope", "fail 2: the standard library has no module xml.nope"),
    ("from math import sqrt, nope", "fail 2: math has no nope"),
]
PROJECT = [
    ("from app.other import ONE", "pass"),
    ("from .other import ONE\nfrom . import other", "pass"),
    ("from .sub import star", "pass"),
    ("from app.sub.star import ONE, _two", "pass"),
    ("from app.other import TWO", "fail 2: app.other has no TWO"),
    ("x = 1\nfrom app.sub.star import THREE", "fail 3: app.sub.star has no THREE"),
    ("from app.othr import ONE", "fail 2: the project has no module app.othr"),
    ("import app.othr", "fail 2: the project has no module app.othr"),
    ("from .othr import ONE", "fail 2: the project has no module .othr"),
    ("from . import nope", "fail 2: . has no nope"),
    ("from ... import other", "fail 2: ... leads out of the project"),
    ("import tests_of.a", "fail 2: the project has no module tests_of.a"),
]
GUARDED = [
    ("try:\n    import gone\nexcept ImportError:\n    gone = None", f"warn 3: no module gone {PLACES}"),
    ("try:\n    import gone\nexcept:\n    gone = None", f"warn 3: no module gone {PLACES}"),
    (
        "try:\n    import json\nexcept (KeyError, ModuleNotFoundError):\n    import gone",
        f"fail 5: no module gone {PLACES}",
    ),
    ("try:\n    import gone\nexcept KeyError:\n    pass", f"fail 3: no module gone {PLACES}"),
    ("try:\n    pass\nfinally:\n    import gone", f"fail 5: no module gone {PLACES}"),
    ("if TYPE_CHECKING:\n    import gone", f"warn 3: no module gone {PLACES}"),
    ("if TYPE_CHECKING:\n    pass\nelse:\n    import gone", f"fail 5: no module gone {PLACES}"),
    ("match 1:\n    case 1:\n        import gone", f"fail 4: no module gone {PLACES}"),
]


@pytest.mark.parametrize(("imports", "expected"), [*STANDARD, *PROJECT, *GUARDED])
def test_what_is_imported_exists(make_project: MakeProject, imports: str, expected: str) -> None:
    assert judged(make_project, {}, imports) == expected


ELSEWHERE = [
    ("import gone", {"app/z.py": "import gone.x\n"}, "pass"),
    ("import gone", {"app/tools.py": "import gone\n"}, "pass"),
    ("from app import gone", {"app/z.py": "from app import gone\n"}, "app has no gone"),
    ("from app import gone", {"app/z.py": "from app import (\n    x,\n    gone,\n)\n"}, "app has no gone"),
    ("import app.gone", {"app/z.py": "import app.gone\n"}, "the project has no module app.gone"),
    ("from .gone import x", {"app/z.py": "from .gone import x\n"}, "the project has no module .gone"),
]


@pytest.mark.parametrize(("imports", "more", "expected"), ELSEWHERE)
def test_what_other_files_import_is_somewhere(
    make_project: MakeProject, imports: str, more: Files, expected: str
) -> None:
    detail = expected if expected == "pass" else f"warn 2: {expected}, which other files of it import as well"
    assert judged(make_project, more, imports) == detail


THIRD_PARTY = [
    ("import requests.x, yaml, google.cloud.storage", DECLARED, "pass"),
    ("import rquests", DECLARED, f"fail 2: no module rquests {PLACES} (did you mean requests?)"),
    ("import numpy", DECLARED, f"fail 2: no module numpy {PLACES}"),
    ("import numpy", {}, "warn 2: nothing declares numpy: the project has no list of dependencies"),
    ("import nunpy", {}, f"fail 2: no module nunpy {PLACES} (did you mean runpy?)"),
    ("import requests.x", {**DECLARED, "requests/z.py": ""}, "pass"),
    (
        "import requests.x",
        {**DECLARED, "requests/__init__.py": ""},
        "fail 2: the project has no module requests.x (did you mean requests?)",
    ),
    ("import thing.x", {"requirements.txt": "thing\n"}, "pass"),
    ("from thing import A", {"requirements.txt": "thing\n"}, "pass"),
    ("from thing import B", {"requirements.txt": "thing\n"}, "fail 2: thing has no B"),
    (
        "import thing.y",
        {"requirements.txt": "thing\n"},
        "fail 2: thing is installed, but has no module thing.y (did you mean thing?)",
    ),
    ("import thing", DECLARED, "warn 2: thing is installed, but not declared"),
    ("import thing", {**DECLARED, "app/z.py": "import thing\n"}, "pass"),
    ("import thing", {}, "pass"),
    ("import thng", {}, f"fail 2: no module thng {PLACES} (did you mean thing?)"),
    ("import fast.x\nfrom fast import anything", {"requirements.txt": "fast\n"}, "pass"),
]


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    packages = tmp_path / "activated" / "lib" / "python3.13" / "site-packages"
    (packages / "thing").mkdir(parents=True)
    (packages / "thing-1.0.dist-info").mkdir()
    (packages / "thing" / "__init__.py").write_text("A = 1\n")
    (packages / "thing" / "x.py").touch()
    (packages / "fast.cpython-313.so").touch()
    return tmp_path / "activated"


@pytest.mark.parametrize(("imports", "more", "expected"), THIRD_PARTY)
def test_third_parties(make_project: MakeProject, environment: Path, imports: str, more: Files, expected: str) -> None:
    used = environment if any(name in imports for name in ("thing", "thng", "fast")) else None
    assert judged(make_project, more, imports, used) == expected


def test_the_project_s_own_environment_comes_first(make_project: MakeProject, environment: Path) -> None:
    own = {"venv/pyvenv.cfg": "", "venv/Lib/site-packages/mine.py": "A = 1\n"}
    assert judged(make_project, own, "from mine import A", environment) == "pass"
    assert judged(make_project, own, "import thing", environment).startswith("fail")


def test_an_import_that_is_not_put_in_counts_for_nothing(make_project: MakeProject) -> None:
    checks = checked(make_project, FILES, "fix", "from app import nope\n\ndef fix(): return 1\n")
    assert checks["imports"].status == "pass"


def test_lines_count_in_what_is_put_in(make_project: MakeProject) -> None:
    answer = "import json\nimport gone\n\n\n\ndef fix(): return gone.x\n"
    assert verdict(checked(make_project, FILES, "fix", answer)["imports"]) == f"fail 1: no module gone {PLACES}"


def test_a_file_that_cant_be_read_is_passed_over(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(make_project({"app/z.py": ""}) / "app")
    with socket.socket(socket.AF_UNIX) as unreadable:
        unreadable.bind("socket.py")
        assert judged(make_project, {}, "from app import gone") == "fail 2: app has no gone"


def test_a_future_import_needs_no_module(make_project: MakeProject) -> None:
    answer = "from __future__ import annotations\n\n\ndef fix(a: fix): return a\n"
    checks = checked(make_project, {"app/tools.py": ""}, "fix", answer)
    assert {check.status for check in checks.values()} <= {"pass", "skipped"}
