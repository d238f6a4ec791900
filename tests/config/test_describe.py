"""The example file and the JSON Schema are true."""

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from autogen_cli.config import SETTINGS, AutogenConfig, load, value_of
from autogen_cli.config.describe import example, schema
from autogen_cli.config.files import SettingsFile

EXAMPLE = Path(__file__).parents[2] / "autogen.toml.example"


def uncommented(text: str) -> str:
    return re.sub(r"^#(?=[a-z\[])", "", text, flags=re.MULTILINE)


def valid(text: str) -> bool:
    return jsonschema.Draft202012Validator(schema()).is_valid(tomllib.loads(text))


def test_the_example_in_the_repository_is_the_generated_one() -> None:
    message = (
        "run: python -c 'from autogen_cli.config.describe import example; print(example(), end=\"\")' > " + EXAMPLE.name
    )
    assert EXAMPLE.read_text() == example(), message


def test_the_example_changes_nothing_before_somebody_uncomments_a_line(write_user_file: Any, tmp_path: Path) -> None:
    write_user_file(example())
    loaded = load(tmp_path)
    assert loaded.config == AutogenConfig()
    assert {origin.kind for origin in loaded.origins.values()} == {"default"}


def test_every_setting_in_the_example_loads_when_uncommented(write_user_file: Any, tmp_path: Path) -> None:
    write_user_file(uncommented(example()))
    loaded = load(tmp_path)
    assert {origin.kind for origin in loaded.origins.values()} == {"user"}
    for key, declared in SETTINGS.items():
        if key != "prices":
            assert value_of(loaded.config, key) == declared.example
    price = loaded.config.prices["name-of-a-model"]
    assert (price.input, price.output, price.cached_input) == (Decimal("1.25"), 10, Decimal("0.125"))


def test_the_example_documents_every_setting() -> None:
    for declared in SETTINGS.values():
        assert " ".join(declared.doc.split()[:4]) in example() or declared is SETTINGS["prices"]
    assert max(map(len, example().splitlines())) <= 120


def test_the_schema_is_one_and_covers_every_setting() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    properties = schema()["properties"]
    for key in SETTINGS:
        table, _, name = key.rpartition(".")
        found = (properties[table]["properties"] if table else properties)[name]
        assert found["description"]
        assert "default" in found or "examples" in found


def test_the_schema_accepts_the_example() -> None:
    assert valid(uncommented(example()))


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("cache.ttl = 5", True),
        ("cache.ttl = 'none'", True),
        ("prices.m.input = 0.5", True),
        ("security.roles.bob = 'viewer'", True),
        ("openai.base_url = 'http://localhost:11434/v1'", True),
        ("cache.ttl = 0", False),
        ("cache.ttl = 'long'", False),
        ("cache.tll = 5", False),
        ("context.tokens = 'none'", False),
        ("context.analyzer = 'x'", False),
        ("prices.m.inptu = 0.5", False),
        ("security.roles.bob = 'root'", False),
        ("openai.base_url = 'http://me:pw@host/v1'", False),
        ("openai.base_url = 'see http://host/v1'", False),
        ("fallback = 'scaffold'", False),
        ("fallback = ['']", False),
        ("model = ''", False),
        ("other = 1", False),
    ],
)
def test_the_schema_agrees_with_the_reader(text: str, fits: bool) -> None:
    assert valid(text) is fits
    if fits:
        SettingsFile(Path("autogen.toml"), "project", text).settings()
