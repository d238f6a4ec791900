"""The fault table through the program: exit code, message, requests sent and money counted, for each provider.

docs/faults.md shows the same table to users; a test holds the two together.
"""

import datetime
import re
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import format_datetime
from pathlib import Path

import pytest

from autogen_cli.config import folders
from autogen_cli.limits.budget import Budget
from autogen_cli.limits.spending import FileSpending
from autogen_cli.providers.fake import FakeCodegen, FakeServer, LoopbackServer, faults
from autogen_cli.providers.fake.server import Reply
from tests.cli.test_generate import ANSWER, FILES
from tests.conftest import MakeProject, Ran, RunAutogen

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
WAYS = ("openai", "http", "sdk")
PRICE = 1  # USD of the worst case, whichever provider
CONFIG = """
provider = "{provider}"
fallback = []
model = {model}
[openai]
base_url = "{url}/v1"
max_output_tokens = 1000
timeout = {timeout}
[prices.fake-model]
input = 0
output = 1000
[codegen]
org_id = 42
base_url = "{url}"
transport = "{transport}"
price_per_run = 1
poll_interval = 0.05
timeout = {timeout}
[limits]
retries = 1
requests_per_minute = 6000
[budget]
daily = 100
"""


@dataclass(frozen=True)
class Fault:
    """A row of the page. sent, counted: for `openai`, `codegen` over http, `codegen` by its SDK; `r`: and its
    retries, `l`: and the run is looked for before another is made.

    counted: `0`, or `1` where the request may have been billed and its worst case stays on the books.
    """

    name: str
    reply: Reply
    exit: int
    says: str
    sent: str
    counted: str
    timeout: float = 30
    url: str = ""


def date(seconds: float) -> str:
    return format_datetime(datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds), usegmt=True)


def limited(**headers: str) -> Reply:
    return faults.status(429, headers={name.replace("_", "-"): value for name, value in headers.items()})


REFUSED, NO_NAME, TLS = "http://127.0.0.1:9", "https://no-such-host.invalid", "https://127.0.0.1:{port}"
NOT_SENT = Reply()
TABLE = [
    Fault("connection refused", NOT_SENT, 5, "can't be reached (connection refused)", "0 0 0", "0 0 0", url=REFUSED),
    Fault("name doesn't resolve", NOT_SENT, 5, "its name doesn't resolve", "0 0 0", "0 0 0", url=NO_NAME),
    Fault("unknown certificate", NOT_SENT, 5, "has a TLS certificate that isn't trusted", "0 0 0", "0 0 0", url=TLS),
    Fault("silence", faults.hang(), 5, "within 0.5 s", "1 l 1", "1 1 1", timeout=0.5),
    Fault("silence in the body", faults.hang(in_body=True), 5, "within 0.5 s", "1 1 1", "1 1 1", timeout=0.5),
    Fault("a byte now and then", faults.drip(0.1), 5, "within 0.5 s", "1 1 1", "1 1 1", timeout=0.5),
    Fault("reset", faults.reset(), 5, "dropped the connection", "1 l 1", "1 1 1"),
    Fault("reset in the body", faults.reset(in_body=True), 5, "broke off|dropped", "1 l 1", "1 1 1"),
    Fault("closed in the body", faults.truncated(), 5, "broke off|dropped", "1 l 1", "1 1 1"),
    Fault("400", faults.status(400), 5, "refuses the request (400: injected fault", "1 1 1", "0 0 0"),
    Fault("401", faults.status(401), 4, "refuses the key (401: injected fault", "1 1 1", "0 0 0"),
    Fault("402", faults.status(402), 5, "wants to be paid first (402: injected fault", "1 1 1", "0 0 0"),
    Fault("403", faults.status(403), 4, "denies access (403: injected fault", "1 1 1", "0 0 0"),
    Fault("404", faults.status(404), 5, "doesn't know this address or model (404", "1 1 1", "0 0 0"),
    Fault("409", faults.status(409), 5, "is busy with a conflicting request (409", "r r r", "0 0 0"),
    Fault("413", faults.status(413), 5, "finds the request too large (413", "1 1 1", "0 0 0"),
    Fault("422", faults.status(422), 5, "refuses the request (422: injected fault", "1 1 1", "0 0 0"),
    Fault("429", faults.status(429), 5, "limits the rate (429: injected fault", "r r r", "0 0 0"),
    Fault("429, Retry-After of an hour", limited(retry_after="3600"), 5, "try again in 1 h", "1 1 1", "0 0 0"),
    Fault("500", faults.status(500), 5, "has failed (500: injected fault", "r r r", "0 0 0"),
    Fault("502", faults.status(502), 5, "has lost the answer (502: injected fault", "1 l 1", "1 1 1"),
    Fault("503", faults.status(503), 5, "has failed (503: injected fault", "r r r", "0 0 0"),
    Fault("504", faults.status(504), 5, "has lost the answer (504: injected fault", "1 l 1", "1 1 1"),
    Fault("HTML", faults.html(), 5, "answers with an HTML page", "1 1 1", "1 1 1"),
    Fault("nothing", faults.empty(), 5, "answers with an empty body", "1 1 1", "1 1 1"),
    Fault("half a JSON document", faults.cut_json(), 5, "something that isn't JSON", "1 1 1", "1 1 1"),
    Fault("JSON of other types", faults.wrong_types(), 5, "JSON that holds no", "1 1 1", "1 1 1"),
    Fault("a body of 1 GB", faults.huge(1000), 5, "answers with more than 32 MB", "1 1 1", "1 1 1"),
    Fault("a redirect elsewhere", faults.redirect("http://127.0.0.1:9/x"), 5, "redirects to", "1 1 1", "0 0 0"),
]
OBEYED = {
    "seconds": lambda: limited(retry_after="0.1"),
    "milliseconds": lambda: limited(retry_after_ms="50"),
    "a date": lambda: limited(retry_after=date(1)),
}


@pytest.fixture
def shop(make_project: MakeProject) -> Path:
    return make_project(FILES)


@pytest.fixture
def generate(shop: Path, home: Path, autogen: RunAutogen, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Runs `autogen generate` against an address, with a budget that shows what is counted."""

    def run(way: str, url: str, *, timeout: float = 30, options: tuple[str, ...] = ()) -> Ran:
        if way == "sdk":
            pytest.importorskip("codegen_api_client", reason="the extra `codegen` isn't installed")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-fault-0123456789")
        monkeypatch.setenv("CODEGEN_API_TOKEN", "token-0123456789")
        provider, transport = ("openai", "http") if way == "openai" else ("codegen", way)
        model = '"fake-model"' if way == "openai" else '""'
        settings = home / "autogen" / "config.toml"
        settings.parent.mkdir(exist_ok=True)
        text = CONFIG.format(provider=provider, transport=transport, model=model, url=url, timeout=timeout)
        settings.write_text(text.replace('model = ""\n', ""))
        return autogen("generate", "shop.money", "total", "--json", *options, cwd=shop)

    return run


def counted() -> float:
    """USD on today's books, settled and reserved."""
    budget = Budget(FileSpending(folders().data / "limits.db"))
    _run, day, _month = budget.spending()
    budget.close()
    return float(day.spent + day.reserved)


def server_for(way: str, replies: object, tls: ssl.SSLContext | None = None) -> LoopbackServer:
    return (FakeServer if way == "openai" else FakeCodegen)([ANSWER], faults=replies, tls=tls)


ROWS = [
    pytest.param(fault, way, id=f"{fault.name}-{way}", marks=[] if way == "openai" else [pytest.mark.soak])
    for fault in TABLE
    for way in WAYS
]


@pytest.mark.parametrize(("fault", "way"), ROWS)
def test_what_a_fault_becomes(
    fault: Fault, way: str, generate: Callable[..., Ran], request: pytest.FixtureRequest
) -> None:
    tls = request.getfixturevalue("untrusted") if fault.url == TLS else None
    with server_for(way, fault.reply, tls) as server:
        port = server.base_url.rpartition(":")[2].partition("/")[0]
        origin = f"http://127.0.0.1:{port}"
        ran = generate(way, (fault.url or origin).format(port=port), timeout=fault.timeout)
        posts = sum(received.method == "POST" and "ban" not in received.path for received in server.requests)
    assert (ran.code, ran.json["error"]["exit_code"]) == (fault.exit, fault.exit)
    (line,) = ran.err.splitlines()
    assert any(words in line for words in fault.says.split("|")) or "made no run within 0.5 s" in line
    assert ("tried 2 times" in line) == (expected(fault.sent, way) in {"r", "l"} or fault.url == REFUSED)
    assert posts == {"0": 0, "1": 1, "l": 1, "r": 2}[expected(fault.sent, way)]
    assert counted() == PRICE * int(expected(fault.counted, way))
    assert "0123456789" not in ran.err + ran.out


def expected(column: str, way: str) -> str:
    return column.split()[WAYS.index(way)]


@pytest.mark.parametrize("form", OBEYED)
@pytest.mark.parametrize("way", ["openai", *(pytest.param(way, marks=pytest.mark.soak) for way in WAYS[1:])])
def test_a_wait_that_is_asked_for_is_waited(form: str, way: str, generate: Callable[..., Ran]) -> None:
    with server_for(way, [OBEYED[form](), OBEYED[form]()]) as server:
        ran = generate(way, server.base_url.removesuffix("/v1"))
        assert (ran.code, ran.json["status"]) == (0, "accepted")
        assert sum(received.method == "POST" for received in server.requests) == 3


def test_an_answer_that_is_cut_off_is_asked_for_again_and_never_accepted(generate: Callable[..., Ran]) -> None:
    with FakeServer([ANSWER], finish_reason="length") as server:
        ran = generate("openai", server.base_url.removesuffix("/v1"))
        assert (ran.code, ran.json["status"], server.received) == (6, "rejected", 2)
        assert "cut off at the output limit" in ran.json["checks"][0]["detail"]
        assert "raise openai.max_output_tokens" in ran.json["checks"][0]["detail"]
        assert "cached" not in generate("openai", server.base_url.removesuffix("/v1")).err
        assert server.received == 4


PROGRAMS = [
    # argv, exit, says
    (["no-such-program"], 3, "no-such-program"),
    (["{python}", "-c", "import sys; sys.exit('out of credit')"], 5, "out of credit"),
    (["{python}", "-c", "pass"], 5, "nothing"),
    (["{python}", "-c", "import os; os.kill(os.getpid(), 9)"], 5, "signal 9"),
    (["{python}", "-c", "import time; time.sleep(60)"], 5, "took longer than 0.5 s"),
    (["{python}", "-c", "print('x' * 40_000_000)"], 5, "MB"),
    (["{python}", "-c", "import sys; sys.stdout.buffer.write(bytes([255, 254]))"], 6, "holds no code"),
]


@pytest.mark.parametrize(("argv", "code", "says"), PROGRAMS, ids=[str(row[2]) for row in PROGRAMS])
def test_what_a_program_s_faults_become(
    argv: list[str], code: int, says: str, shop: Path, home: Path, autogen: RunAutogen
) -> None:
    settings = home / "autogen" / "config.toml"
    settings.parent.mkdir()
    words = [word.format(python=sys.executable) for word in argv]
    settings.write_text(f'provider = "command"\nfallback = []\n[command]\nargv = {words!r}\ntimeout = 0.5\n')
    ran = autogen("generate", "shop.money", "total", "--repair", "0", cwd=shop)
    assert ran.code == code
    assert says in ran.err


def test_the_page_tells_the_same() -> None:
    rows = re.findall(r"^\| (.+?) \| (\d) \| (.+?) \| (.+?) \| (.+?) \|$", PAGE.read_text(), re.MULTILINE)
    assert rows == [row_of(fault) for fault in TABLE]


def row_of(fault: Fault) -> tuple[str, ...]:
    words = fault.says.partition("|")[0].replace("within 0.5 s", "gave no full answer within ... s")
    words = re.sub(r" \(\d{3}.*", "", words)
    return fault.name, str(fault.exit), words, in_words(fault.sent, SENT), in_words(fault.counted, COUNTED)


SENT = {"0": "0", "1": "1", "r": "1 + retries", "l": "1, then looked for"}
COUNTED = {"0": "nothing", "1": "the worst case"}


def in_words(column: str, words: dict[str, str]) -> str:
    """One phrase where all three do the same; else openai's, codegen's over http, and by its SDK."""
    parts = [words[part] for part in column.split()]
    return parts[0] if len(set(parts)) == 1 else "; ".join(parts)
