"""The values that pass between the layers. All frozen; no I/O, no behaviour beyond what describes the value itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal

type Kind = Literal["function", "class", "method", "constant", "module"]
type CheckStatus = Literal["pass", "warn", "fail", "skipped"]
type ResultStatus = Literal["accepted", "rejected", "scaffold"]
type Outcome = Literal["accepted", "rejected", "scaffold", "cached", "error"]
type CostSource = Literal["reported", "computed", "estimated", "unpriced"]
type ResultUse = Literal[
    "ignored", "assigned", "unpacked", "iterated", "async_iterated", "context", "async_context", "compared", "tested",
    "raised", "returned", "argument", "attribute", "subscript", "called", "decorator", "base", "value",
]  # fmt: skip


class Value:
    """Equality, hash, repr and pickling of all models, written once: made for each of them by `dataclass`, as it would,
    they take 3 ms of every start; and its pickling takes five times as long, for the hundreds of items of a context.
    """

    __slots__: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        return self._content() == other._content() if isinstance(other, type(self)) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._content())

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in type(self).__slots__)
        return f"{type(self).__name__}({shown})"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuilt, (type(self), self._content())

    def _content(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in type(self).__slots__)


def _rebuilt(model: type[Value], content: tuple[object, ...]) -> Value:
    made = object.__new__(model)
    for name, value in zip(model.__slots__, content, strict=True):
        object.__setattr__(made, name, value)
    return made


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class GenerationRequest(Value):
    """What a user asks for. `symbol` is `name`, `Class` or `Class.method`; None asks for the whole module."""

    module: str
    symbol: str | None = None
    kind: Kind | None = None
    description: str | None = None
    id: str | None = None
    provider: str | None = None
    model: str | None = None
    context_tokens: int | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The dotted name of what is asked for."""
        return f"{self.module}.{self.symbol}" if self.symbol else self.module


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Target(Value):
    """A request resolved against a project.

    root: the project's folder, absolute. source_root: the folder that `module` is counted from (`root`, `root/src`,
    ...), absolute. path: the module's file, absolute; it may not exist yet. `symbol_exists` says that the module
    defines the symbol already (then only `--force` goes on), and `signature` how, without the body.
    """

    root: Path
    source_root: Path
    module: str
    path: Path
    symbol: str | None
    kind: Kind
    module_exists: bool
    symbol_exists: bool
    signature: str = ""

    @property
    def relative_path(self) -> str:
        """The module's file as a POSIX path below the root: what users see and what keys are made of."""
        return (
            self.path.as_posix().removeprefix(self.root.as_posix()).lstrip("/")
        )  # a tenth of what `relative_to` takes

    @property
    def name(self) -> str:
        """The last part of the symbol, or of the module where a whole module is asked for."""
        return (self.symbol or self.module).rpartition(".")[2]

    @property
    def owner(self) -> str | None:
        """The class that a method belongs to (`Class` of `Class.method`), else None."""
        return self.symbol.rpartition(".")[0] or None if self.symbol else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Argument(Value):
    """One argument at a call site: `text` as written, `name` for a keyword, `star` for `*args` and `**kwargs`."""

    text: str
    name: str | None = None
    star: Literal["", "*", "**"] = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CallSite(Value):
    """One place that uses the target.

    path: POSIX, below the root. line: 1-based. text: the statement, as written, dedented. enclosing: qualified name
    of the
    function around it, if any. arguments: None when the name is used without a call (passed on, subclassed, read).
    uses: how the result is used. names: variables that the result is bound to, in order; for `unpacked` one per
    element.
    members: attributes read or called on the result (`x = helper(); x.close()` gives `close()`; a plain attribute has
    no
    parentheses).
    """

    path: str
    line: int
    text: str
    enclosing: str | None = None
    arguments: tuple[Argument, ...] | None = None
    awaited: bool = False
    uses: tuple[ResultUse, ...] = ()
    names: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    symbol: str | None = None
    in_test: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ContextItem(Value):
    """One piece of the context. `kind` is `call_site`, `test`, `definition`, `module`, `import`, `similar`,
    `convention`...

    tokens: o200k_base tokens that the item takes within the rendered text, its separator included.
    """

    kind: str
    path: str
    line: int
    symbol: str
    tokens: int
    reason: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SourceFile(Value):
    """A file that the context came from: POSIX path below the root, digest of its bytes (hex)."""

    path: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CodeContext(Value):
    """What is known about a target.

    text: the rendered block, `tokens` <= `budget` of o200k_base. call_sites: every one that was found, also those that
    the budget left out of the text: checks and the scaffold bind against all. conventions: short facts about how this
    project writes code, one sentence each. dependencies: names of declared distributions. skipped: files that were
    left out or could be read in part only, and why.
    """

    target: Target
    text: str
    tokens: int
    budget: int
    items: tuple[ContextItem, ...] = ()
    omitted: tuple[ContextItem, ...] = ()
    call_sites: tuple[CallSite, ...] = ()
    files: tuple[SourceFile, ...] = ()
    conventions: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Prompt(Value):
    system: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CompletionRequest(Value):
    """What a provider is asked. Offline providers read `context`; the others send `prompt` only.

    request_id: ours, unique per generation and attempt; sent along where a service has room for it. body: what an
    OpenAI-format service is sent as it is, in place of the prompt; then `prompt` holds its texts and `context` nothing.
    prompt_tokens: o200k_base, of the prompt's texts, where somebody has counted them.
    """

    prompt: Prompt
    context: CodeContext
    model: str | None
    request_id: str
    max_output_tokens: int | None = None
    temperature: float | None = None
    body: Mapping[str, object] | None = None
    prompt_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class TokenUsage(Value):
    """Tokens as the provider reports them. `cached` of `input` were read from the provider's prompt cache."""

    input: int
    output: int
    cached: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Completion(Value):
    """A provider's answer. usage is None and cost_usd is None where the provider doesn't report them."""

    text: str
    model: str | None
    usage: TokenUsage | None = None
    cost_usd: Decimal | None = None
    finish_reason: str | None = None
    web_url: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CheckResult(Value):
    """One check's verdict. line: 1-based, in the generated code (or the caller named in `detail`), None if it has
    none.
    """

    name: str
    status: CheckStatus
    detail: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Usage(Value):
    """What one generation took, all attempts together. cost_usd None: unknown, which is not the same as free."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal | None = None
    cost_source: CostSource = "unpriced"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ContextSummary(Value):
    tokens: int
    budget: int
    items: tuple[ContextItem, ...] = ()
    omitted: tuple[ContextItem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Hop(Value):
    """A provider that was passed over, and why: the error's type and its message."""

    provider: str
    type: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class GeneratedCode(Value):
    """The result of one generation; `generate --json` prints these fields.

    hops: providers that failed before this one. phases_ms: where the time went (`usage.phases`).
    """

    request_id: str
    module: str
    symbol: str | None
    kind: Kind
    status: ResultStatus
    code: str
    path: str
    provider: str
    model: str | None
    usage: Usage
    context: ContextSummary
    checks: tuple[CheckResult, ...] = ()
    written: bool = False
    cached: bool = False
    cache_level: str | None = None
    attempts: int = 1
    duration_ms: int = 0
    hops: tuple[Hop, ...] = ()
    warnings: tuple[str, ...] = ()
    phases_ms: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class UsageEvent(Value):
    """One line of the ledger: a provider call, a cache hit, a failure or a repair.

    time: seconds since the epoch, UTC. saved_usd: what a cache hit would have cost. batch: the file of rows that it was
    one of. bytes_per_function: of the module that the symbol goes into, 0 where it has none.
    """

    time: float
    command: str
    module: str
    symbol: str | None
    provider: str
    model: str | None
    outcome: Outcome
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: Decimal | None = None
    cost_source: CostSource = "unpriced"
    duration_ms: int = 0
    phases_ms: Mapping[str, int] = field(default_factory=dict)
    project: str = ""
    request_id: str = ""
    error: str | None = None
    kind: Kind | None = None
    saved_usd: Decimal | None = None
    batch: str = ""
    bytes_per_function: int = 0
