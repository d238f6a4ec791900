"""Checkouts: fresh, bounded, and nothing that they hold runs or leads out of them."""

import os
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from autogen_cli.bridge.git import Git, GitError
from autogen_cli.bridge.repositories import Repositories
from autogen_cli.errors import ConfigError, TargetError
from autogen_cli.providers.fake import LoopbackServer, Received, Reply
from tests.bridge.jobs import Clock

SOURCE = "github:acme/shop"
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def git(*words: str, cwd: Path) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "protocol.file.allow=always"]
    return subprocess.run(["git", *identity, *words], cwd=cwd, check=True, capture_output=True, text=True).stdout


def commit(origin: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (origin / name).parent.mkdir(parents=True, exist_ok=True)
        (origin / name).write_text(text)
    git("add", "-A", "-f", cwd=origin)
    git("commit", "-q", "-m", "x", cwd=origin)


@pytest.fixture
def origin(tmp_path: Path, require_program: Callable[[str], str]) -> Path:
    require_program("git")
    folder = tmp_path / "origin"
    folder.mkdir()
    git("init", "-q", "-b", "trunk", cwd=folder)
    commit(folder, {"shop/money.py": "A = 1\n", "shop/old.py": ""})
    return folder


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(tmp_path: Path, origin: Path, clock: Clock) -> Callable[..., Repositories]:
    def repositories(**options: object) -> Repositories:
        places = {"github:Acme/Shop": f"file://{origin}"}
        return Repositories(places, tmp_path / "checkouts", **{"clock": clock, "timeout": 20.0, **options})

    return repositories


def text(repositories: Repositories) -> str:
    with repositories.checkout(SOURCE) as found:
        assert not (found.root / ".git").exists()
        return (found.root / "shop" / "money.py").read_text()


def test_a_checkout_is_fetched_every_so_often(make: Callable[..., Repositories], origin: Path, clock: Clock) -> None:
    repositories = make()
    assert text(repositories) == "A = 1\n"
    git("rm", "-q", "shop/old.py", cwd=origin)
    commit(origin, {"shop/money.py": "A = 2\n"})
    clock.now += 59
    assert text(repositories) == "A = 1\n"
    clock.now += 2
    with repositories.checkout(SOURCE) as found:
        assert (found.root / "shop" / "money.py").read_text() == "A = 2\n"
        assert not (found.root / "shop" / "old.py").exists()
        assert (found.root.name, found.notes) == ("a", ())


def test_what_a_job_reads_stays_as_it_is(make: Callable[..., Repositories], origin: Path) -> None:
    repositories = make(refresh_seconds=0)
    with repositories.checkout(SOURCE) as first:
        commit(origin, {"shop/money.py": "A = 2\n"})
        with repositories.checkout(SOURCE) as second:
            assert (first.root / "shop" / "money.py").read_text() == "A = 1\n"
            assert (second.root / "shop" / "money.py").read_text() == "A = 2\n"
            assert first.projects == second.projects
    commit(origin, {"shop/money.py": "A = 3\n"})
    assert text(repositories) == "A = 3\n"


def test_while_every_tree_is_read_the_last_one_does(make: Callable[..., Repositories], origin: Path) -> None:
    repositories = make(refresh_seconds=0)
    read = [repositories.checkout(SOURCE) for _ in range(4)]
    for number, each in enumerate(read):
        commit(origin, {"shop/money.py": f"A = 1{number}\n"})
        each.__enter__()
    commit(origin, {"shop/money.py": "A = 99\n"})
    with repositories.checkout(SOURCE) as found:
        assert (found.root / "shop" / "money.py").read_text() == "A = 13\n"
        assert len(found.notes) == 1
    for each in read:
        each.__exit__(None, None, None)
    assert text(repositories) == "A = 99\n"


def test_a_fetch_that_fails_leaves_the_code_of_before_and_says_so(
    make: Callable[..., Repositories], origin: Path, clock: Clock
) -> None:
    repositories = make()
    assert text(repositories) == "A = 1\n"
    away = origin.rename(origin.with_name("away"))
    clock.now += 61
    with repositories.checkout(SOURCE) as found:
        assert (found.root / "shop" / "money.py").exists()
        assert found.notes == ("The code is that of 2026-11-23 12:00 UTC: it couldn't be fetched since.",)
    away.rename(origin)
    clock.now += 61
    with repositories.checkout(SOURCE) as found:
        assert found.notes == ()


def test_a_repository_that_is_not_there_is_tried_again_only_when_it_is_due(
    make: Callable[..., Repositories], origin: Path, clock: Clock
) -> None:
    away = origin.rename(origin.with_name("away"))
    with pytest.raises(TargetError, match="can't be fetched: git fetch has failed: fatal: "), make().checkout(SOURCE):
        pass
    away.rename(origin)
    with pytest.raises(TargetError, match="can't be fetched"), make().checkout(SOURCE):
        pass
    clock.now += 61
    assert text(make()) == "A = 1\n"


def test_of_many_at_once_one_fetches(make: Callable[..., Repositories], monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []
    fetch = Git.fetch

    def noted(self: Git, url: str, most_bytes: int) -> str:
        fetched.append(url)
        return fetch(self, url, most_bytes)

    monkeypatch.setattr(Git, "fetch", noted)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: text(make()), range(8)))
    assert found == ["A = 1\n"] * 8
    assert len(fetched) == 1


def test_a_folder_is_read_as_it_is(tmp_path: Path) -> None:
    places = {"slack:T1/C1": str(tmp_path), "slack:T1/C2": "relative", "linear:O/T": str(tmp_path / "none")}
    repositories = Repositories(places, tmp_path / "checkouts")
    with repositories.checkout("slack:T1/C1") as found:
        assert (found.root, found.projects) == (tmp_path, (str(tmp_path.resolve()),))
    for source, why in (
        ("slack:T1/C2", "the folder of slack:T1/C2 isn't there"),
        ("linear:O/T", "isn't there"),
        ("github:x/y", "github:x/y has no repository here"),
    ):
        with pytest.raises(TargetError, match=why), repositories.checkout(source):
            pass


@pytest.mark.parametrize(
    ("url", "error", "why"),
    [
        ("http://git.example/x.git", ConfigError, "plain http"),
        ("ext::sh -c touch% /tmp/x", TargetError, "isn't there"),
        ("ext+x://y", TargetError, "git fetch has failed"),
        ("git://127.0.0.1:1/x", TargetError, "transport 'git' not allowed"),
        ("https://127.0.0.1:1/x.git", TargetError, "git fetch has failed"),
        ("-u@x:y", TargetError, "git fetch has failed|isn't there"),
    ],
)
def test_only_some_addresses_are_fetched(url: str, error: type[Exception], why: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=why), Repositories({"slack:T/C": url}, tmp_path).checkout("slack:T/C"):
        pass


def hostile(origin: Path, mark: Path) -> None:
    """Everything that git might be led to run or to follow, by the repository or by whoever serves it."""
    run = f"touch {mark}"
    (origin / "loop").symlink_to("loop")
    (origin / "passwd.py").symlink_to("/etc/passwd")
    (origin / "etc").symlink_to("/etc")
    commit(
        origin,
        {
            ".gitattributes": "*.py filter=evil diff=evil ident\n*.bin filter=lfs\n",
            ".gitmodules": f'[submodule "x"]\n\tpath = x\n\turl = ext::sh -c "{run}"\n\tupdate = !{run}\n',
            ".gitconfig": f'[core]\n\tfsmonitor = "{run}"\n',
            "big.bin": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
        },
    )
    git("update-index", "--add", "--cacheinfo", f"160000,{git('rev-parse', 'HEAD', cwd=origin).strip()},x", cwd=origin)
    git("commit", "-q", "-m", "submodule", cwd=origin)
    for hook in ("post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc", "upload-pack"):
        (origin / ".git" / "hooks" / hook).write_text(f"#!/bin/sh\n{run}\n")
        (origin / ".git" / "hooks" / hook).chmod(0o755)


def test_nothing_runs_and_no_link_leads_out(
    make: Callable[..., Repositories], origin: Path, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does what the user's own git is configured to do: a filter, a hook, a template."""
    mark = tmp_path / "mark"
    hostile(origin, mark)
    hooks = home / "hooks"
    hooks.mkdir()
    for hook in ("post-checkout", "reference-transaction", "post-index-change"):
        (hooks / hook).write_text(f"#!/bin/sh\ntouch {mark}\n")
        (hooks / hook).chmod(0o755)
    (home / ".gitconfig").write_text(
        f'[core]\n\thooksPath = {hooks}\n\tfsmonitor = "touch {mark}"\n[filter "evil"]\n\tsmudge = "touch {mark}"\n'
        f'\tclean = "touch {mark}"\n\trequired = true\n[filter "lfs"]\n\tprocess = "touch {mark}"\n'
        f'[init]\n\ttemplateDir = {home}\n[submodule]\n\trecurse = true\n[credential]\n\thelper = "!touch {mark}"\n'
    )
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(home))
    monkeypatch.setenv("GIT_DIR", str(origin / ".git"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", f"touch {mark}")
    with make().checkout(SOURCE) as found:
        assert (found.root / "shop" / "money.py").read_text() == "A = 1\n"
        assert [path for path in found.root.rglob("*") if path.is_symlink()] == []
        assert (found.root / "passwd.py").read_text() == "/etc/passwd"
        assert (found.root / "big.bin").read_text().startswith("version https://git-lfs")
        assert list((found.root / "x").iterdir()) == []
        assert not (found.root.parent / "repo.git" / "hooks").exists()
    assert not mark.exists()


def test_a_tree_that_leads_out_is_refused(make: Callable[..., Repositories], origin: Path, tmp_path: Path) -> None:
    """Names that git's own tools wouldn't write: made by hand."""
    blob = (
        git("hash-object", "-w", "--stdin-paths", cwd=origin)
        if False
        else git("rev-parse", "HEAD:shop/old.py", cwd=origin)
    )
    entry = b"100644 ../evil.py\0" + bytes.fromhex(blob.strip())
    made = subprocess.run(
        ["git", "hash-object", "-t", "tree", "-w", "--stdin", "--literally"],
        cwd=origin, input=entry, capture_output=True, check=True,
    )  # fmt: skip
    head = git("commit-tree", "-m", "x", made.stdout.decode().strip(), cwd=origin).strip()
    git("update-ref", "refs/heads/trunk", head, cwd=origin)
    with pytest.raises(TargetError, match="can't be fetched"), make().checkout(SOURCE):
        pass
    assert not list((tmp_path / "checkouts").rglob("evil.py"))


@pytest.mark.parametrize("options", [{"most_bytes": 100_000}, {"most_files": 1}], ids=str)
def test_what_is_too_large_is_refused(
    options: dict[str, int], make: Callable[..., Repositories], origin: Path, clock: Clock, tmp_path: Path
) -> None:
    """A pack that is too large, and a small one with files that are."""
    (origin / "noise").write_bytes(os.urandom(300_000))
    commit(origin, {"zeros": "0" * 3_000_000})
    with (
        pytest.raises(TargetError, match=r"larger than 100,000 bytes|more than 1, or"),
        make(**options).checkout(SOURCE),
    ):
        pass
    git("rm", "-q", "noise", cwd=origin)
    git("commit", "-q", "-m", "x", cwd=origin)
    clock.now += 61
    with pytest.raises(TargetError, match="its files are more than"), make(**options).checkout(SOURCE):
        pass
    assert sum(path.stat().st_size for path in (tmp_path / "checkouts").rglob("*") if path.is_file()) < 400_000


class Silent(LoopbackServer):
    """Speaks HTTP and no git. slow: never answers."""

    def __init__(self, *, slow: bool = False) -> None:
        super().__init__()
        self._slow = slow

    async def respond(self, received: Received) -> Reply:
        return Reply(cut="start", ending="hang") if self._slow else Reply(status=404)


def test_a_server_that_never_answers_is_left(tmp_path: Path) -> None:
    with Silent(slow=True) as server:
        repositories = Repositories({"slack:T/C": f"{server.base_url}/x.git"}, tmp_path, timeout=0.5)
        begun = time.monotonic()
        with pytest.raises(TargetError, match=r"git fetch took longer than 0\.5 s"), repositories.checkout("slack:T/C"):
            pass
        assert time.monotonic() - begun < 10


def test_the_token_goes_to_its_own_host_alone(tmp_path: Path) -> None:
    with Silent() as own, Silent() as other:
        host = own.base_url.partition("//")[2]
        places = {"slack:T/1": f"{own.base_url}/x.git", "slack:T/2": f"{other.base_url}/x.git"}
        repositories = Repositories(places, tmp_path, token="ghs_canary", token_host=host)
        for source in places:
            with pytest.raises(TargetError) as caught, repositories.checkout(source):
                pass
            assert "ghs_canary" not in str(caught.value)
        assert {request.headers.get("authorization") for request in own.requests} == {
            "Basic eC1hY2Nlc3MtdG9rZW46Z2hzX2NhbmFyeQ=="
        }
        assert {request.headers.get("authorization") for request in other.requests} == {None}
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"ghs_canary" in path.read_bytes()]


def test_a_checkout_that_was_cut_off_is_made_again(
    make: Callable[..., Repositories], origin: Path, clock: Clock
) -> None:
    with make().checkout(SOURCE) as found:
        folder = found.root.parent
    (folder / "a.index.lock").touch()
    (folder / "a" / "stray.py").touch()
    (folder / "state.json").write_text("{")
    commit(origin, {"shop/money.py": "A = 2\n"})
    assert text(make()) == "A = 2\n"
    assert not (folder / "a" / "stray.py").exists()


def test_too_many_packs_are_fetched_anew(
    make: Callable[..., Repositories], origin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autogen_cli.bridge.repositories.MOST_PACKS", 2)
    for number in range(5):
        commit(origin, {"shop/money.py": f"A = {number}\n"})
        with make(refresh_seconds=0).checkout(SOURCE) as found:
            assert len(list((found.root.parent / "repo.git" / "objects" / "pack").glob("*.pack"))) <= 3
            assert (found.root / "shop" / "money.py").read_text() == f"A = {number}\n"


def test_nobody_waits_for_ever_for_a_fetch(make: Callable[..., Repositories]) -> None:
    slow = make(timeout=0.1)
    with make().checkout(SOURCE) as found:
        folder = found.root.parent
    begun, done = threading.Event(), threading.Event()

    def hold() -> None:
        with make()._locked(folder / "lock"):
            begun.set()
            done.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    begun.wait(20)
    with pytest.raises(TargetError, match="is being fetched, and that takes too long"), slow.checkout(SOURCE):
        pass
    done.set()
    holder.join()


def test_without_git_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="git can't be run"):
        Git(tmp_path / "repo.git", timeout=1).init()


def test_a_folder_for_all_other_sources(make: Callable[..., Repositories], tmp_path: Path) -> None:
    repositories = make(default=tmp_path)
    assert text(repositories) == "A = 1\n"
    with repositories.checkout("slack:T1/D1") as found:
        assert (found.root, found.projects) == (tmp_path, (str(tmp_path),))
