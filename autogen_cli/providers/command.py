"""Any program that reads a prompt on stdin and answers on stdout: `llm`, `claude -p`, `ollama run ...`."""

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import Mapping, Sequence
from typing import cast

from autogen_cli.errors import ConfigError, ProviderAnswerError, ProviderUnavailableError
from autogen_cli.models import Completion, CompletionRequest
from autogen_cli.providers.base import Capabilities
from autogen_cli.providers.peer import Peer

MOST_OUTPUT = 4 * 1024 * 1024
KEPT_STDERR = 4096  # its end: that is where programs say why they stop
OUR_SECRETS = re.compile(r"AUTOGEN_.*|CODEGEN_API_TOKEN|OPENAI_API_KEY")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


class CommandProvider:
    """argv: the program and its arguments; no shell sees them. timeout: seconds for the whole run. environment: what
    the program inherits, less our own keys and settings; the process's own where None.
    """

    name = "command"
    capabilities = Capabilities()

    def __init__(
        self, *, argv: Sequence[str], timeout: float = 300.0, environment: Mapping[str, str] | None = None
    ) -> None:
        if not argv:
            raise ConfigError("no program is set for the provider 'command'", hint="set command.argv to its argv list")
        self._argv = tuple(argv)
        self._timeout = timeout
        self._environment = os.environ if environment is None else environment  # to hand on, not to read settings from
        self._peer = Peer(provider="command", address=argv[0], credential_hint="")

    async def complete(self, request: CompletionRequest) -> Completion:
        prompt = "\n\n".join(filter(None, (request.prompt.system, request.prompt.user)))
        process = await self._start()
        try:
            async with asyncio.timeout(self._timeout):
                code, _, output, complaint = await asyncio.gather(
                    process.wait(), _feed(process, prompt.encode()), _read_output(process), _read_end(process)
                )
        except TimeoutError as exc:
            raise ProviderUnavailableError(
                f"the program {self._argv[0]} took longer than {self._timeout:g} s and was stopped",
                hint="raise command.timeout if it needs longer",
                billed="maybe",
            ) from exc
        finally:
            _kill(process)
            await process.wait()
        return self._completion(code, output, complaint)

    async def close(self) -> None:
        """Nothing outlives a request."""

    async def _start(self) -> asyncio.subprocess.Process:
        environment = {name: value for name, value in self._environment.items() if not OUR_SECRETS.fullmatch(name)}
        pipe = asyncio.subprocess.PIPE
        try:
            return await asyncio.create_subprocess_exec(
                *self._argv, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, start_new_session=True
            )
        except (OSError, ValueError) as exc:
            reason = getattr(exc, "strerror", None) or exc
            raise ConfigError(
                f"the program {self._argv[0]} can't be started: {reason}", hint="correct command.argv"
            ) from exc

    def _completion(self, code: int, output: bytes, complaint: bytes) -> Completion:
        words = self._peer.quote(ESCAPES.sub("", complaint.decode("utf-8", "replace")))
        said = f": {words}" if words else ""
        text = ESCAPES.sub("", output.decode("utf-8", "replace"))
        if len(output) > MOST_OUTPUT:
            raise ProviderAnswerError(
                f"the program {self._argv[0]} writes more than {MOST_OUTPUT // 1024**2} MB", billed="maybe"
            )
        if code:
            how = f"was killed by signal {-code}" if code < 0 else f"failed with exit code {code}"
            raise ProviderUnavailableError(f"the program {self._argv[0]} {how}{said}", billed="maybe")
        if not text.strip():
            raise ProviderAnswerError(f"the program {self._argv[0]} answered nothing{said}", billed="maybe")
        return Completion(text=text, model=None)


async def _feed(process: asyncio.subprocess.Process, prompt: bytes) -> None:
    stdin = cast("asyncio.StreamWriter", process.stdin)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it needn't read all, or anything
        stdin.write(prompt)
        await stdin.drain()
    stdin.close()


async def _read_output(process: asyncio.subprocess.Process) -> bytes:
    """All that it writes; a program that writes more than MOST_OUTPUT is stopped."""
    output = bytearray()
    while piece := await cast("asyncio.StreamReader", process.stdout).read(65536):
        output += piece
        if len(output) > MOST_OUTPUT:
            _kill(process)
            break
    return bytes(output)


async def _read_end(process: asyncio.subprocess.Process) -> bytes:
    end = b""
    while piece := await cast("asyncio.StreamReader", process.stderr).read(65536):
        end = (end + piece)[-KEPT_STDERR:]
    return end


def _kill(process: asyncio.subprocess.Process) -> None:
    """Kills the program and whatever it has started, where anything of it is left."""
    with contextlib.suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
