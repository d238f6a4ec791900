"""The fake platforms refuse what the real ones refuse, and sign as they sign."""

import json
from typing import Any

import aiohttp
import pytest

from autogen_cli.bridge.fake import FakePlatforms, sign_github, sign_linear, sign_slack
from autogen_cli.bridge.models import PlatformName
from autogen_cli.bridge.signatures import is_fresh, is_signed

NOW = 1_800_000_000.0
BODY = json.dumps({"webhookTimestamp": int(NOW * 1000), "text": "ü"}).encode()
SIGNED: list[tuple[PlatformName, dict[str, str]]] = [
    ("github", sign_github("s3cret", BODY)),
    ("slack", sign_slack("s3cret", BODY, now=NOW)),
    ("linear", sign_linear("s3cret", BODY)),
]


@pytest.mark.parametrize(("platform", "signed"), SIGNED)
def test_what_is_signed_here_is_let_in(platform: PlatformName, signed: dict[str, str]) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in signed.items()]
    assert is_signed(platform, "s3cret", headers, BODY)
    assert not is_signed(platform, "another", headers, BODY)
    assert not is_signed(platform, "s3cret", headers, BODY + b" ")
    assert is_fresh(platform, headers, json.loads(BODY), now=NOW + 1, window=60)
    assert is_fresh(platform, headers, json.loads(BODY), now=NOW + 61, window=60) is (platform == "github")


REFUSED: list[tuple[str, str, str, Any, int, str]] = [
    (
        "POST",
        "/github/repos/o/r/issues/7/comments",
        "Bearer ghp_fake",
        {"body": "x" * 65_537},
        422,
        "Validation Failed",
    ),
    ("POST", "/github/repos/o/r/issues/7/comments", "Bearer other", {"body": "x"}, 401, "Bad credentials"),
    ("GET", "/github/repos/o/r/labels", "Bearer ghp_fake", None, 404, "Not Found"),
    ("POST", "/slack/api/chat.delete", "Bearer xoxb-fake", {}, 200, "unknown_method"),
    ("POST", "/slack/api/chat.postMessage", "", {}, 200, "invalid_auth"),
    ("POST", "/linear/graphql", "Bearer lin_api_fake", {}, 401, "AUTHENTICATION_ERROR"),
    ("POST", "/elsewhere", "", {}, 404, ""),
]


@pytest.mark.parametrize(("method", "path", "token", "asked", "status", "words"), REFUSED)
async def test_it_refuses_in_the_platforms_own_words(
    method: str, path: str, token: str, asked: Any, status: int, words: str
) -> None:
    async with FakePlatforms() as fake, aiohttp.ClientSession(headers={"authorization": token}) as session:
        async with session.request(method, f"{fake.base_url}{path}", json=asked) as response:
            assert (response.status, words in await response.text()) == (status, True)
        assert fake.posted == []
