"""Start-up: what is paid before anything happens, as whole processes."""

from collections.abc import Iterator

from autogen_cli.bench.figures import Figure
from autogen_cli.bench.processes import YARDSTICK, Programs, Timing
from autogen_cli.bench.workbench import Workbench

STARTUP_TARGET = 1.3
CACHED_TARGET = 1.8
MISSING = "symbol_that_nobody_wrote"


def measure(bench: Workbench) -> Iterator[Figure]:
    programs = Programs(bench.fresh_folder())
    module = bench.modules()[0]
    cached = ("generate", module, MISSING, "--provider", "scaffold", "--root", ".")
    cases = (
        ("autogen --help", ("--help",), ("--help",), STARTUP_TARGET),
        ("autogen --version", ("--version",), ("--help",), STARTUP_TARGET),
        ("cached generate", cached, ("greet",), CACHED_TARGET),
    )
    for name, words, bare_words, target in cases:
        bench.say(f"startup: {name}, {bench.rounds} pairs")
        pairs = [programs.pair(words, bare_words, folder=bench.copy) for _ in range(bench.rounds + 1)]
        timing = Timing.of(pairs[1:])  # the first one fills the cache, and compiles
        yield Figure(
            suite="startup",
            name=name,
            value=timing.seconds * 1000,
            unit="ms",
            relative=timing.relative,
            yardstick=YARDSTICK,
            target=target,
            of_relative=True,
        )
