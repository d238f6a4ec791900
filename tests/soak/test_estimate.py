"""A batch's cost, estimated before it is sent, against what the provider reports: true functions of real projects.

AUTOGEN_CORPORA names a folder of projects. In a copy, 200 functions are left out; a server on loopback answers with
what was left out, and counts tokens as the tokenizer does. The ledger knows one other project.
"""

import ast
import copy
import json
import os
import random
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from autogen_cli.bench.gate import dotted, sources
from autogen_cli.bench.removal import RealFunction, functions_of, remove
from autogen_cli.context.tokens import count_tokens
from autogen_cli.errors import BatchError
from autogen_cli.generation.insert.module import Module, parse_module
from autogen_cli.generation.module_names import imports_of
from autogen_cli.generation.scopes import module_uses
from autogen_cli.generation.statements import bound_names
from autogen_cli.providers.fake.openai import FakeServer
from tests.conftest import RunAutogen

CORPORA = Path(os.environ.get("AUTOGEN_CORPORA", "/nowhere"))  # read before the fixtures clear the environment
CALIBRATION, PROJECTS = "jinja2", ("rich", "tornado", "werkzeug")
ROWS = 200
MODEL = "gpt-5-mini"

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(not CORPORA.is_dir(), reason="AUTOGEN_CORPORA names no folder of projects"),
]

type Row = tuple[str, str]
"""Module and symbol."""


def leave_out(root: Path, rows: int) -> dict[Row, str]:
    """Takes functions with names of their own out of a project; their code by module and symbol."""
    found = [
        function
        for path in sources(root)
        for function in functions_of(parse_module(path.read_bytes(), path.name), path.relative_to(root).as_posix())
    ]
    names = [function.symbol for function in found]
    unique = [function for function in found if names.count(function.symbol) == 1]
    taken: dict[RealFunction, str] = {}
    before: dict[str, Module] = {}
    for function in random.Random(root.name).sample(unique, rows):
        path = root / function.path
        module = parse_module(path.read_bytes(), path.name)
        before.setdefault(function.path, module)
        removed = remove(module, function)
        path.write_bytes(removed.rest)
        taken[function] = removed.text
    return {
        (dotted(root / function.path, root), function.symbol): with_imports(
            text, before[function.path], (root / function.path).read_bytes()
        )
        for function, text in taken.items()
    }


def with_imports(text: str, before: Module, after: bytes) -> str:
    """A function with the imports that it needs and that its module has lost, to it and to others taken out."""
    known = bound_names(*ast.parse(after).body)
    lost = {use.name for use in module_uses(ast.parse(text).body) if not use.local} - known
    imports = []
    for part, typing in imports_of(before.tree.body):
        aliases = [alias for alias in part.names if (alias.asname or alias.name) in lost]
        if aliases and not typing:
            needed = copy.copy(part)
            needed.names = aliases
            imports.append(f"{ast.unparse(needed)}\n")
    return f"{''.join(imports)}\n\n{text}" if imports else text


def answers(taken: Mapping[Row, str]) -> Callable[[str], str]:
    """What a model would say that knew the project as it was."""
    codes = {symbol: code for (_, symbol), code in taken.items()}

    def answer(prompt: str) -> str:
        asked = re.search(r"Write the (?:\w+ )+`(\w+)` of (?:the class `(\w+)`)?", prompt)
        assert asked
        return f"```python\n{codes[f'{asked[2]}.{asked[1]}' if asked[2] else asked[1]]}\n```"

    return answer


def estimated_and_reported(autogen: RunAutogen, name: str, folder: Path) -> tuple[Any, Any]:
    """What `batch --dry-run` expects, and what the ledger says of the batch afterwards."""
    root, rows = folder / name, folder / f"{name}.jsonl"
    shutil.copytree(CORPORA / name, root)
    taken = leave_out(root, ROWS)
    rows.write_text("".join(json.dumps({"module": module, "symbol": symbol}) + "\n" for module, symbol in taken))
    with FakeServer(answers(taken), count_tokens=count_tokens) as server:
        os.environ["OPENAI_BASE_URL"] = server.base_url
        estimate = autogen("batch", str(rows), "--dry-run", "--json", cwd=root).json
        ran = autogen("batch", str(rows), "-o", str(folder / f"{name}.out"), "--json", cwd=root)
    assert (ran.code in {0, BatchError.exit_code}, estimate["planned"], estimate["refused"]) == (True, ROWS, []), (
        ran.err
    )
    reported = autogen("usage", "--since", "1d", "--only", f"project={root}", "--json").json["total"]
    assert reported["accepted"] + reported["rejected"] >= ROWS
    assert (reported["unpriced"], reported["errors"]) == (0, 0)
    return estimate["estimate"], reported


def test_three_batches_cost_what_was_estimated(
    autogen: RunAutogen,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_testsuite_property: Callable[[str, object], None],
) -> None:
    for key, value in {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": "", "AUTOGEN_OPENAI_MODEL": MODEL}.items():
        monkeypatch.setenv(key, value)
    calibrated = Path(os.environ["AUTOGEN_HOME"])
    estimated_and_reported(autogen, CALIBRATION, tmp_path)
    missed = []
    for name in PROJECTS:
        home = shutil.copytree(calibrated, tmp_path / f"home-{name}")
        monkeypatch.setenv("AUTOGEN_HOME", str(home))
        estimate, reported = estimated_and_reported(autogen, name, tmp_path)
        off = estimate["cost_usd"] / reported["cost_usd"] - 1
        figures = (
            f"estimated ${estimate['cost_usd']:.4f} ({estimate['low_usd']:.4f} to {estimate['high_usd']:.4f}), "
            f"reported ${reported['cost_usd']:.4f}: {off:+.1%}; "
            f"tokens in {estimate['input_tokens'] / reported['input_tokens'] - 1:+.1%}, "
            f"out {estimate['output_tokens'] / reported['output_tokens'] - 1:+.1%}; "
            f"{reported['rejected']} answers rejected; {estimate['basis']}"
        )
        record_testsuite_property(name, figures)
        print(name, figures)  # noqa: T201 - read with -s
        if not (abs(off) < 0.10 and estimate["low_usd"] < reported["cost_usd"] < estimate["high_usd"]):
            missed.append(figures)
    assert missed == []
