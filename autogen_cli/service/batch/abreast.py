"""Coroutines abreast: so many at once, and what they return as they finish."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from typing import Any


async def abreast[T](work: AsyncGenerator[Coroutine[Any, Any, T]], most: int) -> AsyncGenerator[T]:
    """Takes the next coroutine from `work` only when there is room for it. An error of one ends them all."""
    tasks: set[asyncio.Task[T]] = set()
    coming: asyncio.Future[Coroutine[Any, Any, T] | None] | None = None
    ended = False
    try:
        while tasks or not ended:
            if not ended and coming is None and len(tasks) < most:
                coming = asyncio.ensure_future(anext(work, None))
            under_way: list[asyncio.Future[Any]] = [*tasks, coming] if coming else [*tasks]
            await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            if coming and coming.done():
                coroutine, coming = coming.result(), None
                ended = coroutine is None
                if coroutine is not None:
                    tasks.add(asyncio.create_task(coroutine))
            for task in [task for task in tasks if task.done()]:
                tasks.discard(task)
                yield task.result()
    finally:
        left: list[asyncio.Future[Any]] = [*tasks, coming] if coming else [*tasks]
        for each in left:
            each.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await work.aclose()
