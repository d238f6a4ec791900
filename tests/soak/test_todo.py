"""`autogen todo` on real projects: functions that are taken out are all found, and little else is."""

import os
import random
import re
import shutil
import sys
from pathlib import Path

import pytest

from autogen_cli.bench.removal import functions_of, remove
from autogen_cli.context.engine import ContextEngine
from autogen_cli.generation.insert.module import parse_module
from autogen_cli.service.todo import missing_symbols

CORPORA = Path(os.environ.get("AUTOGEN_CORPORA", "/nowhere"))  # read before the fixtures clear the environment
PROJECTS = ("click", "httpx", "jinja2", "rich", "scrapy", "werkzeug")
UNTOUCHED = (
    *PROJECTS, "attrs", "black", "celery", "flask", "marshmallow", "poetry-core", "pytest", "requests", "starlette",
    "tornado", "urllib3",
)  # fmt: skip
DELETED = 10

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(not CORPORA.is_dir(), reason="AUTOGEN_CORPORA names no folder: run `make corpora`"),
]


def delete_called(root: Path, rng: random.Random) -> set[tuple[str, str]]:
    """Takes ten functions that something calls out of a project's modules, one from each; (module, symbol)."""
    deleted: set[tuple[str, str]] = set()
    with ContextEngine(root) as engine:
        paths = [path for path in sorted(engine.project.files) if not re.search(r"test|docs|examples", path)]
        rng.shuffle(paths)
        for path in paths:
            module = parse_module((root / path).read_bytes(), path)
            functions = [found for found in functions_of(module, path) if found.kind == "function"]
            rng.shuffle(functions)
            name = engine.project.module_of(path)
            for function in functions:
                sites = engine.extract(engine.resolve(name, function.symbol), 500).call_sites
                if any(site.symbol != function.symbol or site.enclosing != function.symbol for site in sites):
                    (root / path).write_bytes(remove(module, function).rest)
                    deleted.add((name, function.symbol))
                    break
            if len(deleted) == DELETED:
                break
    return deleted


@pytest.mark.parametrize("project", PROJECTS)
def test_what_is_deleted_is_found(project: str, tmp_path: Path) -> None:
    root = Path(shutil.copytree(CORPORA / project, tmp_path / project, symlinks=True))
    before = {(found.module, found.symbol) for found in missing_symbols(root)[0]}
    deleted = delete_called(root, random.Random(1))
    after = {(found.module, found.symbol) for found in missing_symbols(root)[0]}
    sys.stderr.write(
        f"{project}: {len(deleted & after)} of {len(deleted)} found; besides {sorted(after - deleted - before)}" + "\n"
    )
    assert deleted - after == set()
    assert len(deleted) == DELETED


def test_untouched_projects_lack_next_to_nothing() -> None:
    alarms = 0
    for project in UNTOUCHED:
        found, _ = missing_symbols(CORPORA / project)
        alarms += len(found)
        for item in found:
            sys.stderr.write(
                f"{project}: {item.module} {item.symbol}  {item.sites[0].path}:{item.sites[0].line}" + "\n"
            )
    sys.stderr.write(f"{alarms} on {len(UNTOUCHED)} projects" + "\n")
    assert alarms <= 2 * len(UNTOUCHED)
