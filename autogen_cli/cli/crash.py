"""The log file of an error that nobody foresaw: what a bug report needs, and no secret."""

import platform
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime

from autogen_cli import __version__
from autogen_cli.config import folders
from autogen_cli.errors import AutogenError
from autogen_cli.security.redaction import redact


def write_crash_log(error: Exception, words: Sequence[str]) -> AutogenError:
    """Writes the traceback to the log folder; the error returned names the file, or says why there is none."""
    now = datetime.now(tz=UTC)
    lines = [
        f"autogen {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"{now.isoformat()}  autogen {' '.join(words)}",
        "",
        *traceback.format_exception(error),
    ]
    path = folders().logs / f"crash-{now:%Y%m%d-%H%M%S-%f}.log"
    name = type(error).__name__
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(redact("\n".join(lines)), encoding="utf-8")
    except OSError as exc:
        hint = f"no log could be written ({exc.strerror}); run it again with --debug"
        return AutogenError(f"internal error ({name})", hint=hint)
    return AutogenError(f"internal error ({name})", hint=f"this is a bug; the details are in {path}")
