"""What runs in a worker process of the workshop."""

import os
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from multiprocessing import parent_process
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autogen_cli.config import take_environment
from autogen_cli.errors import AutogenError
from autogen_cli.generation.checks.coming import Coming
from autogen_cli.models import GenerationRequest, Prompt
from autogen_cli.service.batch.brief import brief
from autogen_cli.service.generation import Generation
from autogen_cli.service.plan import GenerateOptions, Plan
from autogen_cli.service.wiring import Services, open_services

if TYPE_CHECKING:
    from autogen_cli.generation.checks.coming import Place
    from autogen_cli.service.attempts import Attempt
    from autogen_cli.service.chain import Served

type Job = tuple[Callable[..., Any], tuple[Any, ...]]  # a step of this module, and what it takes

_opened: list[Services] = []  # one, from `begin` to the end of the process


def begin(root: Path, flags: Mapping[str, object], environ: Mapping[str, str]) -> None:
    """Opens the project. environ: of the parent, whose own child this process may not be.

    Ctrl-C at the terminal reaches all processes and is the parent's business.
    """
    take_environment(environ)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    stack = ExitStack()
    Finalize(None, stack.close, exitpriority=1)  # what was learnt of the project is kept for the next batch
    _opened.append(stack.enter_context(open_services(root, command="batch", warn=_silent, detail=_silent, flags=flags)))


def work(jobs: Sequence[Job]) -> list[Any]:
    """What each step returns, or the error that it raises."""
    return [_done(step, given) for step, given in jobs]


def _done(step: Callable[..., Any], given: tuple[Any, ...]) -> Any:
    try:
        return step(*given)
    except AutogenError as error:
        return error


def plan(request: GenerationRequest, options: GenerateOptions) -> Plan:
    services = _opened[0]
    services.engine.keeps_answers = False
    story = Generation(services, request, options)
    found = story.plan(story.target())
    found.inputs.key  # noqa: B018 - made here, it is sent along
    size = services.books.size(found.prompt)
    return replace(found, context=brief(found.context), prompt_tokens=size, phases_ms=story.phases_ms)


def judge(
    found: Plan, served: "Served", options: GenerateOptions, coming: "frozenset[Place]" = frozenset()
) -> "Attempt":
    """coming: what counts as existing."""
    story = Generation(_opened[0], found.request, options)
    known = story.coming = Coming(coming)
    attempt = story.judge(found, served)
    return replace(attempt, phases_ms=story.phases_ms, missing=tuple(known.missing))


def repair_prompt(request: GenerationRequest, attempt: "Attempt", options: GenerateOptions) -> tuple[Prompt, int]:
    story = Generation(_opened[0], request, options)
    return story.repair_prompt(story.plan(story.target()), attempt)


def _end_with_parent() -> None:
    """A parent that was killed can't end its workers."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _silent(_message: str) -> None:
    """What a person should hear comes back with the plan."""
