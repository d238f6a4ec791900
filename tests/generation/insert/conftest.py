"""A module of a small project, and targets in it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from autogen_cli.models import Kind, Target
from tests.conftest import MakeProject

type AimAt = Callable[..., Target]


@pytest.fixture
def aim_at(make_project: MakeProject) -> AimAt:
    """`aim_at(before, "helper")`: a target in `pkg/tools.py`, which holds `before`, or isn't there if that is None."""

    def aim(before: str | bytes | None, symbol: str | None = "helper", kind: Kind = "function") -> Target:
        files: dict[str, str | bytes] = {"pkg/__init__.py": "", "pkg/other.py": "", "pyproject.toml": ""}
        root = make_project(files if before is None else {**files, "pkg/tools.py": before})
        exists = before is not None
        return Target(
            root=root, source_root=root, module="pkg.tools", path=root / "pkg" / "tools.py",
            symbol=symbol, kind=kind, module_exists=exists, symbol_exists=False,
        )  # fmt: skip

    return aim


def moved(target: Target, path: str, *, source_root: str = "") -> Target:
    """The same symbol in another file below the root."""
    folder = target.root / source_root
    module = ".".join((target.root / path).with_suffix("").relative_to(folder).parts)
    return replace(target, source_root=folder, path=Path(target.root, path), module=module, module_exists=False)
