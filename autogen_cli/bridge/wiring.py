"""The bridge's parts as the configuration describes them, for the server and for its workers."""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from autogen_cli.bridge.models import PlatformName
from autogen_cli.bridge.queue import JobQueue
from autogen_cli.bridge.repositories import Repositories
from autogen_cli.config import AutogenConfig, Folders
from autogen_cli.security.transport import require_tls
from autogen_cli.service.credentials import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable

    from autogen_cli.bridge.posting import Poster

QUEUE_FILE = Path("bridge/jobs.db")  # below the data folder
CHECKOUTS_FOLDER = Path("bridge/checkouts")


def job_queue(config: AutogenConfig, places: Folders) -> JobQueue:
    return JobQueue(places.data / QUEUE_FILE, lease_seconds=config.bridge.lease_seconds)


def open_repositories(config: AutogenConfig, places: Folders, default: Path | None = None) -> Repositories:
    """GitHub's token goes along to GitHub's own host only. default: the project of sources that aren't named."""
    settings = config.bridge
    host = urlsplit(settings.github_url).netloc
    return Repositories(
        settings.repositories,
        places.data / CHECKOUTS_FOLDER,
        default=default,
        refresh_seconds=settings.refresh_seconds,
        token=_token(config, places, "github"),
        token_host="github.com" if host == "api.github.com" else host,
        allow_http=config.security.allow_http,
    )


def open_posters(config: AutogenConfig, places: Folders) -> "dict[PlatformName, Poster]":
    """Of the platforms that there is a token for. Raises ConfigError for an address without TLS."""
    from autogen_cli.bridge.github_api import GitHubPoster
    from autogen_cli.bridge.linear_api import LinearPoster
    from autogen_cli.bridge.slack_api import SlackPoster

    kinds: dict[PlatformName, Callable[[str, str], Poster]]
    kinds = {"github": GitHubPoster, "slack": SlackPoster, "linear": LinearPoster}
    posters: dict[PlatformName, Poster] = {}
    for platform, kind in kinds.items():
        if token := _token(config, places, platform):
            key = f"{platform}_url"
            url = require_tls(getattr(config.bridge, key), config.security.allow_http, key=f"bridge.{key}")
            posters[platform] = kind(url, token)
    return posters


def _token(config: AutogenConfig, places: Folders, platform: PlatformName) -> str | None:
    """The one in force; from now on no log shows it."""
    keys = Credentials(places.data, rotate_after=config.security.rotate_after).keys(platform)
    return keys[0].value if keys else None
