"""A provider by the key that is in force, also while that changes.

A service that refuses the key (401) has done no work: the other key of a rotation is tried, the newest first. What
holds an old key in memory, a batch of many hours for instance, so learns the new one without a restart.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from autogen_cli.errors import CredentialError
from autogen_cli.models import Completion, CompletionRequest
from autogen_cli.security.redaction import hide_known

if TYPE_CHECKING:
    from autogen_cli.providers.base import Capabilities, Provider


class KeyedProvider:
    """keys: those in force now, the best first; None where the provider may do without. create: builds the provider
    for one of them. on_used: told of a key that the service has taken.
    """

    def __init__(
        self,
        keys: Callable[[], Sequence[str | None]],
        create: "Callable[[str | None], Provider]",
        on_used: Callable[[str], None],
    ) -> None:
        self._keys = keys
        self._create = create
        self._on_used = on_used
        self._key = next(iter(keys()), None)
        self._providers = {self._key: create(self._key)}

    @property
    def name(self) -> str:
        return self._providers[self._key].name

    @property
    def capabilities(self) -> "Capabilities":
        return self._providers[self._key].capabilities

    async def complete(self, request: CompletionRequest) -> Completion:
        refused: list[str | None] = []
        while True:
            key = self._key
            try:
                completion = await self._providers[key].complete(request)
            except CredentialError:
                refused.append(key)
                if not self._switch(refused):
                    raise
                continue
            if key:
                self._on_used(key)
            return _without_keys(completion)

    async def close(self) -> None:
        for provider in self._providers.values():
            await provider.close()

    def _switch(self, refused: Sequence[str | None]) -> bool:
        """Goes on to a key that wasn't refused, if there is one."""
        if self._key not in refused:  # another request has found it
            return True
        other = next((key for key in self._keys() if key not in refused), None)
        if other is None:
            return False
        if other not in self._providers:
            self._providers[other] = self._create(other)
        self._key = other
        return True


def _without_keys(completion: Completion) -> Completion:
    """What a service says may hold the key that it was sent: that ends here, before it is an answer and cached."""
    return replace(
        completion,
        text=hide_known(completion.text),
        model=hide_known(completion.model) if completion.model else None,
        finish_reason=hide_known(completion.finish_reason) if completion.finish_reason else None,
        web_url=hide_known(completion.web_url) if completion.web_url else None,
    )
