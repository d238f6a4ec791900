"""One rule for the command line, the library and servers: who may do what, and what is written down about it."""

import contextlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from autogen_cli.config import SecurityConfig, folders, load
from autogen_cli.errors import AccessError, ConfigError
from autogen_cli.models import GenerationRequest
from autogen_cli.providers.fake import FakeServer
from autogen_cli.security.audit import AuditLog
from autogen_cli.security.audit_reading import AuditEntry
from autogen_cli.security.principals import local_principal
from autogen_cli.security.roles import Action, Role
from autogen_cli.service.access import Access
from autogen_cli.service.generate import Generator
from autogen_cli.service.plan import GenerateOptions
from autogen_cli.service.wiring import open_services
from autogenlib import AutogenClient
from tests.cli.test_generate import ANSWER, FILES, MISFIT, contents
from tests.conftest import MakeProject, RunAutogen
from tests.security.test_roles import MATRIX

ME = local_principal()
ASK = "generate shop.money total"
COMMANDS: list[tuple[str, Action]] = [
    ("context shop.money total", "read"),
    (f"{ASK} --dry-run", "read"),
    ("check code.py shop.money total", "read"),
    ("usage", "read"),
    ("cache stats", "read"),
    ("cache list", "read"),
    ("cache explain shop.money total", "read"),
    ("config show", "read"),
    ("config get model", "read"),
    ("auth list", "read"),
    (ASK, "generate"),
    (f"{ASK} --write", "write"),
    ("batch rows.jsonl --provider scaffold", "generate"),
    ("batch rows.jsonl --provider scaffold --write", "write"),
    ("cache clear", "change_cache"),
    ("cache prune", "change_cache"),
    ("cache zero-stats", "change_cache"),
    ("cache invalidate shop/money.py", "change_cache"),
    ("cache rekey", "change_cache"),
    ("audit show", "read_audit"),
    ("audit verify", "read_audit"),
    ("config set model m", "change_config"),
    ("config set model m --project", "change_config"),
    ("config unset model", "change_config"),
    ("config init --project", "change_config"),
    ("config trust", "change_config"),
    ("auth logout openai", "change_credentials"),
]
ROWS = '{"module": "shop.money", "symbol": "total"}\n'
ACTIONS = ("read", "generate", "spend", "write", "change_cache", "read_audit", "change_config", "change_credentials")


@pytest.fixture
def shop(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = make_project(
        {**FILES, "code.py": "def total(prices, *, rate=0.0):\n    return sum(prices)\n", "rows.jsonl": ROWS}
    )
    monkeypatch.chdir(root)
    return root


@contextlib.contextmanager
def serving(answer: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    """A provider whose model costs 0.20 USD for 2,000 tokens of output."""
    with FakeServer([answer]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("AUTOGEN_OPENAI_MODEL", "m")
        monkeypatch.setenv("AUTOGEN_OPENAI_MAX_OUTPUT_TOKENS", "2000")
        monkeypatch.setenv("AUTOGEN_PRICES", "{m = {input = 1, output = 100}}")
        yield server


def grant(home: Path, roles: dict[str, str], more: str = "") -> None:
    (home / "autogen").mkdir(exist_ok=True)
    lines = [f"'{principal}' = '{role}'" for principal, role in roles.items()]
    (home / "autogen" / "config.toml").write_text("\n".join([more, "[security.roles]", *lines]))


def log() -> list[AuditEntry]:
    return list(AuditLog(folders().data / "audit").entries())


@pytest.mark.parametrize("role", MATRIX)
def test_every_role_with_every_command(role: Role | None, shop: Path, home: Path, autogen: RunAutogen) -> None:
    before = contents(shop)
    allowed = dict(zip(ACTIONS, MATRIX[role].split(), strict=True))
    for words, action in COMMANDS:
        grant(home, {ME: role} if role else {"user:somebody-else": "admin"})
        settings = (home / "autogen" / "config.toml").read_bytes()
        ran = autogen(*words.split())
        if allowed[action] == "yes":
            assert ran.code != 4, (words, ran.err)
            continue
        assert (ran.code, ran.out) == (4, ""), (words, ran.err)
        assert ME in ran.err
        assert (f"the role {role}" if role else "no role") in ran.err
        assert (log()[-1].outcome, log()[-1].who, log()[-1].role) == ("denied", ME, role)
        assert (home / "autogen" / "config.toml").read_bytes() == settings
    assert contents(shop) == before or allowed["write"] == "yes"


def test_without_roles_everything_is_allowed_and_on_record(shop: Path, autogen: RunAutogen) -> None:
    autogen(*f"{ASK} --provider scaffold".split())
    autogen(*f"{ASK} --provider scaffold --write".split())
    autogen("cache", "clear")
    autogen("config", "set", "model", "m")
    autogen("generate", "shop.money", "total", "--provider", "scaffold", "--max-cost", "-1")
    facts = [(one.action, one.outcome, one.subject, one.who) for one in log()]
    assert facts == [
        ("generate", "scaffold", "shop.money.total", ME),
        ("generate", "cached", "shop.money.total", ME),
        ("write", "done", "shop/money.py", ME),
        ("change_cache", "done", "cache clear", ME),
        ("change_config", "done", "model", ME),
    ]
    assert {one.project for one in log()} == {str(shop)}
    text = (folders().data / "audit" / "audit.jsonl").read_text()
    assert "def total" not in text


def test_a_failure_is_on_record(shop: Path, autogen: RunAutogen) -> None:
    autogen(*f"{ASK} --offline".split())
    (entry,) = log()
    assert (entry.action, entry.outcome, entry.detail) == ("generate", "error", "provider_unavailable")


@pytest.mark.parametrize(
    ("limit", "code", "received"), [("generator_usd = 0.1", 4, 0), ("generator_usd = 'none'", 0, 1), ("", 0, 1)]
)
def test_a_generator_spends_up_to_its_limit(
    shop: Path, home: Path, monkeypatch: pytest.MonkeyPatch, autogen: RunAutogen, limit: str, code: int, received: int
) -> None:
    grant(home, {ME: "generator"}, f"[security]\n{limit}")
    with serving(ANSWER, monkeypatch) as server:
        ran = autogen(*ASK.split())
        assert (ran.code, len(server.requests)) == (code, received), ran.err
    assert (log()[-1].action, log()[-1].outcome) == (("spend", "denied") if code else ("generate", "accepted"))
    if code:
        assert f"{ME} has the role generator and may spend 0.1 USD on one request, not 0.20" in ran.err
    else:
        assert log()[-1].cost_usd is not None


def test_a_repair_beyond_the_limit_is_not_sent_and_the_first_answer_stays(
    shop: Path, home: Path, monkeypatch: pytest.MonkeyPatch, autogen: RunAutogen
) -> None:
    grant(home, {ME: "generator"}, "[security]\ngenerator_usd = 0.2015")
    with serving(MISFIT, monkeypatch) as server:
        ran = autogen(*ASK.split(), "--repair", "3", "--json")
        assert (ran.code, ran.json["status"], len(server.requests)) == (6, "rejected", 1), ran.err


async def test_the_library_obeys_the_same_rule(shop: Path, home: Path) -> None:
    grant(home, {ME: "generator"})
    async with AutogenClient(settings={"provider": "scaffold"}) as client:
        made = await client.generate_code("shop.money", "total")
        assert made.status == "scaffold"
        with pytest.raises(AccessError, match="has the role generator and may not write"):
            await client.generate_code("shop.money", "total", options=GenerateOptions(write=True))
    grant(home, {ME: "viewer"})
    async with AutogenClient(settings={"provider": "scaffold"}) as client:
        with pytest.raises(AccessError, match="has the role viewer and may not have code generated"):
            await client.generate_code("shop.money", "total")


@pytest.mark.parametrize(
    ("roles", "allowed"), [({}, False), ({"github:7": "viewer"}, False), ({"github:7": "generator"}, True)]
)
def test_whom_a_server_serves_may_do_nothing_without_a_role(
    shop: Path, home: Path, roles: dict[str, str], allowed: bool
) -> None:
    grant(home, {**roles, ME: "admin"} if roles else {})

    def ask() -> str:
        with open_services(
            shop, command="bridge", warn=print, detail=print, flags={"provider": "scaffold"}, principal="github:7"
        ) as services:
            return (
                Generator(services)
                .run(GenerationRequest(module="shop.money", symbol="total"), GenerateOptions())
                .result.status
            )

    if allowed:
        assert ask() == "scaffold"
    else:
        with pytest.raises(AccessError, match="github:7 has"):
            ask()
    assert log()[-1].who == "github:7"


def test_a_project_grants_no_roles(shop: Path, autogen: RunAutogen) -> None:
    (shop / "autogen.toml").write_text(
        f"[security]\naudit = false\nroles = {{ '{ME}' = 'viewer' }}\ngenerator_usd = 99\n"
    )
    ran = autogen("generate", "shop.money", "total", "--provider", "scaffold", "--json")
    assert ran.code == 0
    for key in ("security.roles", "security.audit", "security.generator_usd"):
        assert any(key in warning and "is ignored" in warning for warning in ran.json["warnings"])
    assert len(log()) == 1


def test_a_grant_to_nobody_is_an_error(shop: Path, home: Path, autogen: RunAutogen) -> None:
    grant(home, {"alice": "admin"})
    ran = autogen("cache", "stats")
    assert ran.code == 3
    assert "security.roles: 'alice' is no principal: write user:alice" in ran.err


def test_a_log_that_cannot_be_written_is_a_warning_for_oneself_and_the_end_where_roles_count(
    shop: Path, home: Path, autogen: RunAutogen
) -> None:
    (home / "autogen" / "data").mkdir(parents=True)
    (home / "autogen" / "data" / "audit").write_text("in the way")
    ran = autogen("generate", "shop.money", "total", "--provider", "scaffold", "--write", "--json")
    assert ran.code == 0
    assert [warning for warning in ran.json["warnings"] if "the audit log in" in warning] != []
    grant(home, {ME: "admin"})
    ran = autogen("generate", "shop.money", "cents2", "--provider", "scaffold", "--kind", "function")
    assert (ran.code, ran.out) == (3, "")
    assert "can't be written" in ran.err


def access(key_file: Path | None) -> Access:
    config = load(Path("/")).config
    vars(config)["security"] = SecurityConfig(audit_key_file=key_file)
    return Access(config, folders(), project=Path("/"), warn=print)


def test_the_audit_key_comes_from_a_file(tmp_path: Path) -> None:
    key = tmp_path / "key"
    with pytest.raises(ConfigError, match="can't be read"):
        access(key).record("write", "done")
    key.write_bytes(b"short")
    with pytest.raises(ConfigError, match="less than 16 bytes"):
        access(key).record("write", "done")
    key.write_bytes(b"0123456789abcdef")
    access(key).record("write", "done", cost_usd=Decimal(1))
    assert access(key).verify().problems == ()
    assert len(access(None).verify().problems) == 2


@pytest.mark.parametrize("broken", ["autogen.toml", "config.toml"])
def test_a_broken_file_can_be_mended(shop: Path, home: Path, autogen: RunAutogen, broken: str) -> None:
    if broken == "autogen.toml":
        grant(home, {ME: "viewer"})
        (shop / broken).write_text("nonsense = 1\n")
    else:
        grant(home, {}, "nonsense = 1")
    ran = autogen("config", "unset", "nonsense", *(["--project"] if broken == "autogen.toml" else []))
    assert ran.code == (4 if broken == "autogen.toml" else 0)
