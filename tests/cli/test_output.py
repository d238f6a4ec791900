"""What reaches stdout and stderr, and in which form."""

import io
import json
import sys

import pytest

from autogen_cli.cli.output import Column, Output, visible
from autogen_cli.errors import ConfigError


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def become_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Stdin, stdout and stderr as one terminal. No fixture: pytest sets its own streams before a test's body."""
    stream = Terminal()
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, stream)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR")
    return stream


def test_control_characters_are_shown_not_sent() -> None:
    assert visible("a\x1b[31mb\x07\tc\n\x9b") == "a\\x1b[31mb\\x07\tc\n\\x9b"
    assert visible("if admin:\u202e return\u2066\u2028 ü 漢 🙂") == "if admin:\\u202e return\\u2066\\u2028 ü 漢 🙂"


@pytest.mark.parametrize("on_terminal", [True, False])
def test_a_document_is_json_and_harmless_wherever_it_goes(monkeypatch: pytest.MonkeyPatch, on_terminal: bool) -> None:
    terminal = become_terminal(monkeypatch)
    monkeypatch.setattr(terminal, "isatty", lambda: on_terminal)
    nasty = "\x1b]0;t\x07 \x9b31m \x7f \u202e \u2028 \r\n ü"
    Output(json=True).document("thing", {nasty: nasty})
    shown = terminal.getvalue()
    assert json.loads(shown) == {"schema": "autogen.thing/1", nasty: nasty}
    assert not set(shown) & set("\x1b\x07\x9b\x7f\u202e\u2028\r")


def test_code_goes_through_a_pipe_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    Output().code('x = "\x1b[0m"')
    assert capsys.readouterr().out == 'x = "\x1b[0m"\n'


def test_code_on_a_terminal_is_coloured_and_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = become_terminal(monkeypatch)
    Output().code("def f(): return '\x1b]0;title\x07'\n")
    shown = terminal.getvalue()
    assert "\x1b[" in shown
    assert "\x1b]0" not in shown
    assert "\x07" not in shown
    assert "\\x07" in shown


def test_code_is_never_cut_at_the_terminals_edge(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = become_terminal(monkeypatch)
    Output().code(f"x = '{'long ' * 100}'  # the end\n")
    assert "the end" in terminal.getvalue()


def test_no_color_means_no_escape_sequence(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = become_terminal(monkeypatch)
    out = Output(color=False)
    out.code("def f(): ...\n")
    out.warn("careful")
    out.table([Column("a")], [["b"]])
    assert "\x1b" not in terminal.getvalue()


def test_a_document_names_its_schema_first(capsys: pytest.CaptureFixture[str]) -> None:
    Output(json=True).document("thing", {"a": (1, 2)})
    shown = capsys.readouterr().out
    assert shown == '{"schema": "autogen.thing/1", "a": [1, 2]}\n'


def test_an_error_is_one_line_and_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    Output(json=True).error(ConfigError("bad\nkey \x1b[1m", hint="mend it"))
    shown = capsys.readouterr()
    assert shown.err == "error: bad key \\x1b[1m: mend it\n"
    assert json.loads(shown.out) == {
        "schema": "autogen.error/1",
        "error": {"type": "config", "message": "bad\nkey \x1b[1m", "hint": "mend it", "exit_code": 3},
    }


def test_quiet_silences_notes_and_no_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output(quiet=True, verbose=True)
    out.note("a note")
    out.detail("a detail")
    out.warn("a warning")
    assert capsys.readouterr().err == "warning: a warning\n"


def test_details_are_for_verbose_runs(capsys: pytest.CaptureFixture[str]) -> None:
    Output().detail("hidden")
    Output(verbose=True).detail("shown")
    assert capsys.readouterr().err == "shown\n"


def test_markup_in_data_is_not_interpreted(capsys: pytest.CaptureFixture[str]) -> None:
    columns = [Column("name"), Column("count", "right")]
    Output().table(columns, [["[bold]x[/bold]", "1"]], title="[red]t", footer=["sum", "1"])
    shown = capsys.readouterr().out
    assert "[bold]x[/bold]" in shown
    assert shown.startswith("[red]t")
    assert "sum" in shown


def test_pairs_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    Output().pairs([("a", "1"), ("long", "2")], title="both")
    assert capsys.readouterr().out == "both\na     1\nlong  2\n"


def test_a_pipe_that_is_not_utf8_gets_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii", write_through=True))
    Output().text("é\n")
    assert raw.getvalue() == b"\\xe9\n"


@pytest.mark.parametrize(("answer", "agreed"), [("y\n", True), ("yes\n", True), ("\n", False), ("n\n", False)])
def test_a_question_is_asked_on_a_terminal(monkeypatch: pytest.MonkeyPatch, answer: str, agreed: bool) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert Output().confirm("sure?") is agreed


def test_a_script_is_never_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert Output().confirm("sure?") is False
    assert Output().confirm("sure?", default_yes=True) is True


def test_progress_counts_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Output().progress() is None
    terminal = become_terminal(monkeypatch)
    assert Output(quiet=True).progress() is None
    receive = Output().progress()
    assert receive
    receive("abc")
    receive("de")
    assert terminal.getvalue().count("characters received") == 2
    assert "\r5 characters" in terminal.getvalue()
