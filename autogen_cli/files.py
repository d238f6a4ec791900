"""Reading files of a project that somebody else wrote: bounded, plain files only, and never led away by a link."""

import errno
import os
import stat
from pathlib import Path

LARGEST_SOURCE = 10_000_000  # bytes; what is larger is no code that a person wrote
PLAIN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_file(path: Path, *, within: Path | None = None, limit: int = LARGEST_SOURCE) -> bytes:
    """The bytes of a file. within: a folder without links in its own path, out of which no link may lead.

    Raises OSError: also for what is larger than `limit`, is no plain file (a pipe would hang us) or lies elsewhere.
    Without `within` a link is refused.
    """
    if within is not None:
        path = Path(os.path.realpath(path))
        if not path.is_relative_to(within):
            raise OSError(errno.ELOOP, "a link that leaves the project", str(path))
    with os.fdopen(os.open(path, PLAIN), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a plain file", str(path))
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"larger than {limit // 1_000_000} MB", str(path))
    return content


def read_text(path: Path, *, within: Path | None = None) -> str:
    """The text of a small file, where what isn't UTF-8 is replaced. Raises OSError as `read_file` does."""
    return read_file(path, within=within).decode("utf-8", "replace")
