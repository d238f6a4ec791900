"""The library's import name: every public name is there, and none of it is loaded before it is used."""

import subprocess
import sys

import pytest

import autogenlib
from autogen_cli import errors

NAMES = sorted(autogenlib.__all__)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_leads_somewhere(name: str) -> None:
    assert getattr(autogenlib, name).__name__ == name


def test_every_error_is_public() -> None:
    defined = {
        name for name, value in vars(errors).items() if isinstance(value, type) and value.__module__ == errors.__name__
    }
    assert defined <= set(NAMES)


def test_dir_lists_the_names() -> None:
    assert dir(autogenlib) == NAMES


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        autogenlib.Nonsense  # noqa: B018 - the access is the test


def test_importing_it_loads_nothing() -> None:
    script = "import sys, autogenlib; print(*(name for name in sys.modules if name.startswith('autogen_cli')))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "\n"
