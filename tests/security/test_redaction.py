import time

import pytest

from autogen_cli.security import redaction
from autogen_cli.security.redaction import redact, remember_secret, shapes_in
from autogen_cli.security.secrets import scan

RANDOM = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7"
KEY_BODY = "MIIEpAIBAAKCAQEA" + "x9" * 24

KEYS = {
    "anthropic-key": f"sk-ant-api03-{RANDOM}",
    "openai-key": f"sk-proj-{RANDOM}",
    "github-token": f"ghp_{RANDOM}",
    "gitlab-token": f"glpat-{RANDOM}",
    "slack-token": "xoxb-123456789012-abcdef",
    "linear-key": f"lin_api_{RANDOM}",
    "aws-key": "AKIA" + "Z7Q4" * 4,
    "google-key": "AIza" + "aB3dE6g" * 5,
    "stripe-key": f"sk_live_{RANDOM}",
    "registry-token": "pypi-" + RANDOM * 2,
    "huggingface-token": "hf_" + RANDOM * 2,
    "sendgrid-key": f"SG.{RANDOM}.{RANDOM}",
    "telegram-token": "123456789:AA" + "aB3dE6g" * 5,
    "jwt": f"eyJ{RANDOM}.eyJ{RANDOM}.{RANDOM}",
}


@pytest.mark.parametrize(("rule", "key"), KEYS.items())
def test_a_key_of_a_known_issuer_goes_and_the_text_around_it_stays(rule: str, key: str) -> None:
    text = f"refused by the server ({key}), try again"
    assert [name for name, pattern in shapes_in(text) if pattern.search(text)] == [rule]
    assert redact(text) == "refused by the server ([redacted]), try again"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abc.def", "Authorization: Bearer [redacted]"),
        (f"authorization: token ghp_{RANDOM}", "authorization: token [redacted]"),
        ("sent 'Basic dXNlcjpwYXNz'", "sent 'Basic [redacted]'"),
        ("password=hunter2, user=ada", "password=[redacted], user=ada"),
        ("{'api_key': 'zzz', 'n': 1}", "{'api_key': '[redacted]', 'n': 1}"),
        ('{"client_secret": "s3", "id": 7}', '{"client_secret": "[redacted]", "id": 7}'),
        ("GET /v1?api_key=abc&page=2", "GET /v1?api_key=[redacted]&page=2"),
        ("OPENAI_API_KEY=sk-short", "OPENAI_API_KEY=[redacted]"),
        ("postgres://ada:pw@db/main", "postgres://ada:[redacted]@db/main"),
        ("AccountKey=" + "Ab1" * 24 + "==;x", "AccountKey=[redacted];x"),
        ("https://hooks.slack.com/services/T0/B0/" + RANDOM, "https://hooks.slack.com/services/[redacted]"),
        ("token: [redacted]", "token: [redacted]"),
    ],
)
def test_the_name_of_a_value_stays_and_the_value_goes(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "tokens=300 max_tokens: 4",
        'if "-----BEGIN PRIVATE KEY-----" in text: pass',
        "sk-learn-and-other-words-with-dashes",
        "the passage https://example.org/a:b@c stays",
        "tokenizer = load()",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            f"-----BEGIN EC PRIVATE KEY-----\nVersion: 1\n{KEY_BODY}\n{KEY_BODY}\nab=\n-----END EC PRIVATE KEY-----\n",
            "-----BEGIN EC PRIVATE KEY-----\nVersion: 1\n[redacted]\n-----END EC PRIVATE KEY-----\n",
        ),
        (
            f'key = "-----BEGIN PRIVATE KEY-----\\n{KEY_BODY}\\nab=\\n-----END PRIVATE KEY-----"',
            'key = "-----BEGIN PRIVATE KEY-----\\n[redacted]\\n-----END PRIVATE KEY-----"',
        ),
        (
            f"-----BEGIN PRIVATE KEY-----\n{KEY_BODY}\n\ndef cut(off): ...",
            "-----BEGIN PRIVATE KEY-----\n[redacted]\n\ndef cut(off): ...",
        ),
    ],
)
def test_a_private_key_goes_and_its_frame_stays(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_known_secrets_go_whatever_they_look_like(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_known", set())
    remember_secret("plain words")
    remember_secret("short")
    assert redact("plain words, short, another one", ["another one", "one"]) == "[redacted], short, [redacted]"


def test_the_longer_of_two_known_secrets_is_replaced_first() -> None:
    assert redact("abcdefgh", ["abcdef", "abcdefgh"]) == "[redacted]"


@pytest.mark.parametrize(
    "unit", ["-----BEGIN PRIVATE KEY-----\n", "A" * 15 + "\n", "sk-a-", "password: ", "x://a:", "eyJ"]
)
def test_hostile_text_takes_linear_time(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    before = time.process_time()
    redact(text)
    scan(text)
    assert time.process_time() - before < 5  # quadratic would be minutes
