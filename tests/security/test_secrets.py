import ast
from pathlib import Path

import pytest
from splintr import Tokenizer

from autogen_cli.errors import SecretFoundError
from autogen_cli.models import CodeContext, ContextItem, Target
from autogen_cli.security.secrets import Finding, guard, guard_context, scan

RANDOM = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7"
KEY_BODY = "MIIEpAIBAAKCAQEA" + "x9" * 24
PEM = f"-----BEGIN PRIVATE KEY-----\n{KEY_BODY}\n{KEY_BODY}\nab=\n-----END PRIVATE KEY-----"

SECRETS = [
    (f'client = Client("ghp_{RANDOM}")', "github-token", f"ghp_{RANDOM}"),
    (f"KEY = 'sk-proj-{RANDOM}'", "openai-key", f"sk-proj-{RANDOM}"),
    (f'"""\n{PEM}\n"""', "private-key", f"{KEY_BODY}\n{KEY_BODY}\nab="),
    ('password = "hunter2"', "password", "hunter2"),
    ('db_password: str = "Tr0ub4dor&3"', "password", "Tr0ub4dor&3"),
    ("login(user, password='s3cret-pass')", "password", "s3cret-pass"),
    ('{"api_key": "8f14e45fceea167a"}', "password", "8f14e45fceea167a"),
    ('config["SECRET_KEY"] = b"p!ssw?rd"', "password", "p!ssw?rd"),
    ('SIGNING_KEY = (\n    "a1b2c3d4"\n)', "password", "a1b2c3d4"),
    ("DB_PASSWORD=pa55w0rd\nDEBUG=1", "password", "pa55w0rd"),
    ("export API_TOKEN=zz99yy88", "password", "zz99yy88"),
    ('URL = "postgres://ada:l0velace@db/main"', "url-password", "l0velace"),
    ('SALT = "da4SrUiHJYoJ0HYQ0vcgisoIuFOxx4ER"', "high-entropy", "da4SrUiHJYoJ0HYQ0vcgisoIuFOxx4ER"),
]

HARMLESS = [
    "password: str",
    "password = getpass()",
    'password = os.environ["DB_PASSWORD_1"]',
    'password = "changeme1"',
    'password = "secret"',
    '{"new_password1": "password1"}',
    'api_key = "<your key 1>"',
    'api_key = "your-api-key-123"',
    'token = "xxxxxxxx1"',
    'token = f"{prefix}_token_1"',
    'SECRET_KEY = "${SECRET_1}"',
    'password_field = "password_2_confirm"',
    'PASSWORD_HASHERS = "auth.hashers.Argon2"',
    'token_url = "https://example.org/oauth2/token"',
    'secret = "/run/secrets/db1"',
    'secret = "app.secrets.V2"',
    'token = "my_name_1"',
    'URL = "postgres://user:password@localhost/db"',
    'URL = "postgres://user:a%20secret@localhost/db"',
    'DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"',
    'digest = "9e107d9d372bb6826bd81d3542a419d6"',
    'table = "BasePerson_m2m_abstract_Related_2"',
    "max_tokens = '4096'",
    "SECRET_KEY=settings.key1(),",
]


@pytest.mark.parametrize(("text", "rule", "value"), SECRETS)
def test_a_secret_is_found_and_only_its_value_goes(text: str, rule: str, value: str) -> None:
    before = f"import os\n{text}\nrest = 1\n"
    start = before.index(value)
    found = Finding(rule, before.count("\n", 0, start) + 1, start, start + len(value))
    assert scan(before) == (found,)
    after, findings = guard(before, "redact")
    assert findings == (found,)
    assert value not in after
    assert after.startswith(before[:start])
    assert after.endswith(before[start + len(value) :])
    assert after.count("\n") == before.count("\n")
    assert scan(after) == ()


@pytest.mark.parametrize("text", HARMLESS)
def test_names_of_secrets_and_stand_ins_for_them_are_none(text: str) -> None:
    assert scan(text) == ()
    assert guard(text, "redact") == (text, ())


def test_redaction_never_costs_tokens() -> None:
    tokenizer = Tokenizer.from_pretrained("o200k_base")
    for text, _, _ in SECRETS:
        after, _ = guard(text, "redact")
        assert len(tokenizer.encode(after)) <= len(tokenizer.encode(text)), after


def test_code_with_redacted_secrets_is_still_code() -> None:
    escaped = PEM.replace("\n", "\\n")
    joined = '"\n    "'.join(line + "\\n" for line in PEM.split("\n"))
    code = f'a = "{escaped}"\nb = (\n    "{joined}"\n)\nc = {{"password": "hunter2"}}\nd = "ghp_{RANDOM}"\n'
    after, findings = guard(code, "redact")
    assert [finding.rule for finding in findings] == ["private-key", "private-key", "password", "github-token"]
    values = [node.value for node in ast.walk(ast.parse(after)) if isinstance(node, ast.Constant)]
    assert "***" in values
    assert "[redacted:github-token]" in values
    assert KEY_BODY not in after
    assert after.count("-----END PRIVATE KEY-----") == 2
    assert after.count("\n") == code.count("\n")


def test_a_key_under_a_telling_name_is_one_finding() -> None:
    (finding,) = scan(f'GITHUB_TOKEN = "ghp_{RANDOM}"')
    assert finding.rule == "github-token"


def test_refusing_names_rules_and_places_and_no_secret() -> None:
    text = f'a = 1\npassword = "hunter2"\nkey = "ghp_{RANDOM}"\n'
    with pytest.raises(SecretFoundError) as caught:
        guard(text, "refuse", place=lambda finding: f"app.py:{finding.line}")
    assert caught.value.exit_code == 4
    assert caught.value.message.endswith("a secret (password in app.py:2; github-token in app.py:3)")
    assert "hunter2" not in str(caught.value)
    assert RANDOM not in str(caught.value)
    with pytest.raises(SecretFoundError, match="password in line 2; github-token in line 3"):
        guard(text, "refuse")


def test_off_lets_everything_pass_and_harmless_text_is_never_refused() -> None:
    assert guard('password = "hunter2"', "off") == ('password = "hunter2"', ())
    assert guard("x = 1", "refuse") == ("x = 1", ())


def context(text: str, *items: ContextItem) -> CodeContext:
    root = Path("/project")
    target = Target(
        root=root, source_root=root, module="a", path=root / "a.py", symbol="f", kind="function",
        module_exists=True, symbol_exists=False,
    )  # fmt: skip
    return CodeContext(target=target, text=text, tokens=len(text), budget=200, items=items, warnings=("before",))


def item(path: str, text: str) -> ContextItem:
    return ContextItem(kind="test", path=path, line=7, symbol="f", tokens=len(text) + 1, reason="", text=text)


def test_a_context_tells_what_was_taken_out_of_it_and_where() -> None:
    first, second = item("a.py", "x = 1"), item("b.py", f'login()\ntoken = "ghp_{RANDOM}"')
    asked = context(f'{first.text}\n{second.text}\npassword = "hunter2"', first, second)
    guarded = guard_context(asked, "redact", len)
    assert guarded.text == 'x = 1\nlogin()\ntoken = "[redacted:github-token]"\npassword = "***"'
    assert guarded.tokens == len(guarded.text)
    assert guarded.warnings == ("before", "github-token in b.py:7 was redacted", "password in line 4 was redacted")
    assert guarded.items == (first, item("b.py", 'login()\ntoken = "[redacted:github-token]"'))
    with pytest.raises(SecretFoundError, match=r"github-token in b\.py:7; password in line 4"):
        guard_context(asked, "refuse", len)


def test_a_context_without_secrets_is_left_as_it_is() -> None:
    asked = context("x = 1", item("a.py", "x = 1"))
    assert guard_context(asked, "redact", len) is asked
    assert guard_context(context('password = "hunter2"'), "off", len).text == 'password = "hunter2"'
