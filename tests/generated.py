"""Files that are derived from the code: `python -m tests.generated` writes them (`make docs`), a test compares them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from typer._completion_shared import get_completion_script

from autogen_cli.config.describe import example
from tests import schemas
from tests.pages import commands, pictures, reference, sessions, settings

HOUSE = Path(__file__).parent.parent


def _completion(shell: str) -> Callable[[], str]:
    return lambda: get_completion_script(prog_name="autogen", complete_var="_AUTOGEN_COMPLETE", shell=shell) + "\n"


COMPLETIONS = {"autogen.bash": "bash", "_autogen": "zsh", "autogen.fish": "fish", "autogen.ps1": "powershell"}
FILES: dict[Path, Callable[[], str]] = {
    HOUSE / "autogen.toml.example": example,
    **{schemas.FOLDER / f"{what}.json": partial(schemas.text, what) for what in schemas.DOCUMENTS},
    schemas.FOLDER / "README.md": schemas.overview,
    reference.PAGE: reference.page,
    settings.PAGE: settings.page,
    **commands.pages(),
    **pictures.pages(),
    **{page: partial(sessions.rendered, page) for page in sessions.pages()},
    **{HOUSE / "completions" / name: _completion(shell) for name, shell in COMPLETIONS.items()},
}

if __name__ == "__main__":
    for path, make in FILES.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(make(), encoding="utf-8")
