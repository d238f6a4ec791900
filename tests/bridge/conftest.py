"""A bridge that is set up: settings, secrets, somebody who may ask."""

from collections.abc import Callable
from pathlib import Path

import pytest

SECRETS = {"github": "github-secret-1", "slack": "slack-secret-1", "linear": "linear-secret-1"}
VARIABLES = {
    "github": ("GITHUB_WEBHOOK_SECRET", "GITHUB_TOKEN"),
    "slack": ("SLACK_SIGNING_SECRET", "SLACK_BOT_TOKEN"),
    "linear": ("LINEAR_WEBHOOK_SECRET", "LINEAR_API_KEY"),
}
SETTINGS = """
[security.roles]
"github:7" = "generator"
"slack:T1/U1" = "generator"
"linear:O1/L1" = "generator"
[bridge.repositories]
"github:octo/shop" = "/nowhere"
"slack:T1/C1" = "/nowhere"
"linear:O1/ENG" = "/nowhere"
"""

type SetUp = Callable[..., Path]


@pytest.fixture
def set_up(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SetUp:
    """Sets platforms up, and gives the folder whose settings count."""

    def make(*platforms: str, settings: str = SETTINGS) -> Path:
        file = home / "autogen" / "config.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(settings)
        for platform in platforms or SECRETS:
            secret, token = VARIABLES[platform]
            monkeypatch.setenv(secret, SECRETS[platform])
            monkeypatch.setenv(token, f"{platform}-token-1")
        root = tmp_path / "served"
        root.mkdir(exist_ok=True)
        return root

    return make
