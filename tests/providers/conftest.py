"""What the provider tests share."""

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
