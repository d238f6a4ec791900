"""Names to providers: the table, plug-ins, and the ways in which both can disappoint."""

import subprocess
import sys
from pathlib import Path

import pytest

from autogen_cli.errors import ConfigError
from autogen_cli.providers import registry
from autogen_cli.providers.base import Provider
from autogen_cli.providers.openai import OpenAIProvider

PLUGIN = """
from autogen_cli.providers.base import Capabilities

class Echo:
    name = "echo"
    capabilities = Capabilities(offline=True)
    def __init__(self, *, word="hi"): self.word = word
    async def complete(self, request): return self.word
    async def close(self): pass

class Half:
    name = "half"
"""


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real distribution on sys.path that declares providers, good and bad."""
    (tmp_path / "their_providers.py").write_text(PLUGIN)
    info = tmp_path / "their_providers-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-providers\nVersion: 1.0\n")
    entries = {
        "echo": "their_providers:Echo",
        "half": "their_providers:Half",
        "gone": "no_such_module:X",
        "openai": "x:Y",
    }
    lines = "\n".join(f"{name} = {value}" for name, value in entries.items())
    (info / "entry_points.txt").write_text(f"[autogen.providers]\n{lines}\n")
    monkeypatch.syspath_prepend(tmp_path)


def test_a_plugin_is_listed_and_created(plugins):
    assert registry.names() == ("openai", "codegen", "command", "replay", "scaffold", "echo", "gone", "half")
    provider = registry.create("echo", word="ho")
    assert isinstance(provider, Provider)
    assert provider.word == "ho"


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("gone", {}, "ModuleNotFoundError: No module named 'no_such_module'"),
        ("echo", {"colour": 1}, "unexpected keyword argument 'colour'"),
        ("half", {}, "is no provider"),
    ],
)
def test_a_broken_plugin_is_named_with_its_package(plugins, name, settings, said):
    with pytest.raises(ConfigError, match="their-providers") as error:
        registry.create(name, **settings)
    assert said in error.value.message


def test_plugins_that_cannot_be_imported_are_reported_together(plugins):
    assert registry.broken_plugins() == {
        "gone": "ModuleNotFoundError: No module named 'no_such_module'",
        "openai": "ModuleNotFoundError: No module named 'x'",
    }


def test_a_plugin_cannot_take_the_name_of_our_own(plugins):
    assert isinstance(registry.create("openai", base_url="http://localhost"), OpenAIProvider)


@pytest.mark.parametrize(
    ("name", "hint"), [("opnai", "did you mean 'openai'? known are "), ("zzz", "known are openai, ")]
)
def test_an_unknown_name(name, hint):
    with pytest.raises(ConfigError) as error:
        registry.create(name)
    assert error.value.hint.startswith(hint)


def test_creating_a_provider_imports_no_http_client():
    code = (
        "import sys; from autogen_cli.providers import registry; registry.create('openai', base_url='http://localhost');"
        "print({'aiohttp', 'importlib.metadata'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
