"""A process that works a cache at random and notes what it committed; it may be killed at any moment.

python cache_workers.py FOLDER SEED OPERATIONS: appends to FOLDER/SEED the key of every
entry that `set` has returned for.
"""

import random
import sys
from pathlib import Path

from autogen_cli.cache.base import CacheEntry, file_label
from autogen_cli.cache.disk import DiskLevel
from autogen_cli.cache.manager import CacheManager
from autogen_cli.cache.memory import MemoryLevel
from autogen_cli.models import SourceFile

PROJECT = "/project"


def entry(key: str, noise: random.Random) -> CacheEntry:
    files = tuple(SourceFile(path=f"m{noise.randrange(50)}.py", digest="d") for _ in range(4))
    value = {"code": noise.randbytes(noise.randrange(100, 4000)).hex()}
    return CacheEntry(key=key, value=value, created=1.0, module="m", symbol=key, project=PROJECT, files=files)


def main(folder: Path, seed: int, operations: int) -> None:
    noise = random.Random(seed)
    cache = CacheManager([MemoryLevel(100), DiskLevel(folder / "cache")], on_warning=sys.exit)
    with (folder / str(seed)).open("a") as committed:
        for number in range(operations):
            dice = noise.random()
            if dice < 0.5:
                cache.get(f"{seed}-{noise.randrange(operations)}")
            elif dice < 0.9:
                key = f"{seed}-{number}"
                cache.set(entry(key, noise))
                committed.write(f"{key}\n")
                committed.flush()
            elif dice < 0.95:
                cache.keys_of(file_label(PROJECT, f"m{noise.randrange(50)}.py"))
            else:
                cache.remember(f"{seed}-{number}", "state", f"{seed}-{noise.randrange(operations)}")
                cache.recall(f"{seed}-{number}", "state")
    cache.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
