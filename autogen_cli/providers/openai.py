"""Chat completions from any service that speaks the OpenAI format, hosted or on this machine."""

import re
import time
from collections.abc import Callable, Mapping
from contextlib import aclosing
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from autogen_cli.errors import ConfigError, CredentialError, ProviderAnswerError
from autogen_cli.models import Completion, CompletionRequest, TokenUsage
from autogen_cli.providers.base import Capabilities
from autogen_cli.providers.streaming import collect

if TYPE_CHECKING:
    from autogen_cli.providers.http import HttpService
    from autogen_cli.providers.peer import Peer

DEFAULT_BASE_URL = "https://api.openai.com/v1"
ENDPOINT = "/chat/completions"
CREDENTIAL_HINT = "run `autogen auth login openai`, or set OPENAI_API_KEY"
# These refuse `max_tokens`, by a 400: https://platform.openai.com/docs/api-reference/chat/create
_COUNTS_THOUGHTS = re.compile(r"gpt-[5-9]|o[1-9]")
AZURE = (".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com")


class OpenAIProvider:
    """`base_url` with or without /v1, also with a query (Azure's api-version). A key is needed for the default address
    only: CredentialError without one. timeout: seconds for a whole answer. observe: is shown the headers of every
    response. on_text: is given the text as it comes; answers are streamed then.
    """

    name = "openai"
    capabilities = Capabilities(usage_reported=True, streaming=True, batch=True)

    def __init__(
        self,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        model: str | None = None,
        timeout: float = 120.0,
        max_output_tokens: int | None = None,
        temperature: float | None = None,
        observe: Callable[[Mapping[str, str]], None] | None = None,
        on_text: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._base_url = complete_base_url(base_url or DEFAULT_BASE_URL)
        self._api_key = api_key
        self._headers = credentials(self._base_url, api_key)
        self._model = model
        self._timeout = timeout
        self._max_output_tokens = max_output_tokens
        self._temperature = temperature
        self._observe = observe
        self._on_text = on_text
        self._clock = clock
        self._opened: tuple[Peer, HttpService] | None = None

    async def complete(self, request: CompletionRequest) -> Completion:
        from autogen_cli.providers.http_errors import BROKEN_OFF, for_error_body, for_verdict

        peer, service = self._service()
        payload = self.payload(request)
        if self._on_text:
            payload |= {"stream": True, "stream_options": {"include_usage": True}}
            async with aclosing(service.events(ENDPOINT, payload)) as events:
                data = await collect(events, self._on_text)
            if data is None:
                raise for_verdict(peer, BROKEN_OFF, billable=True)
        else:
            data = await service.json("POST", ENDPOINT, payload=payload, billable=True)
        if isinstance(data, dict) and data.get("error"):
            raise for_error_body(peer, data["error"], self._clock())
        return parse_completion(data, str(peer))

    async def models(self) -> tuple[str, ...]:
        """The models that the service offers; also the cheapest question that shows whether it can be reached."""
        peer, service = self._service()
        data = await service.json("GET", "/models")
        entries = data.get("data") if isinstance(data, dict) else None
        if not isinstance(entries, list):
            raise ProviderAnswerError(f"{peer} has no list of models", hint="check base_url")
        return tuple(str(entry["id"]) for entry in entries if isinstance(entry, dict) and "id" in entry)

    async def close(self) -> None:
        if self._opened:
            await self._opened[1].close()
            self._opened = None

    def _service(self) -> "tuple[Peer, HttpService]":
        if self._opened is None:
            self._opened = connect(
                self._base_url,
                self._api_key,
                headers=self._headers,
                timeout=self._timeout,
                observe=self._observe,
                clock=self._clock,
            )
        return self._opened

    def payload(self, request: CompletionRequest) -> dict[str, Any]:
        """What is sent for a request; a batch file holds the same. Raises ConfigError where no model is chosen."""
        if request.body is not None:
            return dict(request.body)
        model = request.model or self._model
        if not model:
            raise ConfigError("no model is chosen for openai", hint="set openai.model, or pass --model")
        messages = [
            {"role": "system", "content": request.prompt.system},
            {"role": "user", "content": request.prompt.user},
        ]
        limit = "max_completion_tokens" if _COUNTS_THOUGHTS.match(model) else "max_tokens"
        options = {
            limit: request.max_output_tokens or self._max_output_tokens,
            "temperature": self._temperature if request.temperature is None else request.temperature,
        }
        return {
            "model": model,
            "messages": [message for message in messages if message["content"]],
            **{name: value for name, value in options.items() if value is not None},
        }


def complete_base_url(url: str) -> str:
    """The address below which `/chat/completions` lies: `/v1` is added to a bare host, a full endpoint is cut back."""
    parts = urlsplit(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError(f"base_url '{url}' is no address", hint="it looks like https://host/v1")
    if parts.username or parts.password:
        raise ConfigError("base_url holds a user name or a password", hint="pass the key by OPENAI_API_KEY")
    path = parts.path.rstrip("/").removesuffix(ENDPOINT)
    return urlunsplit(parts._replace(path=path or "/v1", fragment=""))


def connect(
    base_url: str,
    api_key: str | None,
    *,
    headers: Mapping[str, str],
    timeout: float,
    observe: Callable[[Mapping[str, str]], None] | None = None,
    clock: Callable[[], float] = time.time,
) -> "tuple[Peer, HttpService]":
    """Whom the service's messages name, and the service. base_url: as `complete_base_url` gives it."""
    from autogen_cli.providers.http import HttpService
    from autogen_cli.providers.peer import Peer

    address = urlunsplit(urlsplit(base_url)._replace(query=""))
    peer = Peer(provider="openai", address=address, credential_hint=CREDENTIAL_HINT, secret=api_key or None)
    return peer, HttpService(peer, base_url, headers=headers, timeout=timeout, observe=observe, clock=clock)


def credentials(base_url: str, api_key: str | None) -> dict[str, str]:
    """The headers that carry the key. CredentialError where there has to be one, or it can't be one."""
    if not api_key:
        if base_url == DEFAULT_BASE_URL:
            raise CredentialError("openai has no key", hint=CREDENTIAL_HINT)
        return {}
    if not (api_key.isascii() and api_key.isprintable()) or " " in api_key:
        raise CredentialError("openai's key holds characters that no key has", hint=CREDENTIAL_HINT)
    host = urlsplit(base_url).hostname or ""
    return {"api-key": api_key} if host.endswith(AZURE) else {"authorization": f"Bearer {api_key}"}


def parse_completion(data: Any, source: str) -> Completion:
    """A completion out of a response's JSON. A refusal is its text, with `refusal` as the finish reason: it is billed,
    so it is an answer and no error.
    """
    try:
        choice = data["choices"][0]
        message = choice["message"]
        text, refusal = _text_of(message.get("content")), message.get("refusal")
        reason = choice.get("finish_reason")
    except (KeyError, IndexError, TypeError, AttributeError) as exc:
        raise ProviderAnswerError(
            f"{source} answers with JSON that holds no completion", hint="check base_url", billed="maybe", status=200
        ) from exc
    model = data.get("model")
    return Completion(
        text=str(refusal) if refusal else text,
        model=model if isinstance(model, str) else None,
        usage=_usage_of(data.get("usage")),
        cost_usd=_cost_of(data.get("usage")),
        finish_reason="refusal" if refusal else str(reason) if reason else None,
    )


def _text_of(content: Any) -> str:
    """Text as a string, or as the list of parts that some servers send; None (a refusal, a tool call) is empty."""
    if isinstance(content, list):
        return "".join(part["text"] for part in content if part.get("type") == "text")
    if content is None or isinstance(content, str):
        return content or ""
    raise TypeError(content)


def _usage_of(usage: Any) -> TokenUsage | None:
    """None unless prompt and completion are both counted: a figure that is half guessed is worse than none."""
    if not isinstance(usage, dict):
        return None
    read, written = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    if read is None or written is None:
        return None
    details = usage.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, dict) else None
    return TokenUsage(input=read, output=written, cached=min(cached or 0, read))


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _cost_of(usage: Any) -> Decimal | None:
    """USD, from the few services that report it (`usage.cost`)."""
    cost = usage.get("cost") if isinstance(usage, dict) else None
    return Decimal(str(cost)) if isinstance(cost, int | float) and cost >= 0 else None
