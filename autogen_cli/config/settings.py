"""Every setting of autogen, declared once: type, default, limits and doc.

The TOML reader, the names in the environment, `autogen.toml.example`, the JSON Schema and `autogen config` derive from
these classes. A table is flat; the key of a setting is `<table>.<name>`, or its name at the top.
"""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from autogen_cli.config.bounds import DAY, HTTP_URL, MOST_USD, REDIS_URL
from autogen_cli.config.bridge import BridgeConfig
from autogen_cli.config.fields import Setting, Table, nearest, setting
from autogen_cli.errors import ConfigError


class OpenAIConfig(Table):
    """Any endpoint that speaks OpenAI's chat completions. The key comes from OPENAI_API_KEY."""

    base_url: str = setting(
        "Where the API is.",
        default="https://api.openai.com/v1",
        pattern=HTTP_URL,
        protection="always",
        variable="OPENAI_BASE_URL",
    )
    model: str = setting("Model of this provider, unless the `model` above all tables is set.", default="gpt-5-mini")
    max_output_tokens: int = setting("Most tokens that an answer may take.", default=8192, minimum=1)
    temperature: float | None = setting(
        "Sampling temperature; not sent when none.", default=None, example=0.2, minimum=0, maximum=2
    )
    timeout: float = setting("Seconds that one attempt may take.", default=120.0, above=0, maximum=DAY)


class CodegenConfig(Table):
    """The Codegen service. The token comes from CODEGEN_API_TOKEN."""

    org_id: int | None = setting(
        "Organisation that runs are made in.", default=None, example=42, minimum=1, variable="CODEGEN_ORG_ID"
    )
    base_url: str = setting(
        "Where the API is.", default="https://api.codegen.com", pattern=HTTP_URL, protection="always"
    )
    transport: Literal["auto", "sdk", "http"] = setting(
        "The SDK (extra `codegen`) or plain HTTP; auto takes the SDK when it is installed.", default="auto"
    )
    repo_id: int | None = setting("Repository that the agent works on; http only.", default=None, example=7, minimum=1)
    model: str | None = setting(
        "Model of this provider, unless the `model` above all tables is set; http only.",
        default=None,
        example="claude-sonnet-4-5",
    )
    price_per_run: Decimal | None = setting(
        "US dollars that a run costs; none: runs are counted, their cost is unknown.",
        default=None,
        example=Decimal("0.50"),
        minimum=0,
        maximum=MOST_USD,
        protection="always",
    )
    poll_interval: float = setting("Seconds between two looks at a run.", default=5.0, above=0, maximum=DAY)
    timeout: float = setting("Seconds that a run may take.", default=1800.0, above=0, maximum=DAY)


class CommandConfig(Table):
    """A program that reads the prompt on stdin and answers on stdout."""

    argv: tuple[str, ...] = setting(
        "The program and its arguments; no shell is involved.",
        default=(),
        example=("llm", "-m", "gpt-5-mini"),
        protection="always",
    )
    timeout: float = setting("Seconds that the program may take.", default=300.0, above=0, maximum=DAY)


class ContextConfig(Table):
    """What is read from the project and sent along."""

    tokens: int = setting("Most tokens (o200k_base) of context in a prompt.", default=6000, minimum=1)
    analyzer: Literal["index", "graph-sitter"] = setting(
        "How call sites are found; graph-sitter needs the extra `graph`.", default="index"
    )
    include: tuple[str, ...] = setting(
        "Only files that match one of these patterns (gitignore syntax); all when empty.",
        default=(),
        example=("src/", "tests/"),
    )
    exclude: tuple[str, ...] = setting(
        "No files that match one of these patterns (gitignore syntax).", default=(), example=("vendor/",)
    )
    secrets: Literal["refuse", "redact", "off"] = setting(  # strictest first: protection goes by this order
        "What happens to secrets that the context holds.", default="redact", protection="loosening"
    )


class CacheConfig(Table):
    """Answers that were paid for once."""

    enabled: bool = setting("Look answers up and keep them.", default=True)
    dir: Path | None = setting(
        "Folder of the store; none: the platform's cache folder.",
        default=None,
        example=Path("/var/cache/autogen"),
        protection="always",
    )
    size_limit: int = setting("Most bytes on disk; the least recently used go first.", default=2**30, minimum=1)
    ttl: float | None = setting(
        "Seconds that an answer is kept; none: until the size limit.", default=None, example=604_800.0, above=0
    )
    memory_entries: int = setting("Most answers kept in memory.", default=1000, minimum=0)
    redis_url: str | None = setting(
        "Redis server that machines share answers, rates and budgets through (extra `redis`); a password in it: "
        "AUTOGEN_CACHE_REDIS_URL only.",
        default=None,
        example="redis://localhost:6379/0",
        pattern=REDIS_URL,
        protection="always",
    )
    encrypt: bool = setting("Encrypt what is on disk (extra `encrypt`).", default=False, protection="loosening")


class LimitsConfig(Table):
    """How hard a provider may be pressed."""

    max_concurrent: int = setting("Most requests in flight.", default=5, minimum=1)
    requests_per_minute: int | None = setting(
        "Most requests a minute; none: learned from the provider's answers.", default=None, example=60, minimum=1
    )
    tokens_per_minute: int | None = setting(
        "Most tokens a minute; none: learned from the provider's answers.", default=None, example=90_000, minimum=1
    )
    retries: int = setting("Further attempts after a fault that may pass.", default=3, minimum=0)
    timeout: float = setting("Seconds for a request with all its retries.", default=1800.0, above=0, maximum=DAY)


class BudgetConfig(Table):
    """Most US dollars that may be spent; none: no limit."""

    per_run: Decimal | None = setting(
        "In one run of the program.",
        default=None,
        example=Decimal("0.50"),
        minimum=0,
        maximum=MOST_USD,
        protection="loosening",
    )
    daily: Decimal | None = setting(
        "On one day.", default=None, example=Decimal(5), minimum=0, maximum=MOST_USD, protection="loosening"
    )
    monthly: Decimal | None = setting(
        "In one month.", default=None, example=Decimal(50), minimum=0, maximum=MOST_USD, protection="loosening"
    )
    action: Literal["refuse", "warn"] = setting(
        "What happens to a request that could exceed a limit.", default="refuse", protection="loosening"
    )
    alert_argv: tuple[str, ...] = setting(
        "Program that gets an alert as JSON on stdin when 50, 80 and 100 % of a limit are spent.",
        default=(),
        example=("notify-send", "autogen"),
        protection="always",
    )
    alert_webhook: str | None = setting(
        "Address that gets the alert as a POST.",
        default=None,
        example="https://example.com/alerts",
        pattern=HTTP_URL,
        protection="always",
    )


class ChecksConfig(Table):
    """What generated code has to pass."""

    imports: bool = setting("Everything that it imports exists.", default=True)
    call_sites: bool = setting("Every call in the project fits its signature.", default=True)
    lint: bool = setting("Security lint, as warnings.", default=True)
    test: str | None = setting(
        "Command that runs the project's tests, on a private copy; no shell is involved.",
        default=None,
        example="pytest -q",
        protection="always",
    )
    repair: int = setting("Further attempts after code that does not pass.", default=1, minimum=0, maximum=10)


class ImportsConfig(Table):
    """`from autogenlib.module import name`: modules that are written when a program imports them."""

    mode: Literal["off", "locked", "on"] = setting(  # strictest first: protection goes by this order
        "off: none are found; locked: only what is there, unchanged; on: what is missing is generated and run.",
        default="on",
        protection="loosening",
    )


class UsageConfig(Table):
    """The ledger of calls, tokens and money. It never leaves this machine."""

    enabled: bool = setting("Keep it.", default=True, protection="loosening")
    retention_days: int = setting(
        "Days that an event is kept.", default=365, minimum=1, maximum=36_500, protection="always"
    )


class PriceConfig(Table):
    """What a model costs, in US dollars per million tokens; goes before the built-in prices."""

    input: Decimal | None = setting("Input tokens.", default=None, example=Decimal("1.25"), minimum=0, maximum=MOST_USD)
    output: Decimal | None = setting("Output tokens.", default=None, example=Decimal(10), minimum=0, maximum=MOST_USD)
    cached_input: Decimal | None = setting(
        "Input tokens read from the provider's prompt cache; none: as other input.",
        default=None,
        example=Decimal("0.125"),
        minimum=0,
        maximum=MOST_USD,
    )


class SecurityConfig(Table):
    """Who may do what, and what is written down about it."""

    roles: Mapping[str, Literal["viewer", "generator", "approver", "admin"]] = setting(
        "The role of each principal (user:NAME, token:FINGERPRINT, github:ID, slack:TEAM/ID, linear:ORG/ID); empty: "
        "whoever runs autogen may do everything.",
        default={},
        example={"user:alice": "admin"},
        protection="always",
    )
    generator_usd: Decimal | None = setting(
        "Most US dollars that one request of a generator may cost.",
        default=Decimal(1),
        minimum=0,
        maximum=MOST_USD,
        protection="loosening",
    )
    approver_usd: Decimal | None = setting(
        "Most US dollars that one request of an approver may cost.",
        default=Decimal(10),
        minimum=0,
        maximum=MOST_USD,
        protection="loosening",
    )
    audit: bool = setting("Keep the audit log.", default=True, protection="loosening")
    audit_key_file: Path | None = setting(
        "File whose bytes key the audit log's hashes: without it nobody can forge an entry.",
        default=None,
        example=Path("/etc/autogen/audit.key"),
        protection="always",
    )
    allow_http: tuple[str, ...] = setting(
        "Hosts that may be talked to without TLS, by name; this machine's own always may.",
        default=(),
        example=("llm.intranet",),
        protection="always",
    )
    rotate_after: int | None = setting(
        "Days after which `autogen auth rotate` is suggested for a stored key; none: never.",
        default=90,
        minimum=1,
        maximum=36_500,
        protection="loosening",
    )


class AutogenConfig(Table):
    """The whole configuration: `config.cache.enabled`."""

    provider: str = setting(
        "Who writes the code: auto, openai, codegen, command, scaffold or a plug-in's name.", default="auto"
    )
    fallback: tuple[str, ...] = setting(
        "Providers to try, in this order, when that one is unavailable.", default=("scaffold",)
    )
    model: str | None = setting(
        "Model to ask for, whichever the provider; none: the provider's own.", default=None, example="gpt-5-mini"
    )
    openai: OpenAIConfig = OpenAIConfig()
    codegen: CodegenConfig = CodegenConfig()
    command: CommandConfig = CommandConfig()
    context: ContextConfig = ContextConfig()
    cache: CacheConfig = CacheConfig()
    limits: LimitsConfig = LimitsConfig()
    budget: BudgetConfig = BudgetConfig()
    checks: ChecksConfig = ChecksConfig()
    imports: ImportsConfig = ImportsConfig()
    usage: UsageConfig = UsageConfig()
    prices: Mapping[str, PriceConfig] = setting("Prices of models, by name.", default={}, protection="always")
    security: SecurityConfig = SecurityConfig()
    bridge: BridgeConfig = BridgeConfig()


SETTINGS: Mapping[str, Setting] = AutogenConfig.__settings__ | {
    f"{table}.{name}": declared
    for table, settings in AutogenConfig.__tables__.items()
    for name, declared in settings.__settings__.items()
}


def value_of(config: AutogenConfig, key: str) -> Any:
    """The value of a declared key: `value_of(config, "cache.enabled")`."""
    if key not in SETTINGS:
        raise ConfigError(f"{key} is not a setting", hint=nearest(key, SETTINGS))
    table, _, name = key.rpartition(".")
    return getattr(getattr(config, table) if table else config, name)
