"""The library does what the command does, option by option."""

import inspect
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from autogen_cli.cli.generate import generate
from autogen_cli.documents import result_json
from autogen_cli.errors import AutogenError
from autogen_cli.providers.fake import FakeServer
from autogenlib import AutogenClient, GenerateOptions, run
from tests.cli.test_generate import ANSWER, FILES, MISFIT
from tests.conftest import MakeProject, RunAutogen

if TYPE_CHECKING:
    from collections.abc import Callable

VOLATILE = {"request_id", "duration_ms", "phases_ms", "warnings"}
COMMAND_ONLY = {
    "out",
    "root",
    "module",
    "symbol",
    "diff",
    "dry_run",
    "profile",
}  # what it works on, and how it is shown


@dataclass
class Same:
    """One option on both sides. before: whether an answer is in the cache already."""

    words: tuple[str, ...]
    call: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    client: dict[str, Any] = field(default_factory=dict)
    before: bool = False


OPTIONS = {
    "description": Same(("--description", "with tax"), call={"context": "with tax"}),
    "kind": Same(("--kind", "class"), call={"kind": "class"}),
    "write": Same(("--write",), options={"write": True}),
    "force": Same(("--force",), options={"force": True}),
    "provider": Same(("--provider", "scaffold"), call={"provider": "scaffold"}),
    "model": Same(("--model", "other-model"), call={"model": "other-model"}),
    "context_tokens": Same(("--context-tokens", "300"), call={"context_tokens": 300}),
    "max_cost": Same(("--max-cost", "0"), client={"settings": {"budget.per_run": 0.0}}),
    "refresh": Same(("--refresh",), options={"refresh": True}, before=True),
    "no_cache": Same(("--no-cache",), options={"use_cache": False}, before=True),
    "repair": Same(("--repair", "0"), options={"repair": 0}),
    "offline": Same(("--offline",), options={"offline": True}),
    "record": Same(("--record", "cassette.jsonl"), client={"record": Path("cassette.jsonl")}),
    "replay": Same(("--replay", "cassette.jsonl"), client={"replay": Path("cassette.jsonl")}),
    "test": Same(("--test", "false"), options={"test": ("false",)}),
}


def test_every_option_of_the_command_is_compared() -> None:
    assert set(inspect.signature(generate).parameters) - COMMAND_ONLY == set(OPTIONS)


def by_command(autogen: RunAutogen, words: tuple[str, ...]) -> tuple[dict[str, Any], int]:
    ran = autogen("generate", "shop.money", "total", *words, "--json")
    return ran.json, ran.code


def by_library(same: Same) -> tuple[dict[str, Any], int]:
    async def ask() -> dict[str, Any]:
        async with AutogenClient(**same.client) as client:
            options = GenerateOptions(**same.options)
            return result_json(await client.generate_code("shop.money", "total", **same.call, options=options))

    try:
        return run(ask()), 0
    except AutogenError as error:
        document = {"type": error.type, "message": error.message, "hint": error.hint, "exit_code": error.exit_code}
        return {"schema": "autogen.error/1", "error": document}, error.exit_code


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_means_the_same(
    name: str,
    make_project: MakeProject,
    autogen: RunAutogen,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    same = OPTIONS[name]
    told: list[tuple[dict[str, Any], int, bytes, int]] = []
    sides: list[Callable[[], tuple[dict[str, Any], int]]] = [
        lambda: by_command(autogen, same.words),
        lambda: by_library(same),
    ]
    root = make_project(FILES)
    monkeypatch.chdir(root)
    for side in sides:
        make_project(FILES)
        Path("cassette.jsonl").unlink(missing_ok=True)
        monkeypatch.setenv("AUTOGEN_HOME", str(tmp_path_factory.mktemp("home")))
        with FakeServer([MISFIT if name == "repair" else ANSWER]) as server:
            monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
            if same.before or name == "replay":
                autogen("generate", "shop.money", "total", "--record", "cassette.jsonl")
            document, code = side()
            plain = {key: value for key, value in document.items() if key not in VOLATILE}
            told.append((plain, code, (root / "shop" / "money.py").read_bytes(), server.received))
    (command, code, *left), (library, raised, *also_left) = told
    assert library == command
    assert also_left == left
    assert raised == code or (raised == 0 and command["status"] == "rejected")  # which is a result
