import os
from pathlib import Path

import pytest

from autogen_cli.context.graph import GraphAnalyzer
from tests.soak.graph_agreement import measure, reason

CORPORA = Path(os.environ.get("AUTOGEN_CORPORA", "/nowhere"))  # read before the fixtures clear the environment

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(not CORPORA.is_dir(), reason="AUTOGEN_CORPORA names no folder: run `make corpora`"),
]


@pytest.mark.parametrize("name", ["flask", "httpx", "click"])
def test_index_and_graph_sitter_agree_but_for_known_reasons(name: str, tmp_path: Path) -> None:
    report = measure(CORPORA / name, tmp_path, GraphAnalyzer(timeout=300))
    assert len(report.targets) == 17
    unexplained = [each for each in report.differences if reason(each) is None]
    assert [(each.what, each.side, each.place, each.line) for each in unexplained] == []
    assert report.both["usages"] >= 100
