"""What was asked for each entry on disk. Kept apart from the entries: only `explain` reads it."""

from typing import Any

from autogen_cli.cache.base import KeyInputs
from autogen_cli.models import Prompt
from autogen_cli.storage.store import JSONStore

TABLE = "CREATE TABLE IF NOT EXISTS Asked (key TEXT PRIMARY KEY, value BLOB);"


def keeping(store: JSONStore, inputs: KeyInputs) -> tuple[str, tuple[Any, ...]]:
    """The statement that keeps it."""
    row = store.encode_row(inputs.key, {"asked": inputs.parts()})
    return "INSERT OR REPLACE INTO Asked VALUES (?, ?)", (inputs.key, row)


def recall(store: JSONStore, key: str) -> KeyInputs | None:
    for (data,) in store.select("SELECT value FROM Asked WHERE key = ?", (key,)):
        found = (store.decode_row(key, data) or {}).get("asked")
        if found is not None:
            version, provider, model, parameters, system, user = found
            prompt = Prompt(system=system, user=user)
            return KeyInputs(provider=provider, model=model, parameters=parameters, prompt=prompt, version=version)
    return None
