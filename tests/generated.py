"""Files that are derived from the code: `python -m tests.generated` writes them (`make docs`), a test compares them."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from typer._completion_shared import get_completion_script

from autogen_cli.config.describe import example
from tests import schemas

HOUSE = Path(__file__).parent.parent
README = HOUSE / "README.md"
CONSOLE = re.compile(r"(?<=```console\n\$ cd docs/sample\n)\$ (.+)\n(?:(?!```).*\n)*")
TYPICAL = "410 ms"  # every run takes another time


def readme() -> str:
    """README.md, with what its first command prints today."""
    text = README.read_text(encoding="utf-8")
    return CONSOLE.sub(lambda found: f"$ {found[1]}\n{_output(found[1])}", text)


def _output(command: str) -> str:
    """What a command prints in a copy of docs/sample, stdout first, with nothing configured."""
    with tempfile.TemporaryDirectory() as folder:
        root = shutil.copytree(HOUSE / "docs" / "sample", Path(folder) / "sample")
        program, *words = shlex.split(command)
        ran = subprocess.run(
            [Path(sys.executable).with_name(program), *words],
            cwd=root,
            env={"PATH": os.defpath, "HOME": folder, "AUTOGEN_HOME": f"{folder}/home", "PYTHONPATH": str(HOUSE)},
            capture_output=True,
            text=True,
            check=True,
        )
    return re.sub(r"\d+ ms", TYPICAL, ran.stdout + ran.stderr)


def _schema(what: str) -> Callable[[], str]:
    return lambda: schemas.text(what)


def _completion(shell: str) -> Callable[[], str]:
    return lambda: get_completion_script(prog_name="autogen", complete_var="_AUTOGEN_COMPLETE", shell=shell) + "\n"


COMPLETIONS = {"autogen.bash": "bash", "_autogen": "zsh", "autogen.fish": "fish", "autogen.ps1": "powershell"}
FILES: dict[Path, Callable[[], str]] = {
    HOUSE / "autogen.toml.example": example,
    **{schemas.FOLDER / f"{what}.json": _schema(what) for what in schemas.DOCUMENTS},
    **{HOUSE / "completions" / name: _completion(shell) for name, shell in COMPLETIONS.items()},
    README: readme,
}

if __name__ == "__main__":
    for path, make in FILES.items():
        path.write_text(make(), encoding="utf-8")
