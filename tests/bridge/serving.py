"""`autogen serve` as somebody runs it, between fake platforms and a fake provider; and webhooks as they are sent."""

import contextlib
import http.client
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from autogen_cli.bridge.fake import FakePlatforms, sign_github, sign_linear, sign_slack
from autogen_cli.bridge.models import PlatformName
from autogen_cli.providers.fake import FakeServer

SECRETS: Mapping[PlatformName, str] = {"github": "hook-of-github", "slack": "hook-of-slack", "linear": "hook-of-linear"}
SHOP = {
    "shop/__init__.py": "",
    "shop/money.py": '"""Amounts in cents."""\n\n\ndef net(gross: int) -> int:\n    return gross * 100 // 119\n',
    "shop/cart.py": (
        "from shop.money import total\n\n\n"
        "def checkout(prices: list[int]) -> int:\n    return total(prices, rebate=5)\n"
    ),
}
ANSWER = "```python\ndef total(prices: list[int], rebate: int = 0) -> int:\n    return sum(prices) - rebate\n```"
SETTINGS = """
provider = "openai"
[openai]
base_url = "{base_url}"
[bridge]
github_url = "{github_url}"
slack_url = "{slack_url}"
linear_url = "{linear_url}"
lease_seconds = 3
{bridge}
[bridge.repositories]
"github:octo/shop" = "{shop}"
"github:Codertocat/Hello-World" = "{shop}"
"slack:T1/C1" = "{shop}"
"linear:org-1/team-1" = "{shop}"
[security.roles]
"github:7" = "generator"
"github:21031067" = "generator"
"slack:T1/U1" = "generator"
"linear:org-1/user-1" = "generator"
"""
COMMAND = ("-m", "autogen_cli", "serve", "--port", "0", "--json")
ASK = "@autogen generate shop.money total"

_numbers = itertools.count(1)

type Headers = Mapping[str, str]


def github(text: str, *, user: int = 7, number: int | None = None, **more: Any) -> bytes:
    """A comment on an issue, with all that CodegenApp's models ask for."""
    author = {"id": user, "type": "User", "login": f"user{user}", "node_id": "U"}
    comment = {"id": number or next(_numbers), "body": text, "user": author, **more}
    repository = {"id": 1, "full_name": "octo/shop", "name": "shop", "node_id": "R", "private": False, "owner": author}
    issue = {
        "id": 9,
        "number": 5,
        "title": "",
        "body": "",
        "user": author,
        "state": "open",
        "comments": 1,
        "node_id": "I",
    }
    document = {"action": "created", "issue": issue, "comment": comment}
    return json.dumps({**document, "repository": repository, "sender": author}).encode()


def slack(text: str, *, user: str = "U1", number: int | None = None) -> bytes:
    """A mention of our bot, U0."""
    time = f"1700000000.{number or next(_numbers):06}"
    event = {
        "type": "app_mention",
        "user": user,
        "text": text.replace("@autogen", "<@U0>"),
        "ts": time,
        "event_ts": time,
        "channel": "C1",
    }
    own = [{"team_id": "T1", "user_id": "U0", "is_bot": True}]
    return json.dumps({"type": "event_callback", "team_id": "T1", "event": event, "authorizations": own}).encode()


def linear(text: str, *, user: str = "user-1", number: int | None = None, at: float | None = None) -> bytes:
    """A comment on an issue."""
    own = f"0000{number or next(_numbers):04}-0000-4000-8000-000000000000"
    data = {
        "id": own,
        "body": text,
        "userId": user,
        "issueId": "issue-1",
        "issue": {"id": "issue-1", "teamId": "team-1"},
    }
    document = {"action": "create", "type": "Comment", "organizationId": "org-1", "data": data}
    document |= {"actor": {"id": user, "type": "user"}, "url": "https://linear.app/org/issue/ENG-1"}
    return json.dumps({**document, "webhookTimestamp": int((at or time.time()) * 1000)}).encode()


def sample(path: Path, text: str, *, number: int) -> bytes:
    """A webhook that GitHub has published, with another text and another id where somebody wrote one."""
    document = json.loads(path.read_bytes())
    for name in ("comment", "pull_request", "issue"):
        if name in document:
            document[name] |= {"body": text, "id": number}
            break
    return json.dumps(document).encode()


MAKE: Mapping[PlatformName, Callable[..., bytes]] = {"github": github, "slack": slack, "linear": linear}


def signed(
    platform: PlatformName, body: bytes, *, secret: str | None = None, at: float | None = None
) -> dict[str, str]:
    """The headers of a delivery. at: when Slack has signed it."""
    secret = SECRETS[platform] if secret is None else secret
    if platform == "slack":
        return sign_slack(secret, body, now=at or time.time())
    if platform == "linear":
        return sign_linear(secret, body)
    hook = dict.fromkeys(("Delivery", "Hook-ID", "Hook-Installation-Target-ID", "Hook-Installation-Target-Type"), "1")
    unsigned = {f"X-GitHub-{name}": value for name, value in {"Event": "issue_comment", **hook}.items()}
    return {**unsigned, **sign_github(secret, body)}


@dataclass
class Site:
    """Everything around a server. home: its AUTOGEN_HOME. shop: the project that requests are about."""

    home: Path
    shop: Path
    urls: Mapping[str, str]  # of the fakes: base_url of the provider's, github_url, slack_url, linear_url
    provider: FakeServer | None = None
    platforms: FakePlatforms | None = None
    address: str = ""
    process: subprocess.Popen[str] | None = None
    started: str = ""  # what it said then

    @property
    def environ(self) -> dict[str, str]:
        tokens = {"GITHUB_TOKEN": "ghp_fake", "SLACK_BOT_TOKEN": "xoxb-fake", "LINEAR_API_KEY": "lin_api_fake"}
        secrets = {
            "GITHUB_WEBHOOK_SECRET": SECRETS["github"],
            "SLACK_SIGNING_SECRET": SECRETS["slack"],
            "LINEAR_WEBHOOK_SECRET": SECRETS["linear"],
        }
        own = {"AUTOGEN_HOME": str(self.home), "OPENAI_API_KEY": "sk-of-the-fake", **tokens, **secrets}
        return {**os.environ, **own}

    def configure(self, bridge: str = "") -> None:
        """bridge: further settings below `[bridge]`."""
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "config.toml").write_text(SETTINGS.format(shop=self.shop, bridge=bridge, **self.urls))

    def start(
        self, *words: str, argv: tuple[str, ...] = ("-m", "autogen_cli", "serve", "--port", "0", "--json")
    ) -> None:
        """Starts the server, and waits until it is ready."""
        with (self.home / "stderr").open("a") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, *argv, *words],
                env=self.environ,
                cwd=self.home,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        assert self.process.stdout
        documents = (line for line in self.process.stdout if line.startswith("{"))  # an app may say more than that
        self.started = next(documents, "")
        assert self.started, self.stderr
        self.address = json.loads(self.started)["address"]
        self.until(lambda: self.get("/readyz")[0] == 200)

    @property
    def stderr(self) -> str:
        return (self.home / "stderr").read_text()

    def stop(self, sig: signal.Signals = signal.SIGTERM) -> int:
        assert self.process
        self.process.send_signal(sig)
        with self.process:  # closes its pipe
            return self.process.wait(60)

    def deliver(self, platform: PlatformName, body: bytes, headers: Headers | None = None) -> int:
        """The status of the answer. headers: rightly signed if not given."""
        return self.request(
            "POST", f"/{platform}/events", body, signed(platform, body) if headers is None else headers
        )[0]

    def get(self, path: str, headers: Headers | None = None) -> tuple[int, str]:
        return self.request("GET", path, None, headers or {})

    def request(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, str]:
        parts = urlsplit(self.address)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        with contextlib.closing(connection):
            try:
                connection.request(method, path, body, {"Content-Type": "application/json", **headers})
                answer = connection.getresponse()
            except ConnectionError:
                return 0, ""
            return answer.status, answer.read().decode()

    def until(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        """Waits for what other processes do."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, (self.stderr, self.platforms.posted)
            time.sleep(0.02)


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def write_shop(folder: Path) -> Path:
    """The project that requests are about."""
    shop = folder / "shop-project"
    for name, content in SHOP.items():
        (shop / name).parent.mkdir(parents=True, exist_ok=True)
        (shop / name).write_text(content)
    return shop


@contextlib.contextmanager
def site(folder: Path, **fakes: Any) -> Iterator[Site]:
    """A site whose server, if one was started, ends with it. fakes: of the FakeServer."""
    with FakeServer(**{"answers": [ANSWER], **fakes}) as provider, FakePlatforms() as platforms:
        urls = {f"{name}_url": getattr(platforms, f"{name}_url") for name in MAKE}
        urls["base_url"] = provider.base_url
        home = folder / "served-home"
        made = Site(home=home, shop=write_shop(folder), urls=urls, provider=provider, platforms=platforms)
        made.configure()
        try:
            yield made
        finally:
            if made.process and made.process.returncode is None:
                made.stop()
