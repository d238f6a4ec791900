"""The tests of tests/outside, with chance for their examples, each in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.conftest import SECONDS
from tests.outside.guided import tests


@pytest.mark.parametrize("name", tests())
def test_what_comes_from_outside(name: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> None:
    share = SECONDS / sum(item.get_closest_marker("fuzz") is not None for item in request.session.items)
    words = [sys.executable, "-m", "tests.outside.guided", str(share), name]
    ran = subprocess.run(
        words, cwd=Path(__file__).parents[2], env=os.environ, capture_output=True, text=True, check=False
    )
    with capsys.disabled():
        sys.stdout.write("".join(f"\n{line}" for line in ran.stdout.splitlines() if line.startswith(name)))
    assert ran.returncode == 0, ran.stdout[-5000:] + ran.stderr[-10_000:]
