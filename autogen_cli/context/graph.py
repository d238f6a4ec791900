"""graph-sitter as an analyzer: who uses the target, by its graph of the files that the index picked.

It rewrites repositories that it opens, logs to stdout, reads `.env` files and takes seconds to load. So it gets a
private copy of few files, in a process of its own without our environment, and each answer is kept by content.
"""

import hashlib
import json
import shutil
import site
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from autogen_cli.context.analyzer import AnalyzerError
from autogen_cli.context.evidence import Found
from autogen_cli.context.graph_child import Occurrence, occurrences, unwritten_occurrences
from autogen_cli.context.graph_copy import Copies, pick_files
from autogen_cli.context.sources import Sources
from autogen_cli.models import Target

CHILD = (sys.executable, "-P", str(Path(__file__).with_name("graph_child.py")))
FORMAT = 1  # of the kept answers


class GraphError(AnalyzerError):
    """graph-sitter gave no answer; the text says why. Whoever asked goes on with the index."""


class GraphAnalyzer:
    """Asks graph-sitter in a child process. timeout: seconds. cache_dir: where answers are kept; None: nowhere."""

    def __init__(self, *, cache_dir: Path | None = None, timeout: float = 120, command: Sequence[str] = CHILD) -> None:
        self._cache_dir = cache_dir
        self._timeout = timeout
        self._command = command

    def find(self, sources: Sources, target: Target, found: Sequence[Found]) -> list[Found]:
        """The usages of `target` that graph-sitter sees, in place of `found`, those of the index.

        What it doesn't model stays from `found`: names in quoted annotations and in `__all__`. Raises GraphError.
        """
        if target.symbol is None:
            raise GraphError("it has no answer for a whole module")
        copies = Copies(sources, target, pick_files(sources, target, found))
        answer = self.ask(target, copies)
        seen = copies.restored((path, line, name) for path, line, name in answer["occurrences"])
        return as_usages(sources, target, seen, found)

    def ask(self, target: Target, copies: Copies, *, facts: bool = False) -> Any:
        """The child's answer, kept or fresh: `occurrences`, and with `facts` also `files` (see graph_child.py)."""
        request = {"path": copies.module, "symbol": target.symbol, "source_roots": copies.roots, "facts": facts}
        kept = _Kept(self._cache_dir, target, _digest(request, copies.files))
        answer = kept.read()
        if answer is None:
            answer = self._run(request, copies.files)
            kept.write(answer)
        return answer

    def _run(self, request: Mapping[str, Any], files: Mapping[str, bytes]) -> Any:
        if find_spec("graph_sitter") is None:
            raise GraphError("it isn't installed (pip install 'autogen-cli[graph]')")
        with tempfile.TemporaryDirectory(prefix="autogen-graph-") as folder:
            private = Path(folder)
            root, asked, answer = private / "project", private / "request.json", private / "answer.json"
            for path, content in files.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(content)
            asked.write_text(json.dumps({**request, "root": str(root)}), encoding="utf-8")
            self._call(("git", "init", "--quiet", "--template=", str(root)), private)
            self._call((*self._command, str(asked), str(answer)), private)
            try:
                return json.loads(answer.read_bytes())
            except (OSError, ValueError, RecursionError) as exc:
                raise GraphError("it ended without an answer") from exc

    def _call(self, command: Sequence[str], private: Path) -> None:
        log = private / "log"
        try:
            with log.open("wb") as output:  # no pipe: a grandchild that lives on would hold it open
                subprocess.run(
                    command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=True,
                    cwd=private, env=_environment(private), timeout=self._timeout,
                )  # fmt: skip
        except subprocess.TimeoutExpired as exc:
            raise GraphError(f"it took longer than {self._timeout:g} s") from exc
        except OSError as exc:
            raise GraphError(f"{command[0]} can't be started: {exc.strerror}") from exc
        except subprocess.CalledProcessError as exc:
            raise GraphError(f"it failed: {_last_line(log)}") from exc


class CodebaseAnalyzer:
    """Asks a `graph_sitter.Codebase` that the caller has open, in this process; nothing in it is changed."""

    def __init__(self, codebase: Any) -> None:
        self._codebase = codebase
        self.root = Path(codebase.repo_path)

    def find(self, sources: Sources, target: Target, found: Sequence[Found]) -> list[Found]:
        """As `GraphAnalyzer.find`. Methods that nobody has written stay with the index: no import leads to them."""
        if target.symbol is None or (target.owner and not target.symbol_exists):
            return list(found)
        look = occurrences if target.symbol_exists else unwritten_occurrences
        return as_usages(sources, target, look(self._codebase, target.relative_path, target.symbol), found)


def as_usages(sources: Sources, target: Target, seen: Iterable[Occurrence], found: Sequence[Found]) -> list[Found]:
    """Occurrences as usages, with what is done to each, and the index's names in strings; ordered like `found`."""
    merged = [
        Found(path, usage)
        for path, line, name in seen
        for usage in sources.usages(path, name)
        if usage.line == line and (usage.kind == "import" or (usage.kind == "use" and usage.name == name))
    ]
    merged += [item for item in found if item.usage.kind in {"annotation", "export"}]
    unique = {str(item): item for item in merged}  # `import helper as helper` is read twice
    return sorted(unique.values(), key=lambda item: (item.path != target.relative_path, item.path, item.usage.line))


def _environment(private: Path) -> dict[str, str]:
    """All that the child gets: no CODEBASE_* or ENV, which change what graph-sitter does; no HOME, no git settings."""
    git = shutil.which("git")
    return {
        "PATH": str(Path(git).parent) if git else "",
        "HOME": str(private),
        "PYTHONUSERBASE": site.getuserbase(),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(private),
        "LANG": "C.UTF-8",
    }


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "no message")[:200]


def _digest(request: Mapping[str, Any], files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256(json.dumps([FORMAT, request], sort_keys=True).encode())
    for path, content in sorted(files.items()):
        digest.update(f"\0{path}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


class _Kept:
    """A target's newest answer, good for as long as the files that it came from are the same."""

    def __init__(self, folder: Path | None, target: Target, digest: str) -> None:
        name = hashlib.sha256(f"{target.root}\0{target.relative_path}\0{target.symbol}".encode()).hexdigest()
        self._path = folder / f"{name[:32]}.json" if folder else None
        self._digest = digest

    def read(self) -> Any:
        try:
            kept = json.loads(self._path.read_bytes()) if self._path else None
        except (OSError, ValueError, RecursionError):
            return None
        return kept.get("answer") if isinstance(kept, dict) and kept.get("digest") == self._digest else None

    def write(self, answer: Any) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=self._path.parent, encoding="utf-8", delete=False) as file:
            json.dump({"digest": self._digest, "answer": answer}, file)
        Path(file.name).replace(self._path)
