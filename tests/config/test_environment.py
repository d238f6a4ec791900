"""Credentials: from the environment alone, and never shown."""

from pathlib import Path

import pytest

from autogen_cli.config import BRIDGE_CREDENTIALS, CREDENTIALS, credential
from autogen_cli.config.environment import environment_for_programs, virtual_environment
from autogen_cli.errors import CredentialError


@pytest.mark.parametrize(
    ("provider", "environ", "found"),
    [
        ("openai", {"OPENAI_API_KEY": "sk-1"}, ("sk-1", "OPENAI_API_KEY")),
        ("codegen", {"CODEGEN_API_TOKEN": " t\n"}, ("t", "CODEGEN_API_TOKEN")),
        ("openai", {"CODEGEN_API_TOKEN": "t"}, None),
        ("openai", {"OPENAI_API_KEY": ""}, None),
        ("scaffold", {"OPENAI_API_KEY": "sk-1"}, None),
    ],
)
def test_keys_come_with_the_name_of_their_source(
    provider: str, environ: dict[str, str], found: tuple[str, str] | None
) -> None:
    got = credential(provider, environ)
    assert (got and (got.value, got.source)) == found


def test_a_key_is_not_part_of_its_repr() -> None:
    assert repr(credential("openai", {"OPENAI_API_KEY": "sk-canary"})) == "Credential(source='OPENAI_API_KEY')"


@pytest.mark.parametrize("value", ["sk canary", "canary\r\nX-Header: 1", "canàry", "canary\x00", "canary\udcff"])
def test_what_cannot_be_a_key_is_refused(value: str) -> None:
    with pytest.raises(CredentialError) as refused:
        credential("openai", {"OPENAI_API_KEY": value})
    message = "OPENAI_API_KEY holds characters that no key has: set it again, without quotes or spaces"
    assert str(refused.value) == message
    assert refused.value.exit_code == 4


def test_programs_do_not_see_the_keys() -> None:
    ours = dict.fromkeys((CREDENTIALS | BRIDGE_CREDENTIALS).values(), "canary")
    environ = {**ours, "PATH": "/bin", "ANTHROPIC_API_KEY": "theirs"}
    assert environment_for_programs(environ) == {"PATH": "/bin", "ANTHROPIC_API_KEY": "theirs"}


def test_the_active_virtual_environment() -> None:
    assert virtual_environment({"VIRTUAL_ENV": "/here"}) == Path("/here")
    assert virtual_environment({}) is None
