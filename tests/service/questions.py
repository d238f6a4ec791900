"""Small, valid models for tests of the service layer."""

from pathlib import Path

from autogen_cli.models import CodeContext, CompletionRequest, Prompt, Target

ROOT = Path("/project")


def target(symbol: str = "helper") -> Target:
    return Target(
        root=ROOT,
        source_root=ROOT,
        module="app.tools",
        path=ROOT / "app" / "tools.py",
        symbol=symbol,
        kind="function",
        module_exists=True,
        symbol_exists=False,
    )


def question(model: str | None = None) -> CompletionRequest:
    context = CodeContext(target=target(), text="", tokens=0, budget=1000)
    return CompletionRequest(
        prompt=Prompt(system="You write code.", user="Write helper."), context=context, model=model, request_id="r1"
    )
