"""What the provider tests share."""

import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from autogen_cli.models import CodeContext, CompletionRequest, Prompt, Target


@pytest.fixture
def request_for(tmp_path: Path):
    """Makes a request; `prompt` is what the user's message says."""

    def make(prompt: str = "Write `shop.total`.", symbol: str = "total", **fields) -> CompletionRequest:
        target = Target(
            root=tmp_path,
            source_root=tmp_path,
            module="shop",
            path=tmp_path / "shop.py",
            symbol=symbol,
            kind="function",
            module_exists=False,
            symbol_exists=False,
        )
        return CompletionRequest(
            prompt=Prompt(system="You write Python.", user=prompt),
            context=CodeContext(target=target, text="", tokens=0, budget=100),
            **{"model": "fake-model", "request_id": "r-1", **fields},
        )

    return make


@pytest.fixture
def untrusted(tmp_path: Path, require_program: Callable[[str], str]) -> ssl.SSLContext:
    """A server's TLS with a certificate that nobody has signed."""
    command = "req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2 -subj /CN=localhost"
    argv = [require_program("openssl"), *command.split(), "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    return context
