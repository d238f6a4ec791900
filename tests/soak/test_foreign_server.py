"""`generate`, `batch` and `usage` against a server that others wrote: LiteLLM's proxy, in its own mock mode.

It is installed from the package registry into an environment of its own (600 MB), which AUTOGEN_FOREIGN may name;
without the registry the tests are skipped and say so.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_generate import ANSWER, FILES
from tests.conftest import MakeProject, RunAutogen

REQUIREMENT = "litellm[proxy]==1.106.2"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
ENVIRONMENT = Path(os.environ.get("AUTOGEN_FOREIGN", CACHE / "autogen-foreign"))  # before the fixtures clear them
KEY = "sk-foreign-0123456789"
SECONDS = 180

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def program() -> Path:
    path = ENVIRONMENT / "bin" / "litellm"
    if not path.exists():
        subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], check=True)
        words = [ENVIRONMENT / "bin" / "python", "-m", "pip", "install", "-q", REQUIREMENT]
        installed = subprocess.run(words, capture_output=True, text=True, check=False)
        if installed.returncode:
            pytest.skip(f"{REQUIREMENT} can't be installed: {installed.stderr.strip().splitlines()[-1]}")
    return path


@pytest.fixture(scope="module")
def foreign(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The proxy's address. Its prices and telemetry would be fetched; both are switched off."""
    folder = tmp_path_factory.mktemp("foreign")
    mock = {"api_key": "none", "model": "openai/mock"}
    models = [("mock-model", ANSWER), ("busy-model", "litellm.RateLimitError")]
    listed = [{"model_name": name, "litellm_params": {**mock, "mock_response": said}} for name, said in models]
    config = {"model_list": listed, "general_settings": {"master_key": KEY}}
    (folder / "config.yaml").write_text(json.dumps(config))  # JSON is YAML
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [program, "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)]
    offline = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False", "HOME": str(folder)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(words, cwd=folder, env={**os.environ, **offline}, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/health/liveliness", process)
        yield url
    finally:
        process.terminate()
        process.wait()


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    pytest.fail(f"the proxy doesn't answer (exit code {process.poll()})")


@pytest.fixture
def shop(make_project: MakeProject, foreign: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OPENAI_BASE_URL", foreign)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("AUTOGEN_LIMITS_RETRIES", "1")
    return make_project(FILES)


def test_generate_and_usage(shop: Path, autogen: RunAutogen) -> None:
    words = ("generate", "shop.money", "total", "--model", "mock-model", "--json")
    first, second = (autogen(*words, cwd=shop).json for _ in range(2))
    assert (first["status"], first["provider"], first["model"]) == ("accepted", "openai", "mock-model")
    assert (second["cached"], second["code"]) == (True, first["code"])
    (row,) = autogen("usage", "--by", "model", "--json", cwd=shop).json["rows"]
    taken = first["usage"]
    assert (row["group"], row["requests"], row["cached"]) == ({"model": "mock-model"}, 2, 1)
    assert (row["input_tokens"], row["output_tokens"]) == (taken["input_tokens"], taken["output_tokens"])
    assert taken["input_tokens"] > 0
    assert autogen(*words, "--write", cwd=shop).json["written"] is True


def test_its_refusals_are_told(shop: Path, autogen: RunAutogen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGEN_FALLBACK", "[]")
    for model, says in (("busy-model", "limits the rate (429: litellm.RateLimitError"), ("nope", "Invalid model name")):
        ran = autogen("generate", "shop.money", "total", "--model", model, cwd=shop)
        assert ran.code == 5
        assert says in ran.err


def test_batch(shop: Path, autogen: RunAutogen) -> None:
    rows = [{"id": "a", "symbol": "total"}, {"id": "b", "symbol": "cent", "model": "nope"}]
    lines = [json.dumps({"module": "shop.money", **row}) + "\n" for row in rows]
    (shop / "rows.jsonl").write_text("".join(lines))
    ran = autogen("batch", "rows.jsonl", "--model", "mock-model", cwd=shop)
    found = {row["id"]: row for row in map(json.loads, ran.out.splitlines())}
    assert (ran.code, found["a"]["status"], found["b"]["status"]) == (8, "ok", "error")
    assert found["a"]["result"]["status"] == "accepted"
