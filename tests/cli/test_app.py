"""The one boundary: what becomes of errors, and what a run costs before it starts."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autogen_cli import __version__
from autogen_cli.cli import app as program
from autogen_cli.errors import AutogenError, TargetError
from tests.conftest import MakeProject, RunAutogen

HEAVY = {
    "aiohttp", "asyncio", "codegen", "cryptography", "dask", "genai_prices", "graph_sitter", "httpx", "keyring",
    "libcst", "openai", "pydantic", "redis", "rich", "splintr", "tenacity",
}  # fmt: skip
LOADED = "import atexit, sys; atexit.register(lambda: print(*sorted(sys.modules), file=sys.stderr)); "
RUN = LOADED + "from autogen_cli.cli.app import main; sys.exit(main(sys.argv[1:]))"


def fail(error: BaseException) -> object:
    def command(**_: object) -> int:
        raise error

    return command


@pytest.mark.parametrize("words", [(), ("cache",), ("config",)])
def test_no_command_answers_with_help(autogen: RunAutogen, words: tuple[str, ...]) -> None:
    ran = autogen(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Usage: autogen")


def test_version(autogen: RunAutogen) -> None:
    assert autogen("--version") == type(autogen("--version"))(0, f"autogen {__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nope",), "error: No such command 'nope'.\n"),
        (("usage", "--sinc", "7d"), "error: No such option: --sinc"),
        (("usage", "--since", "yesterday-ish"), "error: "),
    ],
)
def test_bad_arguments_are_one_line_and_exit_code_2(autogen: RunAutogen, words: tuple[str, ...], message: str) -> None:
    ran = autogen(*words)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.startswith(message)


def test_an_expected_error_is_one_line(autogen: RunAutogen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "build", lambda _: fail(TargetError("no such thing", hint="look again")))
    assert autogen("anything") == type(autogen("x"))(9, "", "error: no such thing: look again\n")


def test_a_bug_is_one_line_and_a_log_without_secrets(
    autogen: RunAutogen, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    key = "sk-" + "abcd1234" * 5
    monkeypatch.setattr(program, "build", lambda _: fail(ValueError(f"refused {key}")))
    ran = autogen("generate", "a", key)
    assert (ran.code, ran.out) == (1, "")
    (log,) = (home / "autogen" / "logs").iterdir()
    assert ran.err == f"error: internal error (ValueError): this is a bug; the details are in {log}\n"
    text = log.read_text()
    assert "Traceback" in text
    assert key not in text
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_bug_that_cannot_be_logged_says_so(autogen: RunAutogen, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    (home / "autogen").write_text("a file where the folder should be")
    monkeypatch.setattr(program, "build", lambda _: fail(ValueError("x")))
    assert autogen("generate").err.startswith("error: internal error (ValueError): no log could be written")


def test_ctrl_c_is_130(autogen: RunAutogen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "build", lambda _: fail(KeyboardInterrupt()))
    assert autogen("generate").code == 130


@pytest.mark.parametrize(("error", "code"), [(TargetError("x"), 9), (ValueError("x"), 1)])
def test_debug_shows_the_traceback(
    autogen: RunAutogen, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("autogen_cli.service.wiring.open_services", stop)
    ran = autogen("usage", "--debug")
    assert ran.code == code
    assert ran.err.startswith("Traceback (most recent call last):\n")
    assert "error: " in ran.err.splitlines()[-1]


def test_every_error_says_its_hint() -> None:
    assert str(AutogenError("a", hint="b")) == "a: b"
    assert str(AutogenError("a")) == "a"


def test_a_reader_that_goes_away_is_no_error() -> None:
    script = "import subprocess, sys; sys.exit(0)"
    ran = subprocess.run(
        f"{sys.executable} -m autogen_cli config schema | {sys.executable} -c '{script}'; exit ${{PIPESTATUS[0]}}",
        shell=True, executable="/bin/bash", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")


def test_help_names_every_command(autogen: RunAutogen) -> None:
    shown = autogen("--help").out
    for command in ("generate", "context", "cache", "config", "usage", "doctor"):
        assert f"\n  {command} " in shown


def run_in_a_process(*words: str, cwd: Path) -> tuple[int, str, set[str]]:
    """Exit code, stdout and the top-level modules that the process had loaded at its end."""
    ran = subprocess.run(
        [sys.executable, "-c", RUN, *words], cwd=cwd, capture_output=True, text=True, check=False, env=os.environ
    )
    return ran.returncode, ran.stdout, {name.partition(".")[0] for name in ran.stderr.splitlines()[-1].split()}


def test_quick_commands_load_nothing_heavy(make_project: MakeProject) -> None:
    shop = make_project({"pyproject.toml": "", "a.py": "from b import helper\n\nhelper(1)\n", "b.py": "x = 1\n"})
    generate = ("generate", "b", "helper", "--json")
    assert run_in_a_process(*generate, cwd=shop)[0] == 0
    for words in (("--help",), ("--version",), ("generate", "--help"), generate, ("usage", "--json")):
        code, out, loaded = run_in_a_process(*words, cwd=shop)
        assert code == 0
        assert not HEAVY & loaded, words
        if words == generate:
            assert json.loads(out)["cached"] is True


def test_ctrl_c_inside_a_command_is_130_with_a_document(autogen: RunAutogen, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("autogen_cli.service.wiring.open_services", stop)
    ran = autogen("usage", "--json")
    assert (ran.code, ran.json["error"]["type"]) == (130, "interrupted")
    assert ran.err == "error: interrupted: what was finished is kept\n"


def test_bad_arguments_are_a_document_too(autogen: RunAutogen) -> None:
    assert autogen("usage", "--json", "--nonsense").json["error"]["exit_code"] == 2


def test_a_folder_that_is_gone_is_one_line(autogen: RunAutogen, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    os.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    ran = autogen("doctor")
    os.chdir(tmp_path)
    assert (ran.code, ran.err) == (9, "error: the working folder is gone: change to one that exists\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_behind_stdout_is_one_line() -> None:
    for words in (["config", "schema"], ["config", "show", "--json"]):
        with Path("/dev/full").open("w") as full:
            command = [sys.executable, "-m", "autogen_cli", *words]
            ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert (ran.returncode, ran.stderr.count("\n")) == (1, 1)
        assert "No space left" in ran.stderr
