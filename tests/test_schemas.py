"""What the program prints is what docs/schemas says, for every command."""

import io
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from jsonschema import Draft202012Validator
from keyring.backends.fail import Keyring as NoKeyring

from autogen_cli.cli.app import build
from autogen_cli.providers.fake import FakeServer
from tests import schemas
from tests.conftest import RunAutogen

HOUSE = Path(__file__).parent.parent
CODE = "async def fetch_rate(source, *, to, on):\n    return 1\n"
LONG_FUNCTION = """
from invoices.ledger import book
from invoices.models import Invoice
from invoices.money import format_amount


def statement(invoices: list[Invoice]) -> str:
    lines = []
    for invoice in invoices:
        lines.append(invoice.number)
        for entry in book([invoice]):
            lines.append(format_amount(entry.amount))
    return "\\n".join(lines)


def statements(customers: list[list[Invoice]]) -> list[str]:
    return [statement(invoices) for invoices in customers]
"""

TOUR = {  # a walk through docs/sample with every command; {key} is an entry of the cache
    "generate invoices.money split_tax --dry-run": "plan",
    "generate invoices.money split_tax": "generate",
    "generate invoices.money split_tax --verbose": "generate",  # now from the cache
    "generate invoices.money round_cents": "error",
    "check code.py invoices.rates fetch_rate": "generate",
    "context invoices.money split_tax": "context",
    "batch rows.jsonl --dry-run": "batch_preview",
    "batch rows.jsonl -o results.jsonl": "batch",
    "batch status results.jsonl": "batch_jobs",
    "usage --since 1d --by day,provider": "usage",
    "usage --since 1d --html usage.html": "usage_page",
    "usage export --since 1d": "usage_export",
    "usage import events.jsonl": "usage_import",
    "usage --performance": "performance",
    "doctor": "doctor",
    "serve": "error",  # no platform is set up
    "todo": "todo",
    "migrate --write": "migrate",
    "migrate --rollback": "migrate_rollback",
    "cache stats": "cache_stats",
    "cache list": "cache_list",
    "cache show {key}": "cache_entry",
    "cache explain invoices.money split_tax": "cache_explain",
    "cache verify": "cache_verify",
    "audit show": "audit",
    "audit verify": "audit_verify",
    "cache zero-stats": "cache_zero_stats",
    "cache prune": "cache_prune",
    "cache invalidate src/invoices/money.py": "cache_invalidate",
    "cache clear": "cache_clear",
    "config show": "config",
    "config get cache.ttl": "config_value",
    "config set cache.ttl 60 --project": "config_set",
    "config unset cache.ttl --project": "config_unset",
    "config path": "config_paths",
    "config trust": "config_trust",
    "config init": "config_init",
    "config set cache.encrypt true": "config_set",
    "cache rekey": "cache_rekey",
    "bench startup --rounds 1": "bench",
    "bench context --rounds 1 --sample 1": "bench",
    "bench cache --rounds 1": "bench",
    "bench batch --rows 5": "bench",
    "bench all --rounds 1 --sample 1 --rows 5": "bench",
}
TOUR_OF_KEYS = {
    "auth login openai --with-token": "auth_login",
    "auth rotate openai --with-token": "auth_rotate",
    "auth list": "auth_list",
    "auth status": "auth_status",
    "auth logout openai": "auth_logout",
}
PARTS = {  # other tests look at them
    *("batch_row", "completion"),  # lines of a file; tests/cli/test_batch.py
    "serve",  # what runs until it is stopped; tests/bridge/test_serve.py
}
WITHOUT = {"config schema"}  # prints a JSON Schema, which is a document of its own kind


def commands(found: Any, *above: str) -> Iterator[str]:
    below = getattr(found, "commands", None)
    if below is None:
        yield " ".join(above)
        return
    for name, command in below.items():
        yield from commands(command, *above, name)


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    root = shutil.copytree(HOUSE / "docs" / "sample", tmp_path / "invoices")
    (root / "code.py").write_text(CODE)
    (root / "old.py").write_text("from autogenlib import setup_exception_handler\n")
    (root / "events.jsonl").write_text("")
    (root / "rows.jsonl").write_text('{"module": "invoices.money", "symbol": "split_tax"}\n')
    (root / "src" / "invoices" / "statement.py").write_text(LONG_FUNCTION)
    return Path(root)


def check(line: str, what: str, found: Any) -> None:
    assert found["schema"] == f"autogen.{what}/1", (line, found)
    Draft202012Validator(json.loads((schemas.FOLDER / f"{what}.json").read_text())).validate(found)


def test_documents_are_as_their_schemas_say(autogen: RunAutogen, sample: Path) -> None:
    key = ""
    for line, what in TOUR.items():
        found = autogen(*line.format(key=key).split(), "--json", cwd=sample).json
        check(line, what, found)
        key = found["entries"][0]["key"] if what == "cache_list" else key


def test_documents_about_keys(autogen: RunAutogen, sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside somebody who takes any key; each line is given another one."""
    monkeypatch.setattr("keyring.core._keyring_backend", NoKeyring())
    with FakeServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        for line, what in TOUR_OF_KEYS.items():
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(line[:10].replace(" ", "-").encode())))
            check(line, what, autogen(*line.split(), "--json", cwd=sample).json)


def test_the_tour_leaves_no_command_out() -> None:
    missing = [
        command
        for command in commands(typer.main.get_command(build()))
        if command not in WITHOUT and not any(f"{line} ".startswith(f"{command} ") for line in {**TOUR, **TOUR_OF_KEYS})
    ]
    assert missing == []


def test_every_schema_has_its_place_in_the_tour() -> None:
    assert (
        {path.stem for path in schemas.FOLDER.glob("*.json")}
        == set(schemas.DOCUMENTS)
        == {*TOUR.values(), *TOUR_OF_KEYS.values(), *PARTS}
    )
