"""git, bounded, and without anything that a repository, the machine or the environment could have it run."""

import base64
import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from autogen_cli.config import environment_for_programs
from autogen_cli.errors import TargetError
from autogen_cli.security.redaction import redact

_LOOK_SECONDS = 0.25  # between two looks at how much has come
_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.symlinks": "false",  # a link is a small text file: it leads nowhere
    "core.attributesFile": os.devnull,
    "core.excludesFile": os.devnull,
    "core.protectHFS": "true",
    "core.protectNTFS": "true",
    "credential.helper": "",
    "fetch.recurseSubmodules": "false",
    "fetch.unpackLimit": "1",  # all that comes is in packs, which are quickly counted
    "gc.auto": "0",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "100",  # bytes a second: git ends by itself, should nobody be left to end it
    "http.lowSpeedTime": "60",
    "maintenance.auto": "false",
    "submodule.recurse": "false",
}
_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "https:http:ssh:file",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oConnectTimeout=30 -oServerAliveInterval=20",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


class GitError(TargetError):
    """git didn't do it; the message says why, without keys."""


class Git:
    """One bare repository. folder: where it is, made at the first use. timeout: seconds that one step may take.

    token: for the host `token_host` over HTTP; it is on no command line and in no file.
    """

    def __init__(self, folder: Path, *, timeout: float, token: str | None = None, token_host: str = "") -> None:
        self.folder = folder
        self._timeout = timeout
        self._token = token
        self._token_host = token_host

    def init(self) -> None:
        if not (self.folder / "HEAD").exists():
            self._run("init", "--quiet", "--bare", "--template=", str(self.folder))

    def fetch(self, url: str, most_bytes: int) -> str:
        """The newest commit of the default branch, and nothing else of it."""

        def check() -> None:
            if self.size() > most_bytes:
                raise GitError(f"it is larger than {most_bytes:,} bytes")

        head = "refs/autogen/head"
        options = ("--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance", "--force")
        self._run("fetch", *options, "--", url, f"HEAD:{head}", environment=self._credentials(url), check=check)
        check()
        return self._run("rev-parse", "--verify", "--quiet", f"{head}^{{commit}}").strip()

    def check_tree(self, commit: str, *, most_bytes: int, most_files: int) -> None:
        """Raises GitError where its files would be too much: a small pack can hold them a million times."""
        size = 0
        for count, line in enumerate(self._lines("ls-tree", "-r", "-l", "--full-tree", commit), 1):
            size += int(digits) if (digits := line.split(None, 4)[3]).isdigit() else 0
            if size > most_bytes or count > most_files:
                raise GitError(f"its files are more than {most_files:,}, or take more than {most_bytes:,} bytes")

    def check_out(self, commit: str, tree: Path, index: Path) -> None:
        """Makes `tree` what the commit holds. Files that are the same already aren't touched."""
        tree.mkdir(parents=True, exist_ok=True)
        environment = {"GIT_INDEX_FILE": str(index), "GIT_WORK_TREE": str(tree)}
        self._run("read-tree", "--reset", "-u", commit, environment=environment, cwd=tree)

    def size(self) -> int:
        """Bytes of all packs, those that are on their way included."""
        total = 0
        for path in (self.folder / "objects" / "pack").glob("*"):
            with contextlib.suppress(FileNotFoundError):
                total += path.stat().st_size
        return total

    def packs(self) -> int:
        return sum(1 for _ in (self.folder / "objects" / "pack").glob("*.pack"))

    def _run(
        self,
        *words: str,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> str:
        with self._started(words, environment, cwd) as (process, said):
            until = time.monotonic() + self._timeout
            while True:
                try:
                    out, _ = process.communicate(timeout=_LOOK_SECONDS)
                except subprocess.TimeoutExpired:
                    if time.monotonic() > until:
                        raise GitError(f"git {words[0]} took longer than {self._timeout:g} s") from None
                    check()
                else:
                    _require_success(process, words[0], said)
                    return str(out)

    def _lines(self, *words: str) -> Iterator[str]:
        with self._started(words, None, None) as (process, said):
            until = time.monotonic() + self._timeout
            for line in process.stdout or ():
                if time.monotonic() > until:
                    raise GitError(f"git {words[0]} took longer than {self._timeout:g} s")
                yield line
            process.wait()
            _require_success(process, words[0], said)

    @contextlib.contextmanager
    def _started(
        self, words: tuple[str, ...], environment: Mapping[str, str] | None, cwd: Path | None
    ) -> Iterator[tuple["subprocess.Popen[str]", IO[bytes]]]:
        """The process, and the file that it complains into. It doesn't outlive the block, nor do its children."""
        inherited = {name: value for name, value in environment_for_programs().items() if not name.startswith("GIT_")}
        settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        argv = ["git", f"--git-dir={self.folder}", *settings, *words]
        with tempfile.TemporaryFile() as complaints:
            try:
                process = subprocess.Popen(
                    argv,
                    env={**inherited, **_ENVIRONMENT, **(environment or {})},
                    cwd=cwd or self.folder.parent,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=complaints,
                    text=True,
                    errors="replace",
                    start_new_session=True,
                )
            except OSError as exc:
                raise GitError(f"git can't be run: {exc.strerror}", hint="install git") from exc
            try:
                yield process, complaints
            finally:
                if process.poll() is None:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                if process.stdout:
                    process.stdout.close()

    def _credentials(self, url: str) -> dict[str, str]:
        parts = urlsplit(url)
        if not self._token or parts.scheme not in {"http", "https"} or parts.netloc != self._token_host:
            return {}
        basic = base64.b64encode(f"x-access-token:{self._token}".encode()).decode()
        return {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{parts.scheme}://{parts.netloc}/.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
        }


def _require_success(process: "subprocess.Popen[str]", what: str, complaints: IO[bytes]) -> None:
    if process.returncode:
        complaints.seek(0)
        said = complaints.read(4000).decode("utf-8", "replace").strip().splitlines()
        reason = next((line for line in said if line.startswith(("fatal:", "error:"))), said[-1] if said else "")
        raise GitError(redact(f"git {what} has failed: {reason[:300] or f'exit code {process.returncode}'}"))
