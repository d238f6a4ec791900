"""Files that several processes append to: one at a time, and an entry whole or not at all."""

import errno
import os
import sys
import time

_ATTEMPTS, _PAUSE = 2_000, 0.005  # ten seconds for the lock


def append(descriptor: int, data: bytes) -> None:
    """All of `data`, or nothing of it. Raises OSError. The file is open for appending, and locked."""
    size = os.fstat(descriptor).st_size
    if os.write(descriptor, data) < len(data):  # the disk is full
        os.ftruncate(descriptor, size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def wait_for_lock(descriptor: int) -> None:
    """Waits for the lock, which goes when the file is closed, however its process ends. Raises TimeoutError."""
    for _ in range(_ATTEMPTS):
        try:
            _try_lock(descriptor)
        except OSError as exc:
            if exc.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
                raise
            time.sleep(_PAUSE)
        else:
            return
    raise TimeoutError(errno.ETIMEDOUT, "another process holds its lock")


if sys.platform == "win32":  # pragma: no cover - no test runs there

    def _try_lock(descriptor: int) -> None:
        import msvcrt

        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:

    def _try_lock(descriptor: int) -> None:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
