"""A streamed answer put together: the same JSON that the service would have sent in one piece."""

from collections.abc import AsyncIterator, Callable
from typing import Any


async def collect(events: AsyncIterator[Any], on_text: Callable[[str], None]) -> dict[str, Any] | None:
    """The completion (or the error) that the events add up to; None where they break off before they are complete.

    on_text: is given each piece of text as it comes. A service that doesn't stream sends one event, the completion.
    """
    text: list[str] = []
    refusal: list[str] = []
    whole: dict[str, Any] = {}
    reason = None
    async for event in events:
        if not isinstance(event, dict) or event.get("error") or _is_whole(event):
            found: dict[str, Any] = event
            return found
        whole |= {name: event[name] for name in ("model", "usage") if event.get(name)}
        for choice in event.get("choices") or ():
            delta = choice.get("delta")
            written, refused = (_text(delta, field) for field in ("content", "refusal"))
            if written:
                text.append(written)
                on_text(written)
            refusal.append(refused)
            reason = choice.get("finish_reason") or reason
    if reason is None:
        return None
    message = {"content": "".join(text), "refusal": "".join(refusal)}
    return {**whole, "choices": [{"message": message, "finish_reason": reason}]}


def _text(delta: Any, field: str) -> str:
    value = delta.get(field) if isinstance(delta, dict) else None
    return value if isinstance(value, str) else ""


def _is_whole(event: dict[str, Any]) -> bool:
    """Whether it is a completion, or nothing that can be understood: both are for the parser of whole answers."""
    choices = event.get("choices") or []
    return not isinstance(choices, list) or any(not isinstance(c, dict) or "message" in c for c in choices)
