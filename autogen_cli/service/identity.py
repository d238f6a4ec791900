"""What a request is known by: the key of its answer, and a quicker name that needs no context."""

from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autogen_cli import __version__
from autogen_cli.cache.base import KeyInputs
from autogen_cli.cache.direct import fingerprint, request_id
from autogen_cli.models import CodeContext, GenerationRequest, Prompt
from autogen_cli.service.recall import declarations

if TYPE_CHECKING:
    from autogen_cli.service.wiring import Services


class Identity:
    """cassette: what the provider `replay` answers from."""

    def __init__(self, services: "Services", *, cassette: Path | None) -> None:
        self._services = services
        self._cassette = cassette

    def key_inputs(self, request: GenerationRequest, context: CodeContext, prompt: Prompt) -> KeyInputs:
        """Everything that the answer and its checks depend on: also call sites that the prompt left out."""
        provider, model = self._services.chain.choose(request.provider, request.model)
        sites = [replace(site, line=0) for site in context.call_sites]  # lines move with every edit above them
        call_sites = blake2b(repr(sites).encode(), digest_size=16).hexdigest()
        parameters = self._parameters(provider) | {"kind": context.target.kind, "call_sites": call_sites}
        return KeyInputs(provider=provider, model=model, parameters=parameters, prompt=prompt)

    def direct(self, request: GenerationRequest) -> tuple[str, str] | None:
        """The request and the project's state, for a lookup that needs no context; None while files are changing."""
        files = [*self._services.engine.project.files.items(), *declarations(self._services.root)]
        state = fingerprint(files, now_ns=self._services.walked_ns)
        if state is None:
            return None
        provider, model = self._services.chain.choose(request.provider, request.model)
        settings = self._services.config.context
        decides = {
            "version": __version__,
            "root": str(self._services.root),
            "module": request.module,
            "symbol": request.symbol,
            "kind": request.kind,
            "description": request.description,
            "provider": provider,
            "model": model,
            "parameters": self._parameters(provider),
            "template": self._services.prompts.template,
            "context": (
                request.context_tokens or settings.tokens,
                settings.include,
                settings.exclude,
                settings.secrets,
                settings.analyzer,
            ),
        }
        return request_id(decides), state

    def _parameters(self, provider: str) -> dict[str, Any]:
        settings = self._services.config.openai
        if provider == "replay":
            return {"cassette": str(self._cassette)}
        if provider != "openai":
            return {}
        return {
            "base_url": settings.base_url,
            "max_output_tokens": settings.max_output_tokens,
            "temperature": settings.temperature,
        }
