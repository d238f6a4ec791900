"""What goes into a generation and what comes out of it: options, the plan, the preview, the result with its edit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from autogen_cli.cache.base import KeyInputs
from autogen_cli.models import CodeContext, GeneratedCode, GenerationRequest, Prompt, Target, Value

if TYPE_CHECKING:
    from autogen_cli.generation.insert import Edit
    from autogen_cli.security.roles import Action
    from autogen_cli.usage.estimate import CostEstimate


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class GenerateOptions(Value):
    """How to go about a request.

    write: change the project's files. edit: work out the change, also when it isn't written. repair: further attempts
    after a rejected one; None: as configured. test: a command that runs on a private copy of the project with the code
    applied, the only way in which generated code is executed; None: as configured. offline: a cached answer or none.
    skip: checks to leave out besides those that the settings switch off.
    """

    write: bool = False
    edit: bool = False
    force: bool = False
    refresh: bool = False
    use_cache: bool = True
    repair: int | None = None
    test: tuple[str, ...] | None = None
    offline: bool = False
    skip: frozenset[str] = frozenset()

    @property
    def actions(self) -> "tuple[Action, ...]":
        """What who asks has to be allowed to do."""
        return ("generate", "write") if self.write else ("generate",)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Plan(Value):
    """A request, worked out: everything that is known before anything is sent.

    phases_ms: where the time went, where another process worked it out. prompt_tokens: where it has been counted.
    """

    request: GenerationRequest
    request_id: str
    target: Target
    context: CodeContext
    prompt: Prompt
    inputs: KeyInputs
    phases_ms: Mapping[str, int] = field(default_factory=dict)
    prompt_tokens: int | None = None

    @property
    def provider(self) -> str:
        return self.inputs.provider

    @property
    def model(self) -> str | None:
        return self.inputs.model


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Preview(Value):
    """What `--dry-run` shows. cost_usd: at most, without repairs; None where the model has no known price. estimate:
    what it will probably take, repairs included, if the answer isn't `cached`.
    """

    plan: Plan
    prompt_tokens: int
    max_output_tokens: int
    cost_usd: Decimal | None
    estimate: "CostEstimate"
    cached: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Generated(Value):
    """A result, and the edit that puts it into the project, where one was asked for and the code fits."""

    result: GeneratedCode
    edit: "Edit | None"


def doubted(
    context: CodeContext, request: GenerationRequest, names_like: Callable[[Target], Sequence[str]]
) -> CodeContext:
    """The context, with a word of warning where neither code nor user says what the symbol is for."""
    target = context.target
    if context.call_sites or target.symbol is None or target.symbol_exists or request.description:
        return context
    near = names_like(target)
    meant = f"; did you mean {near[0]}, which is there?" if near else ""
    doubt = f"nothing in the project uses {request.name}, so no call tells what it has to be{meant}"
    return replace(context, warnings=(*context.warnings, doubt))
