"""The JSON Schemas in docs/schemas, generated from the models."""

import inspect
import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TypedDict

import msgspec

from autogen_cli.bench.figures import BenchReport
from autogen_cli.cache.base import CacheEntry
from autogen_cli.cache.explain import Difference
from autogen_cli.cache.stats import LevelStats, Verdict
from autogen_cli.generation.missing import Missing
from autogen_cli.limits.budget import Spending
from autogen_cli.models import CallSite, ContextItem, GeneratedCode, Kind
from autogen_cli.security.audit_reading import AuditEntry, AuditVerdict
from autogen_cli.service.auth import KeyStatus
from autogen_cli.service.batch.executor import RawAnswer
from autogen_cli.service.batch.overview import JobState
from autogen_cli.service.batch.summary import Summary
from autogen_cli.service.credentials import KeyInfo
from autogen_cli.service.doctor import Finding
from autogen_cli.service.migrate import Left
from autogen_cli.usage.estimate import CostEstimate
from autogen_cli.usage.exchange import Imported
from autogen_cli.usage.performance import PerformanceSummary
from autogen_cli.usage.report import UsageRow

FOLDER = Path(__file__).parent.parent / "docs" / "schemas"
DRAFT = "https://json-schema.org/draft/2020-12/schema"


class Context(TypedDict):
    module: str
    symbol: str | None
    kind: Kind
    path: str
    tokens: int
    budget: int
    items: list[ContextItem]
    omitted: list[ContextItem]
    call_sites: list[CallSite]
    conventions: list[str]
    text: str


class Todo(TypedDict):
    missing: list[Missing]


class Migrate(TypedDict):
    modules: list[str]
    settings: dict[str, str]
    changed: list[str]
    left: list[Left]
    written: bool


class MigrateRollback(TypedDict):
    restored: list[str]


class ContextSize(TypedDict):
    tokens: int
    budget: int
    items: list[ContextItem]
    omitted: list[ContextItem]


class RowFailure(TypedDict):
    type: str
    message: str
    exit_code: int
    line: int | None
    field: str | None


class BatchRow(TypedDict):
    id: str | None
    index: int
    status: Literal["ok", "scaffold", "rejected", "error"]
    result: dict[str, Any] | None  # an autogen.generate/1 document, or an autogen.completion/1 one
    error: RowFailure | None


class Plan(TypedDict):
    request_id: str
    module: str
    symbol: str | None
    kind: Kind
    path: str
    provider: str
    model: str | None
    prompt_tokens: int
    max_output_tokens: int
    max_cost_usd: float | None
    estimate: CostEstimate
    cached: bool
    call_sites: int
    context: ContextSize


@dataclass(kw_only=True)
class UsageFigures(UsageRow):
    cost_per_accepted_usd: Decimal | None = None  # a property of the row


class Usage(TypedDict):
    since: str | None
    until: str | None
    timezone: str | None
    by: list[str]
    rows: list[UsageFigures]
    total: UsageFigures
    budgets: list[Spending]
    advice: list[str]


class UsageExport(TypedDict):
    events: list[dict[str, Any]]


class UsagePage(TypedDict):
    file: str


class Doctor(TypedDict):
    findings: list[Finding]


class CacheStats(TypedDict):
    levels: list[LevelStats]


class CacheListEntry(TypedDict):
    key: str
    module: str
    symbol: str | None
    provider: str
    model: str | None
    project: str
    created: float
    expires: float | None
    cost_usd: float | None
    duration_ms: int
    size: int


class CacheList(TypedDict):
    entries: list[CacheListEntry]


class CacheRemoved(TypedDict):
    removed: dict[str, int]


class CacheEvicted(TypedDict):
    evicted: int


class CacheExplain(TypedDict):
    key: str
    level: str | None
    nearest: CacheListEntry | None
    differences: list[Difference]


class CacheRekey(TypedDict):
    sealed: int


class CacheVerify(TypedDict):
    levels: list[Verdict]


class AuthKeys(TypedDict):
    keys: list[KeyInfo]


class AuthStatus(TypedDict):
    keys: list[KeyStatus]


class AuthLogout(TypedDict):
    provider: str
    removed: int


class Audit(TypedDict):
    entries: list[AuditEntry]


class BatchJobs(TypedDict):
    output: str
    jobs: list[JobState]


class Serve(TypedDict):
    address: str
    app: Literal["CodegenApp", "plain"]
    platforms: list[Literal["github", "slack", "linear"]]
    workers: int


class Nothing(TypedDict):
    pass


class Origin(TypedDict):
    kind: Literal["flag", "environment", "project", "user", "default"]
    variable: str | None
    file: str | None
    line: int | None


class ConfigValue(TypedDict):
    key: str
    value: Any
    origin: Origin


class ConfigIgnored(TypedDict):
    key: str
    file: str
    line: int | None
    hint: str


class Config(TypedDict):
    settings: list[ConfigValue]
    ignored: list[ConfigIgnored]
    files: list[str]


class ConfigSet(TypedDict):
    key: str
    value: Any
    file: str


class ConfigUnset(TypedDict):
    key: str
    file: str
    removed: bool


class ConfigInit(TypedDict):
    file: str


class ConfigPaths(TypedDict):
    user: str
    project: str | None
    cache: str
    data: str
    logs: str


class ConfigTrust(TypedDict):
    file: str
    settings: dict[str, Any]


class ErrorDetails(TypedDict):
    type: str
    message: str
    hint: str | None
    exit_code: int


class Error(TypedDict):
    error: ErrorDetails


class Estimated(TypedDict):
    rows: int
    invalid: int
    unique: int
    finished_earlier: int
    planned: int
    cached: int
    estimate: CostEstimate
    refused: list[str]


DOCUMENTS: dict[str, Any] = {
    "auth_list": AuthKeys,
    "auth_login": KeyStatus,
    "auth_logout": AuthLogout,
    "auth_rotate": KeyStatus,
    "auth_status": AuthStatus,
    "audit": Audit,
    "audit_verify": AuditVerdict,
    "batch": Summary,
    "batch_jobs": BatchJobs,
    "batch_preview": Estimated,
    "batch_row": BatchRow,
    "bench": BenchReport,
    "cache_clear": CacheRemoved,
    "cache_entry": CacheEntry,
    "cache_explain": CacheExplain,
    "cache_invalidate": CacheEvicted,
    "cache_list": CacheList,
    "cache_prune": CacheRemoved,
    "cache_rekey": CacheRekey,
    "cache_stats": CacheStats,
    "cache_verify": CacheVerify,
    "cache_zero_stats": Nothing,
    "completion": RawAnswer,
    "config": Config,
    "config_init": ConfigInit,
    "config_paths": ConfigPaths,
    "config_set": ConfigSet,
    "config_trust": ConfigTrust,
    "config_unset": ConfigUnset,
    "config_value": ConfigValue,
    "context": Context,
    "doctor": Doctor,
    "migrate": Migrate,
    "todo": Todo,
    "migrate_rollback": MigrateRollback,
    "error": Error,
    "generate": GeneratedCode,
    "performance": PerformanceSummary,
    "plan": Plan,
    "serve": Serve,
    "usage": Usage,
    "usage_export": UsageExport,
    "usage_import": Imported,
    "usage_page": UsagePage,
}


def schema(what: str) -> dict[str, Any]:
    """The schema of `autogen.<what>/1`: every field is always there, and no other."""
    (_,), components = msgspec.json.schema_components([DOCUMENTS[what]], ref_template="#/$defs/{name}")
    definitions = {name: _closed(found) for name, found in components.items()}
    top = definitions.pop(DOCUMENTS[what].__name__)
    top["properties"] = {"schema": {"const": f"autogen.{what}/1"}, **top["properties"]}
    top["required"] = list(top["properties"])
    return {"$schema": DRAFT, **top, "title": f"autogen.{what}/1", "$defs": definitions}


def overview() -> str:
    """A page that lists them."""
    lines = [f"- [`autogen.{what}/1`]({what}.json)" for what in sorted(DOCUMENTS)]
    return "\n".join(["# JSON schemas\n", "What `--json` prints, by the document's `schema` field.\n", *lines, ""])


def text(what: str) -> str:
    return json.dumps(schema(what), indent=2, ensure_ascii=False) + "\n"


def _closed(found: dict[str, Any]) -> dict[str, Any]:
    found = _plain(found)
    if "description" in found:
        found["description"] = inspect.cleandoc(found["description"])  # Python 3.12 keeps a docstring's indentation
    if found["title"] == "ContextItem":
        del found["properties"]["text"]  # an item's text is in the context's
    return {**found, "required": list(found["properties"]), "additionalProperties": False}


def _plain(found: Any) -> Any:
    """Without defaults, which a reader of output doesn't need, and with money as the number that it is in JSON."""
    if isinstance(found, list):
        return [_plain(item) for item in found]
    if not isinstance(found, dict):
        return found
    if found.get("format") == "decimal":
        return {"type": "number"}
    return {key: _plain(value) for key, value in found.items() if key != "default"}
