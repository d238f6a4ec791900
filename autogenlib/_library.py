"""A project's generated modules: real files below `.autogen/lib`, and a lock file with their hashes."""

import contextlib
import linecache
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from autogen_cli.errors import AutogenError
from autogenlib._state import STATE, Caller

if TYPE_CHECKING:
    from autogen_cli.generation.insert import Edit

_LOG = logging.getLogger("autogenlib")
LONGEST_CALLER = 20_000  # characters of code that isn't in a file of the project
_TURN = threading.RLock()
_LIBRARIES: dict[Path, "Library"] = {}


class Library:
    """The library of the project at `root`. Everything raises ImportError, with the reason."""

    def __init__(self, root: Path) -> None:
        from autogen_cli.config import load
        from autogen_cli.service.library import GeneratedLibrary

        self._root = root
        self._files = GeneratedLibrary(root)
        self._folder = self._files.folder
        try:
            config = load(root).config
        except AutogenError as error:
            raise ImportError(f"generated modules can't be imported: {error}") from error
        self.mode = config.imports.mode
        self._wants_scaffolds = config.provider == "scaffold"

    @classmethod
    def of(cls, caller: Caller) -> "Library":
        """The library of the project that the caller's file is in, or else of the working folder's."""
        from autogen_cli.context.project import find_root

        path = Path(caller.path)
        root = find_root(path if path.is_file() else Path.cwd())
        if root not in _LIBRARIES:
            _LIBRARIES[root] = cls(root)
        return _LIBRARIES[root]

    def path_of(self, fullname: str) -> Path:
        """The module's file; where there is none, the one that would be written."""
        return self._files.path_of(fullname)

    def folder_of(self, fullname: str) -> Path:
        """Where the modules below a module are."""
        return self._files.folder_of(fullname)

    def read_if_there(self, fullname: str) -> bytes:
        return self.read(fullname) if self.path_of(fullname).exists() else b""

    def read(self, fullname: str) -> bytes:
        """The module's file: as it was locked, or as somebody has edited it since where the mode is `on`."""
        path = self.path_of(fullname)
        try:
            source = path.read_bytes()
        except OSError as exc:
            raise ImportError(f"{path} can't be read: {exc.strerror}", name=fullname, path=str(path)) from exc
        if self._is_locked(fullname, source):
            return source
        if self.mode == "locked":
            reason = f"{path} is not what {self._files.lock_path.name} says, and imports.mode is locked"
            remedy = "review it, then import it once with AUTOGEN_IMPORTS_MODE=on"
            raise ImportError(f"{reason}: {remedy}", name=fullname, path=str(path))
        with self._alone():
            self._apply(fullname, self._files.lock_edit({fullname: path.read_bytes()}))
        return source

    def _is_locked(self, fullname: str, source: bytes) -> bool:
        from autogen_cli.service.library import digest

        try:
            return self._files.locked().get(fullname) == digest(source)
        except AutogenError as error:
            raise ImportError(str(error), name=fullname) from error

    def write_module(self, fullname: str, names: Sequence[str], caller: Caller) -> None:
        """Writes a module that holds `names`; what its callers use where none are given."""
        self._refuse_when_locked(fullname)
        with self._alone():
            if not self.path_of(fullname).exists():
                single = names[0] if len(names) == 1 and names[0] != "*" else None
                self._write(fullname, single, caller)

    def write_name(self, fullname: str, name: str, caller: Caller, *, loaded: bytes) -> None:
        """Adds a name to a module, unless its file has changed since it was loaded: the name may be there now."""
        self._refuse_when_locked(f"{fullname}.{name}")
        path = self.path_of(fullname)
        with self._alone():
            if (path.read_bytes() if path.exists() else b"") == loaded:
                self._write(fullname, name, caller)

    def _refuse_when_locked(self, wanted: str) -> None:
        if self.mode == "locked":
            raise ImportError(f"{wanted} is not in {self._folder}, and imports.mode is locked", name=wanted)

    def _write(self, fullname: str, symbol: str | None, caller: Caller) -> None:
        wanted = f"{fullname}.{symbol}" if symbol else fullname
        self.folder_of(fullname).parent.mkdir(parents=True, exist_ok=True)
        try:
            edit = self._generate(fullname, symbol, caller)
            if not edit.path.is_relative_to(self._folder):
                place = edit.path.relative_to(self._root)
                raise ImportError(f"{fullname} would be written to {place}: the project has a package of that name")
        except AutogenError as error:
            raise ImportError(f"{wanted} was not generated: {error}", name=fullname) from error
        self._apply(fullname, edit, self._files.lock_edit({fullname: edit.after}))
        _LOG.info("wrote %s to %s", wanted, edit.path)

    def _apply(self, fullname: str, *edits: "Edit") -> None:
        from autogen_cli.generation.insert import apply_edits

        try:
            apply_edits(edits)
        except AutogenError as error:
            raise ImportError(str(error), name=fullname) from error

    def _generate(self, fullname: str, symbol: str | None, caller: Caller) -> "Edit":
        from autogen_cli.errors import ConfigError, ProviderError, RejectedError
        from autogen_cli.models import GenerationRequest
        from autogen_cli.service.generate import Generator
        from autogen_cli.service.plan import GenerateOptions
        from autogen_cli.service.wiring import open_services

        request = GenerationRequest(module=fullname, symbol=symbol, description=self._description(caller))
        options = GenerateOptions(edit=True, use_cache=STATE.caching)
        with open_services(self._root, command="import", warn=_LOG.warning, detail=_LOG.info) as services:
            generated = Generator(services).run(request, options)
        result = generated.result
        if generated.edit is None:
            failed = "; ".join(check.detail or check.name for check in result.checks if check.status == "fail")
            raise RejectedError(f"the answer was rejected: {failed}")
        if result.hops:
            raise ProviderError(f"{result.hops[0].provider} failed: {result.hops[0].message}")
        if result.status == "scaffold" and not self._wants_scaffolds:
            hint = 'set OPENAI_API_KEY, or see `autogen doctor`; provider = "scaffold" loads scaffolds'
            raise ConfigError("no provider is configured", hint=hint)
        return generated.edit

    def _description(self, caller: Caller) -> str | None:
        """What the program has said, and its code where no file of the project has it (a notebook, standard input)."""
        parts = [STATE.description] if STATE.description else []
        path = Path(caller.path)
        if not (path.is_file() and path.resolve().is_relative_to(self._root)):
            source = "".join(linecache.getlines(caller.path))[:LONGEST_CALLER]
            parts += [f"The code that imports it:\n\n{source}"] if source else []
        return "\n\n".join(parts) or None

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One thread of one process at a time writes, however long it takes; the others find what it wrote."""
        from autogen_cli.security.locking import wait_for_lock

        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._folder, os.O_RDONLY)
        except OSError as exc:
            raise ImportError(f"{self._folder} can't be written: {exc.strerror}") from exc
        with _TURN:
            try:
                while True:
                    with contextlib.suppress(TimeoutError):
                        wait_for_lock(descriptor)
                        break
                yield
            finally:
                os.close(descriptor)
