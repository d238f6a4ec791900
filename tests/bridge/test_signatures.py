"""Who signed a body, and when."""

import pytest

from autogen_cli.bridge.signatures import header, is_fresh, is_signed
from tests.bridge.deliveries import PATHS, SECRET, replaced, signed

NOW = 1_700_000_000.0
BODY = b'{"text": "gr\xc3\xbc\xc3\x9f"}'
SIGNATURE = {"github": "x_hub_signature_256", "slack": "x_slack_signature", "linear": "linear_signature"}


def test_the_signatures_of_the_platforms_own_documentation():
    body = b"Hello, World!"
    given = b"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert is_signed("github", "It's a Secret to Everybody", [(b"x-hub-signature-256", given)], body)
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    given = b"v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    headers = [(b"x-slack-request-timestamp", b"1531420618"), (b"x-slack-signature", given)]
    assert is_signed("slack", "8f742231b10e8888abcd99yyyzzz85a5", headers, body)


@pytest.mark.parametrize("platform", PATHS.values())
class TestAPlatform:
    def test_its_own_signature_holds(self, platform):
        assert is_signed(platform, SECRET, signed(platform, BODY, now=NOW), BODY)

    def test_a_changed_body_a_changed_secret_or_none(self, platform):
        headers = signed(platform, BODY, now=NOW)
        assert not is_signed(platform, SECRET, headers, BODY + b" ")
        assert not is_signed(platform, SECRET + "x", headers, BODY)
        for empty in ("", " ", "\n"):
            assert not is_signed(platform, empty, signed(platform, BODY, secret=empty, now=NOW), BODY)

    @pytest.mark.parametrize(
        "forged",
        [
            None, b"", b"sha256=", b"v0=", b"sha1=" + b"0" * 40, b"0" * 64, "grün".encode(), b"\xff\xfe\x00",
            b"=" * 9_000, b"sha256=" + "é".encode() * 32,
        ],
    )  # fmt: skip
    def test_what_is_no_signature_of_it(self, platform, forged):
        headers = replaced(signed(platform, BODY, now=NOW), **{SIGNATURE[platform]: forged})
        assert not is_signed(platform, SECRET, headers, BODY)

    def test_a_signature_in_other_forms(self, platform):
        headers = signed(platform, BODY, now=NOW)
        name = SIGNATURE[platform]
        value = header(headers, name.replace("_", "-").encode())
        for other in (value.upper(), value + b"0", value[:-1], b" " + value, value.replace(b"=", b"") + b"="):
            assert not is_signed(platform, SECRET, replaced(headers, **{name: other}), BODY)

    def test_two_signatures_are_none(self, platform):
        headers = signed(platform, BODY, now=NOW)
        assert not is_signed(platform, SECRET, [*headers, headers[-1]], BODY)
        assert not is_signed(platform, SECRET, [*headers, (headers[-1][0], b"x")], BODY)

    def test_a_secret_that_is_no_text(self, platform):
        secret = b"\xff\xfe".decode(errors="surrogateescape")
        assert not is_signed(platform, secret, signed(platform, BODY, now=NOW), BODY)


def test_slack_signs_the_time_with_the_body():
    headers = signed("slack", BODY, now=NOW)
    assert not is_signed("slack", SECRET, replaced(headers, x_slack_request_timestamp=b"%d" % (NOW + 1)), BODY)
    assert not is_signed("slack", SECRET, replaced(headers, x_slack_request_timestamp=None), BODY)


@pytest.mark.parametrize(
    ("signed_at", "fresh"),
    [
        (b"1700000000", True),
        (b"1699999700", True),
        (b"1700000300", True),
        (b"1699999699", False),
        (b"1700000301", False),
        (b"", False),
        (b"-1", False),
        (b"1700000000.0", False),
        (b" 1700000000", False),
        (b"1_700_000_000", False),
        ("\u0661\u0667".encode(), False),
        (b"9" * 400, False),
        (None, False),
    ],
)
def test_how_old_a_delivery_of_slack_may_be(signed_at, fresh):
    headers = replaced(signed("slack", BODY), x_slack_request_timestamp=signed_at)
    assert is_fresh("slack", headers, {}, now=NOW, window=300) is fresh


@pytest.mark.parametrize(
    ("signed_at", "fresh"),
    [
        (1_700_000_000_000, True),
        (1_699_999_940_000, True),
        (1_700_000_060_000, True),
        (1_699_999_939_999, False),
        (1_700_000_060_001, False),
        (1_700_000_000, False),
        (10**400, False),
        (-(10**400), False),
        (1.7e12, False),
        ("1700000000000", False),
        (True, False),
        (None, False),
    ],
)
def test_how_old_a_delivery_of_linear_may_be(signed_at, fresh):
    assert is_fresh("linear", [], {"webhookTimestamp": signed_at}, now=NOW, window=60) is fresh


def test_where_the_time_is_signed_it_counts_and_elsewhere_not():
    assert is_fresh("github", [], None, now=NOW, window=None)
    assert not is_fresh("linear", [], {}, now=NOW, window=60)
    assert not is_fresh("linear", [], None, now=NOW, window=60)
    assert not is_fresh("slack", signed("slack", BODY, now=NOW), {}, now=NOW, window=None)
