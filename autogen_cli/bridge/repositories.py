"""Which code a message is about: a folder of this machine, or a checkout of a git repository that is kept fresh.

A checkout has a bare repository, and a few trees beside it without one: nobody changes a tree while a job reads it,
whatever is fetched meanwhile. Only the default branch is ever checked out.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from autogen_cli.bridge.git import Git, GitError
from autogen_cli.errors import TargetError
from autogen_cli.security.transport import require_tls

TREES = ("a", "b", "c", "d")
MOST_BYTES = 2**30  # of a repository's newest commit, packed; of its files
MOST_FILES = 200_000
MOST_PACKS = 100  # each fetch leaves one; then the repository is fetched anew
REMOTE = re.compile(r"[a-z][a-z+]*://|[\w.-]+@[\w.-]+:")
_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """root: the folder to read. projects: under which names its generations may be in the ledger. notes: what the
    reader of a reply should know of it.
    """

    root: Path
    projects: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """tried, fetched: seconds since the epoch. tree: the one that holds `commit`. failure: of the last try."""

    tried: float = 0.0
    fetched: float = 0.0
    commit: str = ""
    tree: str = ""
    failure: str = ""


class Repositories:
    """places: `bridge.repositories`. folder: where checkouts are kept. default: the folder of all other sources.

    refresh_seconds: between two fetches of one repository, over all processes. timeout: seconds of one step of git, and
    of the wait for others who fetch. token: for the host `token_host`. allow_http: as `security.allow_http`.
    """

    def __init__(
        self,
        places: Mapping[str, str],
        folder: Path,
        *,
        default: Path | None = None,
        refresh_seconds: float = 60.0,
        timeout: float = 300.0,
        most_bytes: int = MOST_BYTES,
        most_files: int = MOST_FILES,
        token: str | None = None,
        token_host: str = "",
        allow_http: tuple[str, ...] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._places = {source.casefold(): place for source, place in places.items()}
        self._folder = folder
        self._default = None if default is None else str(default.resolve())
        self._refresh_seconds = refresh_seconds
        self._timeout = timeout
        self._most_bytes = most_bytes
        self._most_files = most_files
        self._token = token
        self._token_host = token_host
        self._allow_http = allow_http
        self._clock = clock

    @contextlib.contextmanager
    def checkout(self, source: str) -> Iterator[Checkout]:
        """The code of a source, which stays as it is until the block ends. May wait for a fetch.

        Raises TargetError where there is none, and ConfigError for an address that may not be used.
        """
        place = self._places.get(source.casefold(), self._default)
        if place is None:
            raise TargetError(
                f"{source} has no repository here: whoever runs autogen names its git URL or folder below "
                f"[bridge.repositories], as '{source}'"
            )
        if REMOTE.match(place):
            with self._tree(place) as found:
                yield found
            return
        root = Path(place).expanduser()
        if not root.is_absolute() or not root.is_dir():
            raise TargetError(f"the folder of {source} isn't there", hint="name it as an absolute path")
        yield Checkout(root=root, projects=(str(root.resolve()),))

    @contextlib.contextmanager
    def _tree(self, url: str) -> Iterator[Checkout]:
        require_tls(url, self._allow_http, key="bridge.repositories")
        folder = self._folder / _name(url)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.ExitStack() as held:
            with self._locked(folder / "lock"):
                state = self._fresh(folder, url)
                if not state.tree:
                    raise TargetError(
                        f"the repository can't be fetched: {state.failure}", hint="whoever runs autogen can mend it"
                    )
                held.enter_context(_shared(folder / f"{state.tree}.lock"))
            projects = tuple(str((folder / tree).resolve()) for tree in TREES)
            yield Checkout(root=folder / state.tree, projects=projects, notes=_notes(state))

    def _fresh(self, folder: Path, url: str) -> _State:
        """The state after a fetch, if one was due."""
        state = _read(folder)
        if state.tried and 0 <= self._clock() - state.tried < self._refresh_seconds:
            return state
        git = Git(folder / "repo.git", timeout=self._timeout, token=self._token, token_host=self._token_host)
        now = self._clock()
        try:
            if git.packs() > MOST_PACKS:
                shutil.rmtree(git.folder)
            git.init()
            commit = git.fetch(url, self._most_bytes)
            tree = state.tree
            if commit != state.commit or not tree:
                git.check_tree(commit, most_bytes=self._most_bytes, most_files=self._most_files)
                tree = self._check_out(git, folder, commit, state)
            state = _State(tried=now, fetched=now, commit=commit, tree=tree)
        except GitError as error:
            if git.size() > self._most_bytes:
                shutil.rmtree(git.folder, ignore_errors=True)
            state = replace(_read(folder), tried=now, failure=error.message)
        _write(folder, state)
        return state

    def _check_out(self, git: Git, folder: Path, commit: str, state: _State) -> str:
        """The name of the tree that the commit is in now: the one of before, if no job is reading it."""
        for tree in sorted(TREES, key=lambda name: name != state.tree):
            with _exclusive(folder / f"{tree}.lock") as mine:
                if not mine:
                    continue
                if tree == state.tree:
                    _write(folder, replace(state, tree=""))  # neither here nor there, should we be killed now
                index, left = folder / f"{tree}.index", folder / f"{tree}.index.lock"
                if left.exists():  # somebody was
                    shutil.rmtree(folder / tree)
                    index.unlink(missing_ok=True)
                    left.unlink()
                git.check_out(commit, folder / tree, index)
                return tree
        raise GitError("every tree of it is being read")

    @contextlib.contextmanager
    def _locked(self, path: Path) -> Iterator[None]:
        until = time.monotonic() + 2 * self._timeout
        while True:
            with _exclusive(path) as mine:
                if mine:
                    yield
                    return
            if time.monotonic() > until:
                raise TargetError("the repository is being fetched, and that takes too long", hint="ask again later")
            time.sleep(_LOOK_SECONDS)


def _name(url: str) -> str:
    """A folder's name: what a person recognises, and a digest of the rest."""
    words = re.sub(r"[^\w.-]+", "-", urlsplit(url).path.rpartition(":")[2].strip("/").removesuffix(".git"))[-60:]
    return f"{words.strip('-.') or 'repository'}-{hashlib.blake2b(url.encode(), digest_size=6).hexdigest()}"


def _notes(state: _State) -> tuple[str, ...]:
    if not state.failure:
        return ()
    when = datetime.fromtimestamp(state.fetched, UTC)
    return (f"The code is that of {when:%Y-%m-%d %H:%M} UTC: it couldn't be fetched since.",)


def _read(folder: Path) -> _State:
    try:
        return _State(**json.loads((folder / "state.json").read_bytes()))
    except (OSError, ValueError, TypeError):
        return _State()


def _write(folder: Path, state: _State) -> None:
    new = folder / "state.new"
    new.write_text(json.dumps(asdict(state)))
    new.replace(folder / "state.json")


@contextlib.contextmanager
def _exclusive(path: Path) -> Iterator[bool]:
    """Whether the lock is ours; nobody waits."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(file)


@contextlib.contextmanager
def _shared(path: Path) -> Iterator[None]:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield
    finally:
        os.close(file)
