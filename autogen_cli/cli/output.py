"""Everything that a person or a script reads. The only module that prints, and the only one that imports Rich.

Data goes to stdout, everything else to stderr. Text that comes from a repository, a provider or a user is data: Rich
markup in it is not interpreted, and control characters (terminal escape sequences) are shown, never sent.
"""

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TextIO

from autogen_cli.errors import ArgumentError, AutogenError
from autogen_cli.security.redaction import hide_known, redact

if TYPE_CHECKING:
    from rich.console import Console

PIPE_WIDTH = 500  # in a pipe nothing is cut or folded: `grep` and `less -S` want whole lines
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(9), *range(11, 32), *range(127, 160))}
# What reorders the text around it or breaks its line, so that a reader sees other code than the one that runs
# (CVE-2021-42574): marks, embeddings, overrides and isolates of direction, line and paragraph separator.
_DIRECTION = (0x061C, 0x200E, 0x200F, 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_CONTROL |= {code: f"\\u{code:04x}" for code in _DIRECTION}
_IN_JSON = {code: f"\\u{code:04x}" for code in (*range(127, 160), *_DIRECTION)}  # the others are escaped already


def visible(text: str) -> str:
    """`text` without keys, and with control characters other than newline and tab written out, as in Python."""
    return hide_known(text).translate(_CONTROL)


class Column(NamedTuple):
    """A column of a table. wrap: fold long cells instead of cutting them."""

    title: str
    align: Literal["left", "right"] = "left"
    wrap: bool = False


class Output:
    """How this run speaks: `--json`, `--quiet`, `-v`, `--no-color`, `--debug`."""

    def __init__(
        self, *, json: bool = False, quiet: bool = False, verbose: bool = False, color: bool = True, debug: bool = False
    ) -> None:
        self.json = json
        self.quiet = quiet
        self.verbose = verbose
        self.color = color
        self.debug = debug
        self.warnings: list[str] = []  # all that `warn` has said

    def document(self, what: str, value: Any) -> None:
        """Prints a JSON document, indented on a terminal and on one line in a pipe."""
        from autogen_cli.documents import document  # `--help` has no use for the models

        self.raw_document(document(what, value))

    def raw_document(self, found: Mapping[str, Any]) -> None:
        indent = 2 if sys.stdout.isatty() else None
        self.text(json.dumps(found, ensure_ascii=False, indent=indent).translate(_IN_JSON) + "\n")

    def text(self, text: str) -> None:
        """Data, as it is; on a terminal without control characters."""
        _send(sys.stdout, visible(text) if sys.stdout.isatty() else hide_known(text))

    def code(self, code: str, language: Literal["python", "diff"] = "python") -> None:
        """Code or a diff: highlighted on a terminal, plain otherwise."""
        text = code if code.endswith("\n") or not code else code + "\n"
        if not (sys.stdout.isatty() and self.color):
            self.text(text)
            return
        from rich.syntax import Syntax

        syntax = Syntax(visible(text).rstrip("\n"), language, theme="ansi_dark", background_color="default")
        self._console().print(syntax, soft_wrap=True)  # the terminal breaks long lines; nothing is cut off

    def table(
        self,
        columns: Sequence[Column],
        rows: Iterable[Sequence[str]],
        *,
        title: str | None = None,
        footer: Sequence[str] | None = None,
    ) -> None:
        """A table of data on stdout; `footer` is a row of totals."""
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(
            title=Text(visible(title)) if title else None,
            title_justify="left",
            title_style="bold",
            box=box.SIMPLE_HEAD,
            show_footer=footer is not None,
            pad_edge=False,
        )
        for number, column in enumerate(columns):
            table.add_column(
                column.title,
                footer=Text(visible(footer[number])) if footer else "",
                justify=column.align,
                overflow="fold" if column.wrap else "ellipsis",
                no_wrap=not column.wrap,
            )
        for row in rows:
            table.add_row(*(Text(visible(cell)) for cell in row))
        self._console().print(table)

    def pairs(self, pairs: Iterable[tuple[str, str]], *, title: str | None = None) -> None:
        """Names and values below each other, aligned."""
        found = [(visible(name), visible(value)) for name, value in pairs]
        width = max((len(name) for name, _ in found), default=0)
        head = f"{visible(title)}\n" if title else ""
        self.text(head + "".join(f"{name:<{width}}  {value}\n" for name, value in found))

    def note(self, message: str) -> None:
        """What happened, for a person: stderr, silenced by `--quiet`."""
        if not self.quiet:
            _send(sys.stderr, visible(message) + "\n")

    def detail(self, message: str) -> None:
        """What a person sees with `-v` only."""
        if self.verbose:
            self.note(message)

    def warn(self, message: str) -> None:
        """Something the user should know; also with `--quiet`."""
        self.warnings.append(redact(message))
        _send(sys.stderr, self._styled("warning: ", "33") + _one_line(self.warnings[-1]) + "\n")

    def error(self, error: AutogenError) -> None:
        """One line on stderr, and with `--json` an `autogen.error/1` document on stdout."""
        _send(sys.stderr, self._styled("error: ", "31") + _one_line(redact(str(error))) + "\n")
        if self.json:
            said = {"message": redact(error.message), "hint": redact(error.hint) if error.hint else None}
            self.document("error", {"error": {"type": error.type, **said, "exit_code": error.exit_code}})

    def traceback(self, error: Exception) -> None:
        """What `--debug` shows of an error."""
        import traceback

        _send(sys.stderr, redact("".join(traceback.format_exception(error))))

    def progress(self) -> Callable[[str], None] | None:
        """Takes an answer's pieces and counts them on the terminal; None where nobody is looking."""
        if self.quiet or self.json or not sys.stderr.isatty():
            return None
        received = 0

        def receive(piece: str) -> None:
            nonlocal received
            received += len(piece)
            _send(sys.stderr, f"\r{received:,} characters received\x1b[K\r")

        return receive

    @property
    def on_terminal(self) -> bool:
        """Whether a person looks at stderr as it comes."""
        return sys.stderr.isatty()

    @contextlib.contextmanager
    def live(self) -> Iterator[Callable[[str, int, int | None], None]]:
        """A bar and a line on the terminal's stderr, gone at the end. Takes the line, how many are done, of how many;
        what is said meanwhile appears above.
        """
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        console = Console(file=sys.stderr, no_color=not self.color, highlight=False, markup=False, emoji=False)
        columns = BarColumn(bar_width=20), TextColumn("{task.description}", markup=False)
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("", total=None)
            yield lambda line, done, total: bar.update(task, description=visible(line), completed=done, total=total)

    def confirm(self, question: str, *, default_yes: bool = False) -> bool:
        """Asks on a terminal; without one the answer is yes only when `default_yes`: scripts are never left waiting."""
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return default_yes
        _send(sys.stderr, f"{visible(question)} [y/N] ")
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    def secret(self, question: str) -> str:
        """Asks for something that is not shown. Raises ArgumentError where there is no terminal to ask on."""
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise ArgumentError("there is no terminal to ask for the key on", hint="pipe it in, with --with-token")
        from getpass import getpass

        return getpass(question, stream=sys.stderr)

    def _console(self) -> "Console":
        from rich.console import Console

        terminal = None if self.color else False
        width = None if sys.stdout.isatty() else PIPE_WIDTH
        return Console(
            file=sys.stdout, width=width, force_terminal=terminal, highlight=False, markup=False, emoji=False
        )

    def _styled(self, text: str, ansi: str) -> str:
        return f"\x1b[1;{ansi}m{text}\x1b[0m" if self.color and sys.stderr.isatty() else text


def _send(stream: TextIO | None, text: str) -> None:
    if stream is None:  # closed by whoever started the program
        return
    try:
        try:
            stream.write(text)
        except UnicodeEncodeError:  # a terminal or a pipe that is not UTF-8
            encoding = stream.encoding or "ascii"
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:  # `autogen ... | head` has seen enough: the work goes on, nobody hears of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except OSError as exc:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # the error message may have to go there, too
        raise AutogenError(f"{stream.name} can't be written: {exc.strerror}") from exc


def _one_line(message: str) -> str:
    return visible(" ".join(message.split()))
