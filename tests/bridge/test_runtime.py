"""The bridge of one process: what it needs to start, who may ask, what becomes of a message."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autogen_cli.bridge.keys import WebhookSecrets
from autogen_cli.bridge.models import Command, Message, Mistake, Place
from autogen_cli.bridge.runtime import Bridge
from autogen_cli.errors import AutogenError, ConfigError, CredentialError
from autogen_cli.security.audit import AuditLog
from autogen_cli.security.credentials import CredentialStore
from autogen_cli.service.credentials import Credentials
from tests.bridge.conftest import SETTINGS, SetUp

ASKED = (Command(action="usage"), Mistake(line="@autogen gnerate", advice="write generate"))


def message(principal: str = "github:7", number: int = 1) -> Message:
    place = Place(platform="github", tenant="octo/shop", channel="5")
    return Message(key=f"gh:1:{number}", principal=principal, source="github:octo/shop", place=place, text="")


def accept(bridge: Bridge, *messages: Message) -> list[str]:
    with closing(bridge.queue):
        return [bridge.keep(each, ASKED) for each in messages]


def denials(home: Path) -> list[tuple[str, str, str | None]]:
    entries = AuditLog(home / "autogen" / "data" / "audit").entries(None, None)
    return [(one.who, one.outcome, one.subject) for one in entries]


def test_what_is_set_up_is_served(set_up: SetUp) -> None:
    bridge = Bridge(set_up("github", "linear"))
    assert bridge.platforms == ("github", "linear")
    assert (bridge.secrets("github"), bridge.secrets("slack")) == (("github-secret-1",), ())
    assert Bridge(set_up(), platforms=["slack"]).platforms == ("slack",)


@pytest.mark.parametrize(
    ("without", "settings", "code", "message"),
    [
        ("GITHUB_WEBHOOK_SECRET", SETTINGS, 4, "no platform is set up: set GITHUB_WEBHOOK_SECRET and GITHUB_TOKEN"),
        ("GITHUB_TOKEN", SETTINGS, 4, "there is a webhook secret for github, but no token to reply with: set GITHUB_T"),
        ("", "", 3, "there is no code that requests could be about: name the project with --root"),
        (
            "",
            SETTINGS.replace("github:octo/shop", "octo/shop"),
            3,
            "bridge.repositories: 'octo/shop' is no source: write",
        ),
        ("PATH", SETTINGS.replace("/nowhere", "git@host:o/n"), 3, "comes by git, which isn't installed: install git"),
        (
            "",
            SETTINGS + "[bridge]\ngithub_url = 'http://ghe.example'",
            3,
            "bridge.github_url is plain http, and ghe.example",
        ),
        ("", SETTINGS.replace("github:7", "octocat"), 3, "security.roles: 'octocat' is no principal"),
        ("", SETTINGS.replace('"generator"', '"boss"'), 3, 'security.roles."github:7" must be one of viewer'),
    ],
)
def test_what_would_keep_it_from_working_is_said_at_once(
    set_up: SetUp, monkeypatch: pytest.MonkeyPatch, without: str, settings: str, code: int, message: str
) -> None:
    set_up("github", settings=settings)
    if without:
        monkeypatch.setenv(without, "")
    with pytest.raises((ConfigError, CredentialError)) as refused:
        Bridge(None)
    assert refused.value.exit_code == code
    assert message in str(refused.value)


def test_where_nobody_may_ask_a_warning_says_so(set_up: SetUp, caplog: pytest.LogCaptureFixture) -> None:
    Bridge(set_up("github", settings=SETTINGS.replace('"github:7" = "generator"', '"user:me" = "admin"')))
    assert "nobody may ask for anything yet: `autogen audit show` names those who have tried" in caplog.text


def test_a_message_is_kept_once(set_up: SetUp) -> None:
    bridge = Bridge(set_up())
    assert accept(bridge, message(), message(), message(number=2)) == ["accepted", "known", "accepted"]
    with closing(bridge.queue) as queue:
        assert queue.counts()["queued"] == 4
        leased = queue.lease("me")
    assert leased
    assert (leased.job.key, leased.job.principal, leased.job.asked) == ("gh:1:1/0", "github:7", ASKED[0])


def test_beyond_the_quota(set_up: SetUp, home: Path) -> None:
    bridge = Bridge(set_up(), flags={"bridge.requests_per_day": 3})
    assert accept(bridge, *(message(number=number) for number in range(3))) == ["accepted", "over_quota", "over_quota"]
    with closing(bridge.queue) as queue:
        assert queue.used("github:7", datetime.now(UTC).date()) == 3
    assert denials(home) == [("github:7", "denied", "github:octo/shop")] * 2


def test_strangers_are_denied_and_on_record(set_up: SetUp, home: Path) -> None:
    bridge = Bridge(set_up("github"))
    assert accept(bridge, message("github:66")) == ["denied"]
    with closing(bridge.queue) as queue:
        assert queue.counts()["queued"] == 0
    assert denials(home) == [("github:66", "denied", "github:octo/shop")]


def test_what_cannot_be_kept_is_not_accepted(set_up: SetUp) -> None:
    bridge = Bridge(set_up())
    bridge.queue.path.write_bytes(b"damaged" * 1000)
    with pytest.raises(AutogenError, match="the queue of jobs can't be used"):
        accept(bridge, message())


async def test_it_says_why_it_is_not_ready(set_up: SetUp) -> None:
    bridge = Bridge(set_up("github"))
    with closing(bridge.queue):
        assert await bridge.problems() == ["no worker is running"]
    bridge.queue.path.write_bytes(b"damaged" * 1000)
    assert "the queue of jobs can't be used" in (await bridge.problems())[0]


def test_a_changed_secret_is_seen_and_the_old_one_counts_beside_it(home: Path) -> None:
    now = 1000.0
    data = home / "autogen" / "data"
    store = CredentialStore(data / "credentials.db")
    store.put("github-webhook", "old-secret-1")
    secrets = WebhookSecrets(Credentials(data), clock=lambda: now)
    assert secrets("github") == ("old-secret-1",)
    store.put("github-webhook", "new-secret-2", grace=60)
    assert secrets("github") == ("old-secret-1",)
    now += 61
    assert secrets("github") == ("new-secret-2", "old-secret-1")


def test_secrets_that_cannot_be_read_stay_as_they_were(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    now = 1000.0
    data = home / "autogen" / "data"
    CredentialStore(data / "credentials.db").put("github-webhook", "old-secret-1")
    secrets = WebhookSecrets(Credentials(data), clock=lambda: now)
    assert secrets("github") == ("old-secret-1",)
    (data / "credentials.db").chmod(0o644)
    now += 61
    assert secrets("github") == ("old-secret-1",)
    assert "the webhook secret of github stays as it was: others may read the credential file" in caplog.text
    with pytest.raises(CredentialError):
        secrets("slack")


async def test_the_first_message_starts_the_workers_where_no_lifespan_does(
    set_up: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []
    bridge = Bridge(set_up())
    monkeypatch.setattr(bridge.workers, "start", lambda: started.append(1))
    assert [await bridge.accept(message(number=number), ASKED) for number in (1, 1, 2)] == [
        "accepted",
        "known",
        "accepted",
    ]
    await bridge.stop()
    assert started == [1]


def test_settings_that_are_ignored_are_told(set_up: SetUp, caplog: pytest.LogCaptureFixture) -> None:
    root = set_up()
    (root / "autogen.toml").write_text("[bridge]\nport = 1\n")
    assert Bridge(root).settings.port == 8787
    assert "bridge.port in " in caplog.text
