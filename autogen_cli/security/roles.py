"""Who may do what. A principal has one role; a role allows actions and a cost per request."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from autogen_cli.errors import AccessError

type Role = Literal["viewer", "generator", "approver", "admin"]
type Action = Literal[
    "read", "generate", "spend", "write", "change_cache", "read_audit", "change_config", "change_credentials"
]

# From the least to the most: a role allows its own actions and those of the roles before it.
OWN_ACTIONS: Mapping[Role, tuple[Action, ...]] = {
    "viewer": ("read",),
    "generator": ("generate", "spend"),
    "approver": ("write", "change_cache", "read_audit"),
    "admin": ("change_config", "change_credentials"),
}
WORDS: Mapping[Action, str] = {
    "read": "look at this project, the cache and the usage",
    "generate": "have code generated",
    "spend": "spend money",
    "write": "write into the project",
    "change_cache": "change the cache",
    "read_audit": "read the audit log",
    "change_config": "change the configuration",
    "change_credentials": "change credentials",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPolicy:
    """roles: by principal. limits: most USD that one request may cost, by role; None or no entry: no limit.

    strict: whether a principal without a role may do nothing. Not so on a person's own machine as long as no roles are
    set: there whoever runs the program may do everything.
    """

    roles: Mapping[str, Role]
    limits: Mapping[Role, Decimal | None]
    strict: bool

    def role_of(self, principal: str) -> Role | None:
        """None for a principal without a role."""
        return self.roles.get(principal) if self.strict else "admin"

    def authorize(self, principal: str, action: Action, amount: Decimal | None = Decimal(0)) -> None:
        """amount: USD that the action may cost; None where nobody knows. AccessError says who lacks what."""
        role = self.role_of(principal)
        least = needed_role(action)
        if role is None:
            raise AccessError(f"{principal} has no role and may not {WORDS[action]}", hint=_grant(principal, least))
        ranks = list(OWN_ACTIONS)
        if ranks.index(role) < ranks.index(least):
            raise AccessError(
                f"{principal} has the role {role} and may not {WORDS[action]}", hint=_grant(principal, least)
            )
        limit = self.limits.get(role) if self.strict else None
        if action == "spend" and limit is not None:
            _check_amount(f"{principal} has the role {role}", role, amount, limit)


def needed_role(action: Action) -> Role:
    """The least role that allows an action."""
    return next(role for role, actions in OWN_ACTIONS.items() if action in actions)


def _check_amount(who: str, role: Role, amount: Decimal | None, limit: Decimal) -> None:
    if amount is None:
        hint = f'give the model its price below [prices]; an admin may set security.{role}_usd to "none"'
        raise AccessError(f"{who} and may not spend an unknown amount", hint=hint)
    if amount > limit:
        hint = f"lower the context or the output limit; an admin may raise security.{role}_usd"
        raise AccessError(f"{who} and may spend {limit} USD on one request, not {amount:.4f}", hint=hint)


def _grant(principal: str, role: Role) -> str:
    return f"it takes the role {role} or a higher one: an admin grants it with '{principal}' below [security.roles]"
