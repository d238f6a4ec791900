"""Every role times every action."""

from decimal import Decimal
from typing import get_args

import pytest

from autogen_cli.errors import AccessError, ConfigError
from autogen_cli.security.principals import check_principal, local_principal
from autogen_cli.security.roles import (
    OWN_ACTIONS,
    WORDS,
    AccessPolicy,
    Action,
    Role,
    needed_role,
)

ACTIONS: tuple[Action, ...] = get_args(Action.__value__)
ROLES: tuple[Role, ...] = get_args(Role.__value__)

#                     read, generate, spend, write, change_cache, read_audit, change_config, change_credentials
MATRIX: dict[Role | None, str] = {
    None: "-  -  -  -  -  -  -  -",
    "viewer": "yes  -  -  -  -  -  -  -",
    "generator": "yes  yes  yes  -  -  -  -  -",
    "approver": "yes  yes  yes  yes  yes  yes  -  -",
    "admin": "yes  yes  yes  yes  yes  yes  yes  yes",
}
CASES = [
    (role, action, word == "yes")
    for role, words in MATRIX.items()
    for action, word in zip(ACTIONS, words.split(), strict=True)
]


def policy(role: Role | None, *, strict: bool = True, limit: str | None = None) -> AccessPolicy:
    roles: dict[str, Role] = {"user:ann": role} if role else {}
    limits: dict[Role, Decimal | None] = {role: Decimal(limit)} if role and limit else {}
    return AccessPolicy(roles=roles, limits=limits, strict=strict)


def test_the_matrix_is_whole() -> None:
    assert set(MATRIX) == {None, *ROLES}
    assert set(ROLES) == set(OWN_ACTIONS)
    assert set(ACTIONS) == set(WORDS) == {action for own in OWN_ACTIONS.values() for action in own}


@pytest.mark.parametrize(("role", "action", "allowed"), CASES)
def test_a_role_allows_its_actions_and_no_other(role: Role | None, action: Action, allowed: bool) -> None:
    if allowed:
        policy(role).authorize("user:ann", action)
        return
    with pytest.raises(AccessError) as caught:
        policy(role).authorize("user:ann", action)
    assert "user:ann" in caught.value.message
    assert (f"the role {role}" if role else "no role") in caught.value.message
    assert WORDS[action] in caught.value.message
    assert f"the role {needed_role(action)} or a higher one" in str(caught.value.hint)
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("action", ACTIONS)
def test_who_is_not_named_may_do_nothing_once_roles_count(action: Action) -> None:
    with pytest.raises(AccessError, match="user:mallory has no role"):
        policy("admin").authorize("user:mallory", action)


@pytest.mark.parametrize("action", ACTIONS)
def test_on_a_machine_without_roles_its_user_may_do_everything(action: Action) -> None:
    policy(None, strict=False).authorize("user:ann", action, None)


@pytest.mark.parametrize("role", ["generator", "approver", "admin"])
@pytest.mark.parametrize(
    ("limit", "amount", "problem"),
    [
        ("0.50", "0.50", None),
        ("0.50", "0.51", "may spend 0.50 USD on one request, not 0.5100"),
        ("0.50", None, "may not spend an unknown amount"),
        ("0", "0", None),
        (None, "1000", None),
        (None, None, None),
    ],
)
def test_a_role_spends_up_to_its_limit(role: Role, limit: str | None, amount: str | None, problem: str | None) -> None:
    wanted = Decimal(amount) if amount else None
    if problem is None:
        policy(role, limit=limit).authorize("user:ann", "spend", wanted)
        return
    with pytest.raises(AccessError, match=problem) as caught:
        policy(role, limit=limit).authorize("user:ann", "spend", wanted)
    assert f"security.{role}_usd" in str(caught.value.hint)


@pytest.mark.parametrize(
    "principal",
    [
        "user:ann",
        "user:CORP\\ann smith",
        "token:0123abcd",
        "github:583231",
        "slack:T0/U1",
        "linear:org-1/u-2",
        "user:é",
    ],
)
def test_principals(principal: str) -> None:
    check_principal(principal)


@pytest.mark.parametrize(
    ("principal", "hint"),
    [
        ("ann", "write user:ann"),
        ("", "write user:NAME"),
        ("user:", "write user:NAME"),
        ("github:ann", "write user:NAME"),
        ("slack:T0", "write user:NAME"),
        ("slack:T0/U1/x", "write user:NAME"),
        ("token:xyz", "write user:NAME"),
        ("everyone:*", "write user:NAME"),
        ("user:a\nb", "write user:NAME"),
    ],
)
def test_what_is_no_principal(principal: str, hint: str) -> None:
    with pytest.raises(ConfigError, match="is no principal") as caught:
        check_principal(principal)
    assert str(caught.value.hint).startswith(hint)


def test_the_local_principal_is_no_matter_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    before = local_principal()
    for name in ("USER", "LOGNAME", "USERNAME", "LNAME"):
        monkeypatch.setenv(name, "admin-of-everything")
    assert local_principal() == before
    monkeypatch.setattr("os.geteuid", lambda: 4_000_000_001)
    assert local_principal() == "user:4000000001"
