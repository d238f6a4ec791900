"""Declared distributions, from every kind of manifest, and the environment that is used."""

from pathlib import Path

import pytest

from autogen_cli.generation.checks.dependencies import declared_distributions, environment_of, site_packages
from autogen_cli.generation.checks.distributions import provider
from tests.conftest import MakeProject

PYPROJECT = """
[build-system]
requires = ["hatchling>=1"]
[project]
dependencies = ["Requests[socks]>=2 ; python_version > '3'", "a.b_c"]
optional-dependencies = { extra = ["rich"], odd = "no list" }
[dependency-groups]
dev = ["pytest", { include-group = "other" }]
[tool.poetry.dependencies]
python = "^3.12"
flask = "*"
[tool.poetry.dev-dependencies]
mypy = "*"
[tool.poetry.group.docs.dependencies]
sphinx = "*"
[tool.pdm.dev-dependencies]
lint = ["ruff"]
[tool.uv]
dev-dependencies = ["nox"]
[tool.hatch.envs.test]
dependencies = ["coverage"]
"""
WHOLE = {
    "hatchling",
    "requests",
    "a-b-c",
    "rich",
    "pytest",
    "python",
    "flask",
    "mypy",
    "sphinx",
    "ruff",
    "nox",
    "coverage",
}
REQUIREMENTS = """
# a comment
requests>=2  # why
-r other.txt
./local
https://x.org/a.whl
-e git+https://x.org/r#egg=Edit.able
name @ https://x.org/n.whl
"""
SETUP_CFG = """
[options]
install_requires =
    requests
    rich>=1
[options.extras_require]
dev = pytest
[metadata]
name = x
"""
SETUP_PY = """
from setuptools import setup
requirements = ["rich"]
EXTRAS = {"dev": ["pytest"]}
a.requires, b = ["tqdm"], 1
other = ["no"]
setup(name="x", install_requires=["requests\\nyarl", 3], **more)
"""
MANIFESTS = [
    ({}, None),
    ({"pyproject.toml": PYPROJECT}, WHOLE),
    ({"pyproject.toml": "project = 3\n"}, set()),
    ({"pyproject.toml": "not toml"}, set()),
    ({"requirements.txt": REQUIREMENTS}, {"requests", "edit-able", "name"}),
    ({"dev-requirements.in": "a\n", "requirements/test.txt": "b\n"}, {"a", "b"}),
    ({"setup.cfg": SETUP_CFG}, {"requests", "rich", "pytest"}),
    ({"setup.cfg": "no section\n"}, set()),
    ({"setup.py": SETUP_PY}, {"requests", "yarl", "rich", "tqdm"}),
    ({"setup.py": "def broken(:\n"}, set()),
    ({"Pipfile": "[packages]\na = '*'\n[dev-packages]\nb = '*'\n"}, {"a", "b"}),
    ({"Pipfile.lock": '{"default": {"a": {}}, "develop": {"b": {}}}'}, {"a", "b"}),
    ({"Pipfile.lock": "not json"}, set()),
    ({"uv.lock": '[[package]]\nname = "a"\n[[package]]\nversion = "1"\n'}, {"a"}),
    ({"pylock.toml": '[[packages]]\nname = "b"\n'}, {"b"}),
    ({"poetry.lock": "package = [3]\n"}, set()),
]


@pytest.mark.parametrize(("files", "expected"), MANIFESTS)
def test_manifests(make_project: MakeProject, files: dict[str, str], expected: set[str] | None) -> None:
    assert declared_distributions([make_project({"a.py": "", **files})]) == expected


def test_every_folder_counts_and_a_folder_is_no_file(make_project: MakeProject) -> None:
    root = make_project({"requirements/sub.txt/x": "", "requirements.txt": "a", "inner/requirements.txt": "b"})
    assert declared_distributions([root / "inner", root]) == {"a", "b"}


PROVIDERS = [
    ("requests", {"requests"}, "requests"),
    ("requests.adapters", {"requests"}, "requests"),
    ("yaml", {"pyyaml"}, "pyyaml"),
    ("dateutil", {"python-dateutil"}, "python-dateutil"),
    ("PIL", {"pillow"}, "pillow"),
    ("pillow", {"pillow"}, None),
    ("snake_case", {"snake-case"}, "snake-case"),
    ("google", {"google-cloud-storage"}, "google-cloud-storage"),
    ("git", {"gitpython"}, "gitpython"),
    ("numpy", {"requests"}, None),
]


@pytest.mark.parametrize(("module", "declared", "expected"), PROVIDERS)
def test_which_distribution_gives_a_module(module: str, declared: set[str], expected: str | None) -> None:
    assert provider(module, declared) == expected


def test_the_environment_of_the_project_or_the_one_given(make_project: MakeProject, tmp_path: Path) -> None:
    root = make_project({"env/pyvenv.cfg": "", "env/lib/python3.13/site-packages/x.py": "", "other/a.py": ""})
    assert environment_of(root, tmp_path) == root / "env"
    assert environment_of(root / "other", tmp_path) == tmp_path
    assert environment_of(root / "other", None) is None
    assert site_packages(root / "env") == [root / "env/lib/python3.13/site-packages"]
    assert site_packages(tmp_path) == []
