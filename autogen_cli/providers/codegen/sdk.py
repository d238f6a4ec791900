"""The service through its SDK: `Agent(token, org_id)`, in threads, with the limits that the SDK itself doesn't set.

The SDK's calls have no time limit, retry and follow redirects on their own and read bodies of any size. So its agent
makes the requests and this module reads the responses. What the agent can't say (repo_id, model, metadata) isn't sent.
"""

import asyncio
import contextlib
import importlib
import importlib.util
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

from autogen_cli.errors import ConfigError
from autogen_cli.providers import http_errors
from autogen_cli.providers.codegen.runs import PAGE, Run, parse_page, parse_run
from autogen_cli.providers.http_errors import Verdict, decode, for_status, for_verdict
from autogen_cli.providers.peer import Peer
from autogen_cli.providers.proxies import proxy_for

THREADS = 32  # measured: 64 are a third faster at 1,000 runs, and take twice the memory
CONNECT_TIMEOUT = 10.0
MAX_BODY = 32 * 1024 * 1024
HINT = "install autogen-cli[codegen], or set codegen.transport to http"


class SdkTransport:
    """timeout: seconds for one request, from its start to the last byte."""

    sends_metadata = False

    def __init__(
        self,
        peer: Peer,
        *,
        base_url: str,
        token: str,
        org_id: int,
        timeout: float,
        observe: Callable[[Mapping[str, str]], None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._peer = peer
        self._org_id = org_id
        self._authorization = f"Bearer {token}"
        self._timeout = timeout
        self._observe = observe
        self._clock = clock
        self._agent = load_agent()(token, org_id, base_url)
        pool = _behind_proxy(self._agent.api_client, proxy_for(base_url)).pool_manager
        pool.connection_pool_kw |= {"retries": False, "maxsize": THREADS}  # False: no redirects either
        self._pool = pool
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="codegen")

    async def create(self, prompt: str, *, request_id: str, model: str | None) -> Run:
        """The prompt alone is sent: the SDK has no room for the rest."""
        from codegen_api_client.models.create_agent_run_input import CreateAgentRunInput

        request = self._agent.agents_api.create_agent_run_v1_organizations_org_id_agent_run_post_without_preload_content
        data = await self._ask(request, billable=True, create_agent_run_input=CreateAgentRunInput(prompt=prompt))
        return parse_run(data, self._peer)

    async def get(self, run_id: int) -> Run:
        api = self._agent.agents_api
        request = api.get_agent_run_v1_organizations_org_id_agent_run_agent_run_id_get_without_preload_content
        return parse_run(await self._ask(request, agent_run_id=run_id), self._peer)

    async def recent(self, skip: int = 0) -> tuple[Run, ...]:
        return parse_page(await self._ask(self._call, "GET", f"runs?skip={skip}&limit={PAGE}"), self._peer)

    async def stop(self, run_id: int) -> None:
        await self._ask(self._call, "POST", "run/ban", {"agent_run_id": run_id})

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._pool.clear()

    def _call(self, method: str, path: str, body: object = None, **options: Any) -> Any:
        """What the SDK has no method for, by its own client."""
        client = self._agent.api_client
        url = f"{client.configuration.host}/v1/organizations/{options['org_id']}/agent/{path}"
        headers = {"authorization": options["authorization"], "Content-Type": "application/json"}
        return client.call_api(method, url, headers, body, _request_timeout=options["_request_timeout"]).response

    async def _ask(self, request: Callable[..., Any], *arguments: Any, billable: bool = False, **options: Any) -> Any:
        """The JSON of a response that the SDK hands over unread."""
        import urllib3
        from codegen_api_client.exceptions import ApiException

        def exchange() -> tuple[int, dict[str, str], bytes | None]:
            deadline = time.monotonic() + self._timeout
            response = request(
                *arguments,
                org_id=self._org_id,
                authorization=self._authorization,
                _request_timeout=(min(CONNECT_TIMEOUT, self._timeout), self._timeout),
                **options,
            )
            headers = {name.lower(): value for name, value in response.headers.items()}
            return response.status, headers, _read(response, deadline)

        loop = asyncio.get_running_loop()
        try:
            status, headers, body = await loop.run_in_executor(self._threads, exchange)
        except (urllib3.exceptions.HTTPError, ApiException, TimeoutError, OSError) as exc:
            verdict, detail = judge(exc, self._timeout)
            raise for_verdict(self._peer, verdict, billable=billable, detail=detail) from exc
        if self._observe:
            self._observe(headers)
        if body is None:
            too_much = str(MAX_BODY // 1024**2)
            raise for_verdict(self._peer, http_errors.TOO_MUCH, billable=billable, detail=too_much)
        if not 200 <= status < 300:
            raise for_status(self._peer, status, headers, body, self._clock())
        return decode(self._peer, body, billable=billable)


def _behind_proxy(client: Any, proxy: str | None) -> Any:
    """The client's own HTTP client; where there is a proxy a new one, which the SDK would make for no environment."""
    if proxy:
        from urllib3 import make_headers

        parts = urlsplit(proxy)
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
        client.configuration.proxy = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        client.configuration.proxy_headers = make_headers(proxy_basic_auth=user)
        client.rest_client = type(client.rest_client)(client.configuration)
    return client.rest_client


def _read(response: Any, deadline: float) -> bytes | None:
    """The body; None where it is longer than MAX_BODY. Raises TimeoutError past the deadline."""
    body = bytearray()
    with contextlib.closing(response):  # a response that was read to its end has given its connection back before
        while piece := response.read1(65536, decode_content=True):
            body += piece
            if len(body) > MAX_BODY:
                return None
            if time.monotonic() > deadline:
                raise TimeoutError
    return bytes(body)


def judge(exc: Exception, timeout: float) -> tuple[Verdict, str]:
    """What an exception of urllib3 or of the SDK's client means, and the detail to tell."""
    from urllib3 import exceptions as theirs

    match exc:
        case theirs.ConnectTimeoutError() if not isinstance(exc, theirs.NewConnectionError):
            return http_errors.NOT_TAKEN, ""
        case theirs.NameResolutionError():
            return http_errors.NO_NAME, ""
        case theirs.NewConnectionError():
            cause = exc.__cause__
            return http_errors.NOT_REACHED, str(getattr(cause, "strerror", None) or "no route").lower()
        case theirs.ReadTimeoutError() | TimeoutError():
            return http_errors.TOO_SLOW, f"{timeout:g}"
        case theirs.ProxyError():
            return http_errors.NO_PROXY, ""
        case theirs.IncompleteRead() | theirs.DecodeError():
            return http_errors.BROKEN_OFF, ""
        case theirs.HTTPError() | OSError():
            return http_errors.DROPPED, ""
        case _:  # the client's ApiException without a status: it makes one of urllib3's SSLError
            return (
                http_errors.NOT_TRUSTED if "CERTIFICATE" in str(exc) else http_errors.NO_TLS
            ), "it can't be verified"


def installed() -> bool:
    return _package_folder() is not None


def load_agent() -> Any:
    """The SDK's class `Agent`. Raises ConfigError where the SDK isn't there or doesn't start."""
    folder = _package_folder()
    if folder is None:
        raise ConfigError("the Codegen SDK isn't installed", hint=HINT)
    try:
        with contained(), _without_its_package(folder):
            return importlib.import_module("codegen.agents.agent").Agent
    except Exception as exc:  # importing it runs code of 2,600 modules, which fails in ways that nobody can list
        raise ConfigError(f"the Codegen SDK doesn't start: {type(exc).__name__}: {exc}", hint=HINT) from exc


def _package_folder() -> Path | None:
    spec = importlib.util.find_spec("codegen")
    folders = [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []
    return next((folder for folder in folders if (folder / "agents" / "agent.py").is_file()), None)


@contextlib.contextmanager
def _without_its_package(folder: Path) -> Iterator[None]:
    """Lets `codegen.agents` be imported without `codegen/__init__.py`, which takes 4.6 s and changes the process."""
    if "codegen" in sys.modules:
        yield
        return
    package = ModuleType("codegen")
    package.__path__ = [str(folder)]
    sys.modules["codegen"] = package
    try:
        yield
    finally:
        del sys.modules["codegen"]


@contextlib.contextmanager
def contained() -> Iterator[None]:
    """Undoes what importing the SDK does to its host: environment variables overridden from `.env` files, the hook for
    uncaught exceptions replaced, logging reset and sent to stdout. It also refuses to start under most values of ENV.
    """
    environment, hook, root = dict(os.environ), sys.excepthook, logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    os.environ.pop("ENV", None)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        os.environ.clear()
        os.environ.update(environment)
        sys.excepthook = hook
        root.setLevel(level)
        root.handlers[:] = handlers
