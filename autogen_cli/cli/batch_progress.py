"""How a batch shows that it moves: one line on a terminal, a line now and then anywhere else."""

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from autogen_cli.cli.output import Output

if TYPE_CHECKING:
    from autogen_cli.service.batch.runner import Progress

TERMINAL_PACE = 0.25  # seconds
PLAIN_PACE = 10.0


class StdoutRows:
    """Rows on stdout."""

    def __init__(self, out: Output) -> None:
        self._out = out

    def write(self, line: bytes) -> None:
        self._out.text(line.decode())

    def flush(self) -> None:
        """Each line is sent at once."""

    def close(self) -> None:
        """Leaves stdout open."""


@contextlib.contextmanager
def progress_display(out: Output) -> Iterator[tuple[Callable[["Progress"], None], float]]:
    """What takes the progress, and how often, in seconds."""
    if out.quiet:
        yield (lambda _: None), PLAIN_PACE
    elif out.on_terminal:
        with out.live() as show:
            yield (lambda progress: show(progress_line(progress), progress.rows, progress.total)), TERMINAL_PACE
    else:
        yield (
            (lambda progress: out.note(progress_line(progress)) if progress.rows or progress.in_flight else None),
            PLAIN_PACE,
        )


def progress_line(progress: "Progress") -> str:
    """One line: done, failed, cached, in flight, rate, cost, time left, what holds the rate back."""
    total = f" of {progress.total:,}" if progress.total is not None else ""
    fresh = max(0, progress.rows - progress.finished_earlier)
    rate = fresh / progress.seconds if progress.seconds else 0.0
    parts = [f"{progress.rows:,}{total} rows"]
    parts += [f"{progress.failed:,} failed"] if progress.failed else []
    parts += [f"{progress.cached:,} cached"] if progress.cached else []
    parts += [f"{progress.in_flight:,} in flight", f"{rate:.1f} rows/s", f"${progress.cost_usd:.4f}"]
    parts += [f"{progress.unpriced:,} unpriced"] if progress.unpriced else []
    if progress.stopping:
        parts.append("finishing what is in flight; Ctrl-C again drops it")
    elif progress.total and rate:
        parts.append(f"{_duration((progress.total - progress.rows) / rate)} left")
    parts += [f"waiting for {progress.limit}"] if progress.limit else []
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
