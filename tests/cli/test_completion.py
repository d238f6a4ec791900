"""TAB, asked of the program and pressed in real shells with the scripts that ship."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import MakeProject
from tests.context.test_suggest import FILES

SCRIPTS = Path(__file__).parent.parent.parent / "completions"
CASES = {
    "autogen gen": {"generate"},
    "autogen generate shop.": {"shop.cart", "shop.money", "shop.rates"},
    "autogen generate shop.money ": {"split", "tax", "total"},
    "autogen context shop.money t": {"tax", "total"},
    "autogen generate shop.money tax --provider sc": {"scaffold"},
    "autogen config get openai.b": {"openai.base_url"},
    "autogen cache in": {"invalidate"},
    "autogen generate ../": set(),
}


@pytest.fixture
def shop(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return make_project(FILES)


def press(command: list[str], cwd: Path, **environment: str) -> str:
    ran = subprocess.run(
        command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.stderr == ""
    return ran.stdout


@pytest.mark.parametrize("line", CASES)
def test_bash(line: str, shop: Path) -> None:
    words = [*shlex.split(line), *([""] if line.endswith(" ") else [])]
    script = (
        f"source {SCRIPTS / 'autogen.bash'}; COMP_WORDS=({' '.join(map(shlex.quote, words))}); "
        f"COMP_CWORD={len(words) - 1}; _autogen_completion autogen; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    assert set(press(["bash", "--norc", "-c", script], shop).split()) == CASES[line]


@pytest.mark.parametrize("line", CASES)
def test_fish(line: str, shop: Path, require_program: Callable[[str], str]) -> None:
    script = f"source {SCRIPTS / 'autogen.fish'}; complete --do-complete {shlex.quote(line)}"
    told = press([require_program("fish"), "--no-config", "-c", script], shop)
    offered = {row.split("\t")[0] for row in told.splitlines() if row}
    assert offered == (CASES[line] or {"../project/"})  # where nothing is offered, fish offers files


class Terminal:
    """A shell in tmux, with keys pressed and the screen read."""

    def __init__(self, shell: str, cwd: Path, socket: Path) -> None:
        self._tmux = ["tmux", "-S", str(socket)]
        self._run("-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40", "-c", str(cwd), shell)

    def _run(self, *words: str) -> str:
        return subprocess.run([*self._tmux, *words], capture_output=True, text=True, timeout=30, check=True).stdout

    def type(self, *keys: str) -> None:
        self._run("send-keys", *keys)

    def wait_for(self, text: str, seconds: float = 30.0) -> str:
        end = time.monotonic() + seconds
        while text not in (screen := self._run("capture-pane", "-p")):
            assert time.monotonic() < end, screen
            time.sleep(0.05)
        return screen

    def close(self) -> None:
        self._run("kill-server")


@pytest.fixture
def zsh(shop: Path, tmp_path: Path, require_program: Callable[[str], str]) -> Iterator[Terminal]:
    require_program("tmux")
    folder = tmp_path / "zsh"
    folder.mkdir()
    lines = ["PS1='ready> '", "autoload -U compinit; compinit -u", f"source {SCRIPTS / '_autogen'}", "setopt autolist"]
    (folder / ".zshrc").write_text("\n".join(lines) + "\n")
    terminal = Terminal(f"env ZDOTDIR={folder} {require_program('zsh')}", shop, tmp_path / "tmux")
    terminal.wait_for("ready>")
    yield terminal
    terminal.close()


def test_zsh(zsh: Terminal) -> None:
    zsh.type("autogen generate shop.mon", "Tab")
    zsh.wait_for("ready> autogen generate shop.money")
    zsh.type("spl", "Tab")
    zsh.wait_for("ready> autogen generate shop.money split")
    zsh.type("C-u", "autogen cache ver", "Tab")
    zsh.wait_for("ready> autogen cache verify")


@pytest.mark.skipif(not shutil.which("pwsh"), reason="pwsh is not installed, and is no package of Debian")
def test_powershell(shop: Path) -> None:
    line = "autogen generate shop.money t"
    script = (
        f". {SCRIPTS / 'autogen.ps1'}; (TabExpansion2 -inputScript '{line}' -cursorColumn {len(line)})"
        ".CompletionMatches | ForEach-Object { $_.CompletionText }"
    )
    told = press(["pwsh", "-NoProfile", "-Command", script], shop)
    assert set(told.split()) == {"tax", "total"}
