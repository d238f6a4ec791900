from typing import Any

import pytest

from autogen_cli.context.conventions import read_conventions, read_dependencies, read_settings
from autogen_cli.context.syntax import read_facts
from tests.conftest import MakeProject

ANNOTATED = (
    "def a() -> int: ...\ndef b() -> str: ...\nclass C:\n    def c(self) -> None: ...\n    def __init__(self): ...\n"
)
BARE = "def a(): ...\ndef b(x): ...\ndef c(): ...\n"
MIXED = "def a() -> int: ...\ndef b(): ...\ndef c(): ...\n"


def documented(doc: str, share: int = 3) -> str:
    return "".join(f'def f{i}():\n    """{doc}\n    """\n' for i in range(share)) + "def g(): ...\n" * (share < 3)


GOOGLE = "Do it.\n\n    Args:\n        x: the x.\n\n    Returns:\n        More.\n"
NUMPY = "Do it.\n\n    Parameters\n    ----------\n    x\n"
REST = "Do it.\n\n    :param x: the x\n    :return: more\n"
UNDOCUMENTED = "Functions have no docstrings."
SOURCES: list[tuple[str, list[str]]] = [
    ("", []),
    ("def a() -> int: ...\ndef b() -> int: ...\n", []),
    (ANNOTATED, ["Functions have annotated parameters and return types."]),
    (BARE, ["Functions have no annotations.", UNDOCUMENTED]),
    (MIXED, [UNDOCUMENTED]),
    (documented("Do it."), ["Functions have no annotations.", "Public functions have docstrings."]),
    (
        documented(GOOGLE),
        ["Functions have no annotations.", "Public functions have docstrings, in the style of Google (Args:)."],
    ),
    (
        documented(NUMPY),
        [
            "Functions have no annotations.",
            "Public functions have docstrings, in the style of NumPy (underlined Parameters).",
        ],
    ),
    (
        documented(REST, 2),
        ["Functions have no annotations.", "Docstrings are in the style of reStructuredText (:param name:)."],
    ),
    (documented("Do it.", 2), ["Functions have no annotations."]),
    (
        "class BadInput(ValueError): ...\nclass ShopError(Exception): ...\nclass OldException(ShopError): ...\n",
        ["The project's own errors: ShopError, OldException."],
    ),
    ("log = logging.getLogger(__name__)\n", ["Logging goes through `log = logging.getLogger(__name__)`."]),
    ("from __future__ import annotations\n", ["Modules start with `from __future__ import annotations`."]),
    (f"x = '{'a' * 70}'\n", ["Lines are at most 79 characters long."]),
    (f"x = '{'a' * 80}'\n", []),
]


@pytest.mark.parametrize(("source", "expected"), SOURCES)
def test_conventions_are_told_by_the_code(source: str, expected: list[str]) -> None:
    found = read_conventions([read_facts(source.encode())], source, {})
    assert [sentence for sentence in found if not ("docstrings" in sentence and sentence not in expected)] == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("[tool.ruff]\nline-length = 110\n[tool.black]\nline-length = 90", "Lines are at most 110 characters long."),
        ("[tool.black]\nline-length = 90", "Lines are at most 90 characters long."),
        ("[tool.black]\npreview = true", "Lines are at most 88 characters long."),
        ("[project]\nrequires-python = '>=3.10'", "The project supports Python >=3.10."),
    ],
)
def test_conventions_are_told_by_the_settings(make_project: MakeProject, settings: str, expected: str) -> None:
    assert read_conventions([], "", read_settings(make_project({"pyproject.toml": settings}))) == (expected,)


ODD: list[dict[str, Any]] = [
    {"tool": 3, "project": "x"},
    {"tool": {"ruff": "x", "poetry": []}, "project": {"requires-python": 3, "dependencies": "requests"}},
    {"project": {"dependencies": [3], "optional-dependencies": ["a"]}, "dependency-groups": {"dev": 3}},
    {"tool": {"poetry": {"group": {"dev": 3}}}},
]


@pytest.mark.parametrize("settings", ODD)
def test_settings_of_the_wrong_shape_say_nothing(make_project: MakeProject, settings: dict[str, Any]) -> None:
    assert read_conventions([], "", settings) == ()
    assert read_dependencies(make_project({"a.py": ""}), settings) == ()


@pytest.mark.parametrize("content", [None, b"[broken", b"\xff\xfe"])
def test_settings_that_cannot_be_read_are_empty(make_project: MakeProject, content: bytes | None) -> None:
    root = make_project({"a.py": ""} | ({} if content is None else {"pyproject.toml": content}))
    assert read_settings(root) == {}


DECLARED: list[tuple[dict[str, str | bytes], tuple[str, ...]]] = [
    ({"pyproject.toml": "[project]\ndependencies = ['httpx2>=1', 'Typing_Extensions; python_version<\"3.9\"']"},
     ("httpx2", "typing-extensions")),
    ({"pyproject.toml": "[project.optional-dependencies]\na = ['rich[x]']\n"
      "[dependency-groups]\nb = ['ruff', {include-group = 'a'}]"},
     ("rich", "ruff")),
    ({"pyproject.toml": "[tool.poetry.dependencies]\npython = '^3'\nflask = '*'\n"
      "[tool.poetry.group.dev.dependencies]\npytest = '8'"},
     ("flask", "pytest")),
    ({"requirements.txt": "# all\n-r other.txt\n--hash=x\n"
      "git+https://x.org/y\n./local\nhttps://x.org/z.whl\nzope.interface==5 # c\n\n"},
     ("zope-interface",)),
    ({"requirements-dev.txt": b"caf\xff\nattrs @ https://x.org/a.whl\n"
      b"six==1 \\\n  --hash=sha256:a\r\n"}, ("attrs", "six")),
    ({"setup.cfg": "[options]\ninstall_requires =\n    click>=8\n    jinja2\n"}, ("click", "jinja2")),
    ({"setup.cfg": "[options\n"}, ()),
    ({"setup.cfg": "[metadata]\nversion = %(x)s\n"}, ()),
]  # fmt: skip


@pytest.mark.parametrize(("files", "expected"), DECLARED)
def test_declared_dependencies(
    make_project: MakeProject, files: dict[str, str | bytes], expected: tuple[str, ...]
) -> None:
    root = make_project(files)
    assert read_dependencies(root, read_settings(root)) == expected


def test_files_behind_links_are_not_read(make_project: MakeProject) -> None:
    root = make_project({"a.py": "", "requirements-folder.txt/a": ""})
    outside = root.parent / "outside"
    outside.write_text("[options]\ninstall_requires =\n    secret\n")
    (root / "requirements.txt").symlink_to(outside)
    (root / "setup.cfg").symlink_to(outside)
    (root / "requirements-gone.txt").symlink_to(root / "gone")
    assert read_dependencies(root, {}) == ()
