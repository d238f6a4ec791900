"""Coroutines abreast: so many at once, and what they return as they finish."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from typing import Any


async def abreast[T](work: AsyncIterator[Coroutine[Any, Any, T]], most: int) -> AsyncGenerator[T]:
    """Takes the next coroutine from `work` only when there is room for it. An error of one ends them all."""
    tasks: set[asyncio.Task[T]] = set()
    try:
        async for coroutine in work:
            tasks.add(asyncio.create_task(coroutine))
            if len(tasks) < most:
                continue
            done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield task.result()
        while tasks:
            done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
