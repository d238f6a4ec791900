"""BatchGenerator: a batch from a program."""

from pathlib import Path

import pytest

from autogen_cli.providers.fake import FakeServer
from autogenlib import AutogenError, BatchGenerator, ConfigError, GenerationRequest, ProviderUnavailableError
from tests.cli.test_batch import results
from tests.cli.test_generate import ANSWER, FILES
from tests.conftest import MakeProject
from tests.service.batch.killing import write_rows

REQUESTS = [GenerationRequest(module="shop.money", symbol="total", id="a")]


async def test_requests_go_in_and_a_summary_comes_out(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_project(FILES)
    with FakeServer([ANSWER]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        batches = BatchGenerator(root=root, settings={"openai.model": "fake-model"})
        summary = await batches.generate(REQUESTS, root / "out.jsonl")
        again = await batches.generate(REQUESTS, root / "out.jsonl")
        assert server.received == 1
    assert (summary.ok, summary.calls, again.finished_earlier) == (1, 1, 1)
    (row,) = results(root / "out.jsonl")
    assert (row["id"], row["status"]) == ("a", "ok")


async def test_what_ends_a_run_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_rows(tmp_path / "rows.jsonl", 200)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    batches = BatchGenerator(root=tmp_path, settings={"limits.retries": 0})
    with pytest.raises(ProviderUnavailableError, match="100 times in a row"):
        await batches.run(tmp_path / "rows.jsonl", tmp_path / "out.jsonl")


async def test_a_cluster_is_asked_for_as_on_the_command_line(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.jsonl", 1)
    with pytest.raises(ConfigError, match="a cluster needs Redis"):
        await BatchGenerator(root=tmp_path).run(
            tmp_path / "rows.jsonl", tmp_path / "out.jsonl", executor="dask", scheduler="tcp://127.0.0.1:1"
        )


async def test_a_run_may_begin_anew(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_project(FILES)
    write_rows(root / "rows.jsonl", 3)
    with FakeServer(["Four."]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        for restart, asked in ((False, 3), (False, 3), (True, 6)):
            await BatchGenerator(root=root).run(root / "rows.jsonl", root / "out.jsonl", restart=restart)
            assert server.received == asked


async def test_rows_that_cannot_be_kept_are_told(tmp_path: Path) -> None:
    with pytest.raises(AutogenError, match="can't be written: No such file"):
        await BatchGenerator(root=tmp_path).generate(REQUESTS, tmp_path / "nowhere" / "out.jsonl")
