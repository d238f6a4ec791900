"""`make audit` doesn't take "nobody could be asked" for "nothing was found"."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

AUDIT = SimpleNamespace(**runpy.run_path(str(Path(__file__).parent.parent / ".ci" / "audit.py")))
CHECKED = {"name": "a", "version": "1", "vulns": []}
SKIPPED = {"name": "b", "version": "2", "skip_reason": "Dependency not found on PyPI"}
FOUND = {"name": "c", "version": "3", "vulns": [{"id": "PYSEC-1", "fix_versions": ["4"]}]}


@pytest.mark.parametrize(
    ("packages", "well", "said"),
    [
        ([CHECKED], True, "1 packages were checked, 0 vulnerabilities found"),
        ([CHECKED, SKIPPED], True, "1 packages were checked, 0 vulnerabilities found; NOT CHECKED: b"),
        ([SKIPPED], True, "VULNERABILITIES WERE NOT CHECKED: the service knows none of the 1 packages from here"),
        ([FOUND], False, "1 packages were checked, 1 vulnerabilities found\n  c 3: PYSEC-1, fixed in 4"),
    ],
)
def test_what_a_report_means(packages: list[dict[str, object]], well: bool, said: str) -> None:
    assert AUDIT.verdict({"dependencies": packages}) == (well, said)


def test_the_core_is_free_of_strong_copyleft() -> None:
    well, said = AUDIT.licences()
    assert well, said
    assert "aiohttp" in AUDIT.core()
    assert "pygit2" not in AUDIT.core()
