"""Batches against the built-in provider on loopback: which share of the rate that its latency alone allows, and in how
much memory.

The ideal rates are fixed, 200 symbols and 2,000 chat requests a second; latency and requests in flight follow from the
number of rows, and are 5 s (0.5 s) and 1,000 from 5,000 rows of symbols on.
"""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from autogen_cli.bench.figures import Figure
from autogen_cli.bench.processes import AUTOGEN, own_environment
from autogen_cli.bench.workbench import Workbench
from autogen_cli.errors import AutogenError

MOST_IN_FLIGHT = 1000
ENDED = (0, 8)  # a row whose answer doesn't fit its callers is a row as any other
GLANCE = 0.25  # seconds between two looks at the memory


class Load(NamedTuple):
    """rate: rows a second that latency alone allows. target: the share of it that is to be reached."""

    name: str
    rate: float
    target: float
    most_mb: float | None


SYMBOLS = Load("symbols", 200, 0.70, 300)
CHATS = Load("chat requests", 2000, 0.60, None)


def measure(bench: Workbench) -> Iterator[Figure]:
    modules = bench.modules()
    symbols: Iterable[dict[str, object]] = (
        {"id": f"s{number}", "module": modules[number % len(modules)], "symbol": f"wanted_{number}", "kind": "function"}
        for number in range(bench.rows)
    )
    yield from _run(bench, SYMBOLS, symbols, bench.rows)
    chats = (_chat(number) for number in range(2 * bench.rows))
    yield from _run(bench, CHATS, chats, 2 * bench.rows)


def _chat(number: int) -> dict[str, object]:
    body = {"model": "fake-model", "messages": [{"role": "user", "content": f"question {number}"}]}
    return {"custom_id": f"c{number}", "method": "POST", "url": "/v1/chat/completions", "body": body}


def _run(bench: Workbench, load: Load, rows: Iterable[dict[str, object]], count: int) -> Iterator[Figure]:
    folder = bench.fresh_folder()
    source, output = folder / "rows.jsonl", folder / "results.jsonl"
    source.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    in_flight = max(1, min(MOST_IN_FLIGHT, count // 5))
    latency = in_flight / load.rate
    bench.say(f"batch: {count:,} {load.name}, {in_flight:,} in flight, {latency:g} s each")
    words = ("batch", str(source), "-o", str(output), "--concurrency", str(in_flight), "--no-cache", "--repair", "0")
    with _provider(folder, latency) as address:
        taken = _watched((*words, "--root", ".", "--provider", "openai", "--quiet"), bench.copy, folder, address)
    with output.open("rb") as file:
        errors = sum(json.loads(line)["status"] == "error" for line in file)
    yield Figure(
        suite="batch",
        name=load.name,
        value=count / taken.seconds,
        unit="rows/s",
        relative=count / taken.seconds / load.rate,
        yardstick="the rate that latency alone allows",
        target=load.target,
        of_relative=True,
        more_is_better=True,
        note=f"{count:,} rows, {in_flight:,} in flight, {latency:g} s" + (f", {errors} errors" if errors else ""),
    )
    if taken.most_mb is not None:
        yield Figure(
            suite="batch",
            name=f"memory, {load.name}",
            value=taken.most_mb,
            unit="MB",
            target=load.most_mb,
            note="all its processes",
        )


@contextlib.contextmanager
def _provider(folder: Path, latency: float) -> Iterator[str]:
    """The address of a fake provider in a process of its own."""
    command = [sys.executable, "-P", "-m", "autogen_cli.providers.fake", "--latency", str(latency)]
    environment = own_environment(folder / "home", {})
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as server:
        try:
            if server.stdout is None:  # unreachable: it was asked for
                raise AutogenError("the provider on loopback has no output")
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


class Taken(NamedTuple):
    """most_mb: memory of the command's processes together, at its largest; None where /proc doesn't tell."""

    seconds: float
    most_mb: float | None


def _watched(words: tuple[str, ...], project: Path, folder: Path, address: str) -> Taken:
    """Runs the command and looks at its memory. AutogenError where it ends before its last row."""
    environment = own_environment(
        folder / "home",
        {"OPENAI_BASE_URL": address, "AUTOGEN_OPENAI_MODEL": "fake-model"},
    )
    started, most = time.perf_counter(), 0.0
    with (folder / "stderr").open("w+") as stderr:
        command = [sys.executable, "-P", "-c", AUTOGEN, *words]
        process = subprocess.Popen(command, cwd=project, env=environment, stdout=subprocess.DEVNULL, stderr=stderr)
        while True:
            try:
                code = process.wait(GLANCE)
                break
            except subprocess.TimeoutExpired:
                most = max(most, memory_mb(process.pid))
        seconds = time.perf_counter() - started
        if code not in ENDED:
            stderr.seek(0)
            raise AutogenError(f"autogen batch ended with {code}: {' '.join(stderr.read().split()[-40:])}")
    return Taken(seconds, most or None)


def memory_mb(process: int, proc: Path = Path("/proc")) -> float:
    """Proportional set size of a process and those that it started, MB (2**20 bytes): what n of them share counts for
    an n-th in each. 0 where /proc doesn't tell.
    """
    parents: dict[int, int] = {}
    for status in proc.glob("[0-9]*/status"):
        with contextlib.suppress(OSError, KeyError):  # it has ended since
            parents[int(status.parent.name)] = int(_facts(status)["PPid"])
    family = {process}
    while found := {child for child, parent in parents.items() if parent in family} - family:
        family |= found
    return sum(_share(proc / str(member) / "smaps_rollup") for member in family) / 1024


def _share(rollup: Path) -> int:
    """kB; 0 for a process that is gone, or has no memory."""
    with contextlib.suppress(OSError, KeyError):
        return int(_facts(rollup)["Pss"].split()[0])
    return 0


def _facts(file: Path) -> dict[str, str]:
    return dict(line.split(":", 1) for line in file.read_text().splitlines() if ":" in line)
