"""Programs as providers: real processes, good and bad."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from autogen_cli.errors import ConfigError, ProviderAnswerError, ProviderUnavailableError
from autogen_cli.providers.command import CommandProvider


def program(code: str, **settings) -> CommandProvider:
    return CommandProvider(argv=[sys.executable, "-c", code], **{"timeout": 20, **settings})


async def test_the_prompt_goes_in_and_the_answer_comes_out(request_for):
    answer = await program("import sys; print(sys.stdin.read().upper())").complete(request_for("grüße " * 50_000))
    assert answer.text.startswith("YOU WRITE PYTHON.\n\nGRÜSSE GRÜSSE")
    assert len(answer.text) > 300_000
    assert (answer.usage, answer.model) == (None, None)


async def test_a_program_needn_t_read_its_input(request_for):
    answer = await program("print('x = 1')").complete(request_for("long " * 100_000))
    assert answer.text == "x = 1\n"


async def test_escape_sequences_are_no_part_of_the_answer(request_for):
    answer = await program(r"print('\x1b[?25l\x1b[1;32mx = 1\x1b[0m')").complete(request_for())
    assert answer.text == "x = 1\n"


async def test_its_environment_holds_none_of_our_secrets(request_for):
    environment = {
        **os.environ,
        "OPENAI_API_KEY": "k1",
        "CODEGEN_API_TOKEN": "k2",
        "AUTOGEN_CACHE_DIR": "x",
        "KEPT": "yes",
    }
    provider = program("import os; print(dict(os.environ))", environment=environment)
    answer = await provider.complete(request_for())
    assert "'KEPT': 'yes'" in answer.text
    assert not {"OPENAI_API_KEY", "CODEGEN_API_TOKEN", "AUTOGEN_CACHE_DIR"} & set(answer.text.split("'"))


async def test_arguments_see_no_shell(request_for):
    provider = CommandProvider(argv=[sys.executable, "-c", "import sys; print(sys.argv[1])", "$(echo hi); *"])
    assert (await provider.complete(request_for())).text == "$(echo hi); *\n"


FAILURES = [
    ("import sys; sys.exit('no such\\n model')", ProviderUnavailableError, "failed with exit code 1: no such model"),
    ("import sys; sys.exit(3)", ProviderUnavailableError, "failed with exit code 3"),
    ("import os; os.kill(os.getpid(), 9)", ProviderUnavailableError, "was killed by signal 9"),
    ("import sys; print('why', file=sys.stderr)", ProviderAnswerError, "answered nothing: why"),
    ("print(' ')", ProviderAnswerError, "answered nothing"),
    ("while True: print('x' * 65536)", ProviderAnswerError, "writes more than 4 MB"),
]


@pytest.mark.parametrize(("code", "kind", "message"), FAILURES)
async def test_failures(request_for, code, kind, message):
    with pytest.raises(kind) as error:
        await program(code).complete(request_for())
    assert error.value.message == f"the program {sys.executable} {message}"
    assert error.value.billed == "maybe"


async def test_of_a_long_complaint_the_end_is_kept(request_for):
    with pytest.raises(ProviderUnavailableError) as error:
        await program("import sys; sys.stderr.write('noise ' * 100_000); sys.exit('the reason')").complete(
            request_for()
        )
    assert len(error.value.message) < 500


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]


async def until[T](condition: Callable[[], T]) -> T:
    """What the condition gives as soon as it isn't false; other processes send no event of ours."""
    async with asyncio.timeout(10):
        while not (found := condition()):  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)
    return found


FAMILY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open({path!r}, "w").write(str(child.pid))
time.sleep({sleep})
"""


def pid_in(path: Path) -> int | None:
    return int(path.read_text() or 0) if path.exists() else None


async def test_a_timeout_ends_the_program_and_its_children(request_for, tmp_path):
    path = tmp_path / "pid"
    with pytest.raises(ProviderUnavailableError, match=r"took longer than 1 s and was stopped"):
        await program(FAMILY.format(path=str(path), sleep=60), timeout=1).complete(request_for())
    pid = await until(lambda: pid_in(path))
    await until(lambda: not is_running(pid))


async def test_a_cancelled_request_ends_the_program_too(request_for, tmp_path):
    path = tmp_path / "pid"
    task = asyncio.create_task(program(FAMILY.format(path=str(path), sleep=60)).complete(request_for()))
    pid = await until(lambda: pid_in(path))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: not is_running(pid))


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["no-such-program"], "the program no-such-program can't be started: No such file or directory"),
        (["/"], "the program / can't be started: Permission denied"),
        (["a\0b"], "can't be started: embedded null byte"),
    ],
)
async def test_programs_that_cannot_be_started(request_for, argv, message):
    with pytest.raises(ConfigError) as error:
        await CommandProvider(argv=argv).complete(request_for())
    assert message in error.value.message


def test_no_program_at_all():
    with pytest.raises(ConfigError, match="no program is set"):
        CommandProvider(argv=[])
