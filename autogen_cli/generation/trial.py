"""`--test`: the user's own command, run on a private copy of the project with the code applied.

The only place, beside the import hook, where generated code is executed, and only because a command was given for it.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from autogen_cli.errors import ArgumentError
from autogen_cli.generation.insert import Edit, apply_edits
from autogen_cli.models import CheckResult

LEFT_OUT = shutil.ignore_patterns(
    ".git", ".hg", "__pycache__", "node_modules", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".tox", ".nox"
)
ENVIRONMENTS = (".venv", "venv")  # linked, not copied: `.venv/bin/pytest` is a usual command
OUTPUT_LIMIT = 4_000  # characters of the end of the output, where test runners put what matters


def run_trial(
    argv: Sequence[str], edit: Edit, *, source_root: Path, environment: Mapping[str, str], timeout: float
) -> CheckResult:
    """The check `test`: passes when the command exits 0 within `timeout` seconds. Its output's end is the detail.

    source_root: the folder that modules are imported from; the copy's goes before all else, also before an editable
    install of the project. Raises ArgumentError where the command can't be started.
    """
    root = edit.root
    with tempfile.TemporaryDirectory(prefix="autogen-test-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder).resolve() / (root.name or "project")
        _copy_project(root, copy)
        apply_edits([_moved(edit, copy)])
        paths = [str(copy / source_root.relative_to(root)), str(copy)]
        if inherited := environment.get("PYTHONPATH"):
            paths.append(inherited)
        run_environment = {**environment, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}
        code, output = _run(argv, copy, run_environment, timeout)
    tail = output[-OUTPUT_LIMIT:].replace(str(copy), str(root)).strip()
    if code == 0:
        return CheckResult(name="test", status="pass", detail=f"{argv[0]} exits 0")
    problem = f"{argv[0]} took longer than {timeout:g} s" if code is None else f"{argv[0]} exits {code}"
    return CheckResult(name="test", status="fail", detail=f"{problem}\n{tail}".strip())


def _copy_project(root: Path, copy: Path) -> None:
    def left_out(folder: str, names: list[str]) -> set[str]:
        environments = {name for name in ENVIRONMENTS if Path(folder) == root and name in names}
        return LEFT_OUT(folder, names) | environments | {name for name in names if not _is_plain(Path(folder, name))}

    shutil.copytree(root, copy, symlinks=True, ignore=left_out)
    for name in ENVIRONMENTS:
        if (root / name).is_dir():
            (copy / name).symlink_to(root / name)


def _is_plain(path: Path) -> bool:
    """Sockets, pipes and devices are not copied: reading one may never end."""
    return path.is_symlink() or path.is_file() or path.is_dir()


def _moved(edit: Edit, copy: Path) -> Edit:
    created = tuple((copy / path.relative_to(edit.root), data) for path, data in edit.created)
    return replace(edit, root=copy, path=copy / edit.path.relative_to(edit.root), created=created)


def _run(argv: Sequence[str], folder: Path, environment: Mapping[str, str], timeout: float) -> tuple[int | None, str]:
    """Exit code (None: out of time) and output. The whole process group is ended, whatever happens."""
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                argv, cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        except OSError as exc:
            raise ArgumentError(f"--test: {argv[0]} can't be started: {exc.strerror}") from exc
        try:
            code: int | None = process.wait(timeout)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process)
        size = output.seek(0, os.SEEK_END)
        output.seek(max(0, size - 4 * OUTPUT_LIMIT))
        return code, output.read().decode(errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # all of them have ended
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
