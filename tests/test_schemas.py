"""What the program prints is what docs/schemas says, and says so in its `schema` field."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests import schemas
from tests.conftest import Ran, RunAutogen

HOUSE = Path(__file__).parent.parent


def test_every_document_has_a_schema_and_every_schema_a_document() -> None:
    source = "".join(path.read_text() for path in (HOUSE / "autogen_cli").rglob("*.py"))
    printed = set(re.findall(r"\bdocument\(\s*\"(\w+)\"", source))
    assert printed == set(schemas.DOCUMENTS) == {path.stem for path in schemas.FOLDER.iterdir()}


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    return Path(shutil.copytree(HOUSE / "docs" / "sample", tmp_path / "invoices"))


@pytest.fixture
def document(autogen: RunAutogen, sample: Path) -> Callable[..., str]:
    """Runs a command in the sample project, holds its document against the schema, and returns the schema's name."""

    def run(line: str) -> str:
        ran: Ran = autogen(*line.split(), "--json", cwd=sample)
        found = ran.json
        what = re.fullmatch(r"autogen\.(\w+)/1", found["schema"])[1]
        Draft202012Validator(json.loads((schemas.FOLDER / f"{what}.json").read_text())).validate(found)
        return what

    return run


def test_what_generate_leaves_behind_is_documented(document: Callable[..., str], autogen: RunAutogen) -> None:
    assert document("generate invoices.money split_tax --dry-run") == "plan"
    assert document("generate invoices.money split_tax") == "generate"
    assert document("generate invoices.money split_tax") == "generate"  # now from the cache
    assert document("context invoices.money split_tax") == "context"
    assert document("usage --since 1d --by day,provider") == "usage"
    assert document("cache stats") == "cache_stats"
    assert document("cache list") == "cache_list"
    (entry,) = autogen("cache", "list", "--json").json["entries"]
    assert document(f"cache show {entry['key']}") == "cache_entry"
    assert document("cache clear") == "cache_clear"


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("generate invoices.money round_cents", "error"),
        ("doctor", "doctor"),
        ("config show", "config"),
        ("config get cache.ttl", "config_value"),
        ("config set cache.ttl 60", "config_set"),
        ("config unset cache.ttl", "config_unset"),
        ("config init --project", "config_init"),
        ("config path", "config_paths"),
    ],
)
def test_documents_are_as_their_schemas_say(document: Callable[..., str], line: str, what: str) -> None:
    assert document(line) == what


def test_trust_is_documented(document: Callable[..., str], sample: Path) -> None:
    (sample / "autogen.toml").write_text('[openai]\nbase_url = "http://localhost:8081/v1"\n')
    assert document("config trust") == "config_trust"
