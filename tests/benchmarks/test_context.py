"""How long a context takes, on this project, in this process: `make bench`."""

import shutil
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from autogen_cli.context.engine import ContextEngine
from autogen_cli.models import CodeContext

pytestmark = pytest.mark.soak
HOUSE = Path(__file__).parent.parent.parent
MODULE, SYMBOL = "autogen_cli.service.recall", "entry_of_yesterday"


def extract(root: Path, index_dir: Path) -> CodeContext:
    with ContextEngine(root, index_dir=index_dir) as engine:
        return engine.extract(engine.resolve(MODULE, SYMBOL, "function"), 6000)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for package in ("autogen_cli", "tests"):
        shutil.copytree(HOUSE / package, tmp_path / "copy" / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "copy"


def test_the_first_time(copy: Path, tmp_path: Path, benchmark: BenchmarkFixture) -> None:
    folders = iter(range(1000))
    found = benchmark.pedantic(
        extract, setup=lambda: ((copy, tmp_path / f"index-{next(folders)}"), {}), rounds=10, warmup_rounds=1
    )
    assert 0 < found.tokens <= 6000


def test_again(copy: Path, tmp_path: Path, benchmark: BenchmarkFixture) -> None:
    first = extract(copy, tmp_path / "index")
    assert benchmark(extract, copy, tmp_path / "index").text == first.text


def test_after_an_edit(copy: Path, tmp_path: Path, benchmark: BenchmarkFixture) -> None:
    extract(copy, tmp_path / "index")
    path = copy / "autogen_cli" / "service" / "recall.py"

    def edit() -> tuple[tuple[Path, Path], dict[str, str]]:
        path.write_bytes(path.read_bytes() + b"\n# edited\n")
        return (copy, tmp_path / "index"), {}

    assert benchmark.pedantic(extract, setup=edit, rounds=20).tokens
