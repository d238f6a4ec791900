"""Jobs for tests, and clocks."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import tomli_w

from autogen_cli.bridge.fake import FakePlatforms
from autogen_cli.bridge.models import Command, Job, Mistake, Place, PlatformName
from autogen_cli.config import folders

DAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()


def job(
    number: int,
    *,
    principal: str = "github:7",
    asked: Command | Mistake | None = None,
    source: str = "github:acme/shop",
) -> Job:
    """The number is the comment's, and part of the symbol."""
    return Job(
        key=f"gh:1:{number}/0",
        principal=principal,
        source=source,
        place=Place(platform="github", tenant="acme/shop", channel="3", thread=""),
        asked=asked or Command(action="generate", module="shop.money", symbol=f"total_{number}", description="Sums."),
    )


class Clock:
    """Seconds since the epoch; stands still unless it is moved."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


PLACES: dict[PlatformName, tuple[str, str, Place]] = {  # principal, source, place
    "github": ("github:7", "github:acme/shop", Place(platform="github", tenant="acme/shop", channel="3")),
    "slack": ("slack:T1/U1", "slack:T1/C1", Place(platform="slack", tenant="T1", channel="C1", thread="1.2")),
    "linear": ("linear:O1/U1", "linear:O1/S1", Place(platform="linear", tenant="O1", channel="i-3")),
}


def job_on(platform: PlatformName, number: int, asked: Command | Mistake | None = None) -> Job:
    principal, source, place = PLACES[platform]
    asked = asked or Command(action="generate", module="shop.money", symbol=f"total_{number}")
    return Job(key=f"{platform}:{number}/0", principal=principal, source=source, place=place, asked=asked)


def shop(symbols: int) -> dict[str, str | bytes]:
    """A project that calls `total_0`, `total_1`, ..., none of which is there."""
    names = [f"total_{number}" for number in range(symbols)]
    calls = "\n\n\n".join(f"def pay_{name}(prices: list[float]) -> float:\n    return {name}(prices)" for name in names)
    return {
        "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n',
        "shop/__init__.py": "",
        "shop/money.py": '"""Money."""\n',
        "shop/cart.py": f"from shop.money import {', '.join(names)}\n\n\n{calls}\n",
    }


def answer(prompt: str) -> str:
    """A provider's, to whichever of the symbols is asked for."""
    found = re.search(r"Write the function `(\w+)`", prompt)
    assert found, prompt
    return f"```python\ndef {found[1]}(prices: list[float]) -> float:\n    return sum(prices)\n```"


def configure(root: Path, provider_url: str, platforms: FakePlatforms, **bridge: object) -> dict[str, str]:
    """The user's settings: everybody may generate, each platform has that project. Their tokens, as variables."""
    config = folders().config / "config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    urls = {f"{name}_url": getattr(platforms, f"{name}_url") for name in PLACES}
    document = {
        "openai": {"base_url": provider_url, "model": "gpt-5-mini"},
        "security": {"roles": {principal: "generator" for principal, _, _ in PLACES.values()}},
        "bridge": {"repositories": {source: str(root) for _, source, _ in PLACES.values()}} | urls | bridge,
    }
    config.write_text(tomli_w.dumps(document))
    return {"GITHUB_TOKEN": "ghp_fake", "SLACK_BOT_TOKEN": "xoxb-fake", "LINEAR_API_KEY": "lin_api_fake"}
