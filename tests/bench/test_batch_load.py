"""Batches against the built-in provider, with few rows."""

from pathlib import Path

import pytest

from autogen_cli.bench import batch_load
from autogen_cli.bench.benchmark import PerformanceBenchmark
from autogen_cli.errors import AutogenError
from tests.bench.test_prompts import FILES
from tests.conftest import MakeProject


def test_rates_and_memory(make_project: MakeProject) -> None:
    found = PerformanceBenchmark(make_project(FILES), rows=10).run("batch")
    figures = {figure.name: figure for figure in found.figures}
    symbols, chats = figures["symbols"], figures["chat requests"]
    assert (symbols.note, chats.note) == ("10 rows, 2 in flight, 0.01 s", "20 rows, 4 in flight, 0.002 s")
    assert symbols.relative == pytest.approx(symbols.value / 200)
    assert chats.relative == pytest.approx(chats.value / 2000)
    assert 20 < figures["memory, symbols"].value < 2000


def test_a_batch_that_ends_before_its_last_row_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AutogenError, match=r"autogen batch ended with 2: error: .*nowhere"):
        batch_load._watched(("batch", "nowhere.jsonl"), tmp_path, tmp_path, "http://127.0.0.1:1/v1")


def test_memory_is_that_of_a_process_and_of_those_it_started(tmp_path: Path) -> None:
    for number, parent, kilobytes in ((10, 1, 1024), (11, 10, 2048), (12, 11, 4096), (13, 1, 512)):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "status").write_text(f"Name:\tx\nPPid:\t{parent}\n")
        (folder / "smaps_rollup").write_text(f"0-1 ---p 00000000 00:00 0 [rollup]\nRss: 9 kB\nPss: {kilobytes} kB\n")
    (tmp_path / "14").mkdir()
    (tmp_path / "14" / "status").write_text("Name:\tkernel thread\nPPid:\t10\n")
    assert batch_load.memory_mb(10, tmp_path) == 7
    assert batch_load.memory_mb(10, tmp_path / "nowhere") == 0
