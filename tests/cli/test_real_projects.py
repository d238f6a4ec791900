"""Two real projects lose a function and get it back: offline as a scaffold, and from the answer of a model."""

import ast
import difflib
import os
import shutil
from pathlib import Path

import pytest

from autogen_cli.providers.fake import FakeServer
from tests.conftest import RunAutogen

CORPORA = Path(os.environ.get("AUTOGEN_CORPORA", "/nowhere"))  # read before the fixtures clear the environment
CASES = [
    ("flask", "src/flask/helpers.py", "flask.helpers", "get_debug_flag"),
    ("flask", "src/flask/cli.py", "flask.cli", "find_best_app"),
    ("httpx", "httpx/_utils.py", "httpx._utils", "peek_filelike_length"),
    ("httpx", "httpx/_multipart.py", "httpx._multipart", "get_multipart_boundary_from_content_type"),
]

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(not CORPORA.is_dir(), reason="AUTOGEN_CORPORA names no folder: run `make corpora`"),
]


def without(source: str, name: str) -> tuple[str, str]:
    """The source without a top-level function, and the function's own text."""
    lines = source.splitlines(keepends=True)
    (found,) = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == name)
    first, last = found.lineno - 1, found.end_lineno
    return "".join(lines[:first] + lines[last:]), "".join(lines[first:last])


def changed_lines(before: str, after: str) -> tuple[list[str], list[str]]:
    """Lines that went and lines that came, blank ones aside."""
    diff = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    return (
        [line[2:] for line in diff if line.startswith("- ") and line.strip("- ")],
        [line[2:] for line in diff if line.startswith("+ ") and line.strip("+ ")],
    )


@pytest.mark.parametrize(("project", "file", "module", "symbol"), CASES)
@pytest.mark.parametrize("provider", ["scaffold", "openai"])
def test_a_deleted_function_comes_back(
    tmp_path: Path, autogen: RunAutogen, project: str, file: str, module: str, symbol: str, provider: str
) -> None:
    root = tmp_path / project
    shutil.copytree(CORPORA / project, root)
    path = root / file
    before, body = without(path.read_text(), symbol)
    path.write_text(before)
    with FakeServer([f"```python\n{body}```"]) as server:
        os.environ["OPENAI_BASE_URL"] = server.base_url  # the `home` fixture takes it away again
        words = ["generate", module, symbol, "--provider", provider, "--json"]
        first = autogen(*words, cwd=root)
        second = autogen(*words, "--write", cwd=root)
        assert server.received == (provider == "openai")
    assert (first.code, second.code) == (0, 0), first.err
    assert (first.json["cached"], second.json["cached"], second.json["written"]) == (False, True, True)
    after = path.read_text()
    compile(after, file, "exec")
    gone, come = changed_lines(before, after)
    assert gone == []
    if provider == "openai":
        assert come == [line for line in body.splitlines() if line.strip()]
    total = autogen("usage", "--since", "1d", "--json", cwd=root).json["total"]
    assert (total["requests"], total["cached"]) == (2, 1)
