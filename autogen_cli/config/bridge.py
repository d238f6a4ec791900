"""The settings of the bridge: a server's, so that none takes effect from a project's file before it is trusted."""

from collections.abc import Mapping
from typing import Literal

from autogen_cli.config.bounds import DAY, HTTP_URL
from autogen_cli.config.fields import Table, setting


class BridgeConfig(Table):
    """`autogen serve` (extra `bridge`). Secrets: from the environment or `autogen auth`."""

    host: str = setting("Address to listen on.", default="127.0.0.1", protection="always")
    port: int = setting(
        "Port to listen on; 0: any that is free.", default=8787, minimum=0, maximum=65_535, protection="always"
    )
    workers: int = setting("Processes that generate and reply.", default=1, minimum=1, maximum=64, protection="always")
    repositories: Mapping[str, str] = setting(
        "The git URL or folder of each source (github:OWNER/NAME, slack:TEAM/CHANNEL, linear:ORG/TEAM).",
        default={},
        example={"github:octo-org/shop": "https://github.com/octo-org/shop.git"},
        protection="always",
    )
    refresh_seconds: float = setting(
        "A checkout that was fetched within so many seconds isn't fetched again.",
        default=60.0,
        minimum=0,
        maximum=DAY,
        protection="always",
    )
    requests_per_day: int = setting(
        "Most requests of one principal on one day (UTC).", default=100, minimum=0, protection="always"
    )
    mention: str = setting(
        "What a command's line begins with, behind the @.",
        default="autogen",
        pattern=(r"[A-Za-z0-9](-?[A-Za-z0-9])*", "a name of letters, digits and hyphens"),
        protection="always",
    )
    max_body: int = setting(
        "Most bytes that a webhook's body may have.", default=5 * 2**20, minimum=1024, protection="always"
    )
    body_seconds: float = setting(
        "Seconds in which a body has to arrive.", default=10.0, above=0, maximum=300, protection="always"
    )
    slack_window: float = setting(
        "Seconds by which the time of a Slack request may be off.",
        default=300.0,
        above=0,
        maximum=DAY,
        protection="always",
    )
    linear_window: float = setting(
        "Seconds by which the time of a Linear request may be off.",
        default=60.0,
        above=0,
        maximum=DAY,
        protection="always",
    )
    lease_seconds: float = setting(
        "Seconds after which a job whose worker is gone goes to another one.",
        default=60.0,
        minimum=1,
        maximum=DAY,
        protection="always",
    )
    stop_seconds: float = setting(
        "Seconds that jobs in flight get when the server stops; the others wait for its next start.",
        default=20.0,
        minimum=0,
        maximum=DAY,
        protection="always",
    )
    metrics: Literal["local", "all"] = setting(
        "Who may read /metrics: this machine, without a proxy in between, or whoever reaches the port.",
        default="local",
        protection="always",
    )
    github_url: str = setting(
        "Where GitHub's REST API is.", default="https://api.github.com", pattern=HTTP_URL, protection="always"
    )
    slack_url: str = setting(
        "Where Slack's Web API is.", default="https://slack.com/api", pattern=HTTP_URL, protection="always"
    )
    linear_url: str = setting(
        "Where Linear's GraphQL API is.",
        default="https://api.linear.app/graphql",
        pattern=HTTP_URL,
        protection="always",
    )
