"""A process that asks for one key many times at once; what it pays for is a line in a file.

python requesters.py FOLDER REDIS_URL COUNT SECONDS: SECONDS is how long the provider takes. REDIS_URL may be "-".
"""

import asyncio
import os
import sys
from pathlib import Path

from autogen_cli.cache import flight
from autogen_cli.cache.base import CacheEntry
from autogen_cli.cache.disk import DiskLevel
from autogen_cli.cache.manager import CacheManager
from autogen_cli.cache.memory import MemoryLevel
from autogen_cli.cache.redis import RedisLevel

flight.LEASE_SECONDS, flight.RENEW_SECONDS = 1.0, 0.2


async def request(cache: CacheManager, calls: Path, seconds: float) -> object:
    hit = cache.get("k")
    if hit is None:
        async with cache.flight("k") as hit:
            if hit is None:
                with calls.open("a") as file:
                    file.write(f"{os.getpid()}\n")
                await asyncio.sleep(seconds)
                cache.set(CacheEntry(key="k", value={"code": "answer"}, created=0.0))
                return "answer"
    return hit.entry.value["code"]


async def main(folder: Path, redis_url: str, count: int, seconds: float) -> None:
    shared = DiskLevel(folder / "cache") if redis_url == "-" else RedisLevel(redis_url)
    cache = CacheManager([MemoryLevel(), shared])
    answers = await asyncio.gather(*(request(cache, folder / "calls", seconds) for _ in range(count)))
    cache.close()
    assert answers == ["answer"] * count


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
