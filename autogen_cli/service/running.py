"""The one way from synchronous callers into the asynchronous core."""

import asyncio
import contextvars
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def run[T](work: Coroutine[Any, Any, T]) -> T:
    """Runs it to its end; where an event loop is running already, as in a notebook, on a thread of its own."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(contextvars.copy_context().run, asyncio.run, work).result()
