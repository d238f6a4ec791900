"""`autogen generate` from the command line to the file, through the real service path."""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autogen_cli.config import folders
from autogen_cli.errors import TargetError
from autogen_cli.models import UsageEvent
from autogen_cli.providers.fake import FakeServer, faults
from autogen_cli.usage.ledger import UsageTracker
from tests.conftest import MakeProject, RunAutogen

ANSWER = '''Here it is:

```python
def total(prices: list[float], *, rate: float = 0.0) -> float:
    """The sum of `prices` with tax on top."""
    return round(sum(prices) * (1 + rate), 2)
```
'''
MISFIT = "```python\ndef total(prices):\n    return sum(prices)\n```"

FILES: dict[str, str | bytes] = {
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n',
    "shop/__init__.py": "",
    "shop/cart.py": (
        "from shop.money import total\n\n\ndef pay(prices: list[float]) -> float:\n    return total(prices, rate=0.2)\n"
    ),
    "shop/money.py": '"""Money."""\n\n\ndef cents(price: float) -> int:\n    return round(price * 100)\n',
    "tests/test_money.py": (
        "from shop.money import total\n\n\ndef test_total() -> None:\n    assert total([1.0, 2.0]) == 3.0\n"
    ),
}


@pytest.fixture
def shop(make_project: MakeProject) -> Path:
    return make_project(FILES)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    """A provider that answers with code that fits; it is the one that the environment names."""
    with FakeServer([ANSWER]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("AUTOGEN_OPENAI_MODEL", "fake-model")
        yield server


def contents(root: Path) -> dict[str, bytes]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in files
        if not path.name.startswith(".coverage.")  # a child process leaves its figures where it runs
    }


def test_without_a_provider_a_scaffold_is_printed_and_said_to_be_one(shop: Path, autogen: RunAutogen) -> None:
    before = contents(shop)
    ran = autogen("generate", "shop.money", "total", cwd=shop)
    assert ran.code == 0
    assert "def total(prices: list[float], *, rate: float" in ran.out
    assert "raise NotImplementedError" in ran.out
    assert "scaffold" in ran.err
    assert contents(shop) == before


def test_an_answer_that_fits_is_accepted(shop: Path, server: FakeServer, autogen: RunAutogen) -> None:
    ran = autogen("generate", "shop.money", "total", "--json", cwd=shop)
    assert ran.code == 0
    found = ran.json
    assert (found["schema"], found["status"], found["provider"]) == ("autogen.generate/1", "accepted", "openai")
    assert found["code"].startswith("def total(prices: list[float], *, rate: float = 0.0) -> float:")
    assert {check["status"] for check in found["checks"]} <= {"pass", "skipped"}
    assert found["context"]["tokens"] <= found["context"]["budget"]
    assert {"shop/cart.py", "tests/test_money.py"} <= {item["path"] for item in found["context"]["items"]}
    assert found["usage"]["input_tokens"] > 0
    assert server.received == 1


def test_the_second_run_comes_from_the_cache_and_says_so(shop: Path, server: FakeServer, autogen: RunAutogen) -> None:
    first = autogen("generate", "shop.money", "total", cwd=shop)
    second = autogen("generate", "shop.money", "total", cwd=shop)
    assert (first.code, second.code, second.out) == (0, 0, first.out)
    assert "from the disk cache" in second.err
    assert server.received == 1
    third = autogen("generate", "shop.money", "total", "--refresh", cwd=shop)
    fourth = autogen("generate", "shop.money", "total", "--no-cache", cwd=shop)
    assert (third.code, fourth.code, server.received) == (0, 0, 3)


def test_a_new_caller_makes_it_a_new_question(shop: Path, server: FakeServer, autogen: RunAutogen) -> None:
    autogen("generate", "shop.money", "total", cwd=shop)
    (shop / "shop" / "other.py").write_text("from shop import money\n\nprint(money.total([1.0]))\n")
    assert "from the disk cache" not in autogen("generate", "shop.money", "total", cwd=shop).err
    assert server.received == 2


def test_write_puts_the_code_into_the_module_and_touches_nothing_else(
    shop: Path, server: FakeServer, autogen: RunAutogen
) -> None:
    before = contents(shop)
    ran = autogen("generate", "shop.money", "total", "--write", cwd=shop)
    assert (ran.code, ran.out) == (0, "")
    assert "written to shop/money.py" in ran.err
    after = contents(shop)
    assert {path for path in after if after[path] != before.get(path)} == {"shop/money.py"}
    assert after["shop/money.py"].startswith(before["shop/money.py"])
    compile(after["shop/money.py"], "money.py", "exec")


def test_diff_shows_what_write_would_do(shop: Path, server: FakeServer, autogen: RunAutogen) -> None:
    ran = autogen("generate", "shop.money", "total", "--diff", cwd=shop)
    assert ran.code == 0
    assert ran.out.startswith("--- a/shop/money.py\n+++ b/shop/money.py\n")
    assert "+def total(" in ran.out


def test_dry_run_sends_nothing(shop: Path, server: FakeServer, autogen: RunAutogen) -> None:
    shown = autogen("generate", "shop.money", "total", "--dry-run", cwd=shop)
    found = autogen("generate", "shop.money", "total", "--dry-run", "--json", cwd=shop).json
    assert "shop/money.py" in shown.out
    assert (found["schema"], found["call_sites"], found["cached"]) == ("autogen.plan/1", 2, False)
    assert server.received == 0


def test_dry_run_says_what_it_will_probably_cost(shop: Path, server: FakeServer, autogen: RunAutogen) -> None:
    words = ("generate", "shop.money", "total", "--model", "gpt-5-mini", "--dry-run")
    found = autogen(*words, "--json", cwd=shop).json
    estimate = found["estimate"]
    assert estimate["input_tokens"] == found["prompt_tokens"]
    assert estimate["low_usd"] < estimate["cost_usd"] < estimate["high_usd"] < found["max_cost_usd"]
    assert f" about ${estimate['cost_usd']:.4f} (${estimate['low_usd']:.4f} to " in autogen(*words, cwd=shop).out
    assert "unknown; about " in autogen(*words, "--model", "nobody-sells-it", cwd=shop).out
    assert "nothing: no model is asked" in autogen(*words, "--provider", "scaffold", cwd=shop).out
    autogen(*words[:-1], cwd=shop)
    assert "nothing: the answer is cached" in autogen(*words, cwd=shop).out


def test_a_run_of_codegen_costs_what_was_configured(shop: Path, autogen: RunAutogen) -> None:
    words = ("generate", "shop.money", "total", "--dry-run", "--provider", "codegen", "--json")
    assert autogen(*words, cwd=shop).json["max_cost_usd"] is None
    assert autogen("config", "set", "codegen.price_per_run", "0.5").code == 0
    found = autogen(*words, cwd=shop).json
    assert (found["max_cost_usd"], found["estimate"]["cost_usd"]) == (0.5, 0.5)


def test_a_symbol_that_is_there_needs_force(shop: Path, server: FakeServer, autogen: RunAutogen) -> None:
    ran = autogen("generate", "shop.money", "cents", cwd=shop)
    assert (ran.code, ran.out) == (9, "")
    assert ran.err == ("error: shop.money defines cents already (shop/money.py): pass --force to replace it\n")
    assert server.received == 0


def test_a_misfit_is_repaired_and_every_attempt_counted(shop: Path, autogen: RunAutogen) -> None:
    with FakeServer([MISFIT, ANSWER]) as server:
        ran = autogen(*with_server(server), cwd=shop)
        assert ran.code == 0
        assert (ran.json["status"], ran.json["attempts"]) == ("accepted", 2)
        repair = server.requests[-1].json()["messages"][-1]["content"]
        assert "call_sites" in repair
        assert "return sum(prices)" in repair


def test_a_misfit_that_stays_one_is_rejected(shop: Path, autogen: RunAutogen) -> None:
    with FakeServer([MISFIT]) as server:
        ran = autogen(*with_server(server), "--write", cwd=shop)
    assert ran.code == 6
    assert (ran.json["status"], ran.json["attempts"], ran.json["written"]) == ("rejected", 2, False)
    assert "rate" in ran.err
    assert contents(shop) == {name: text.encode() for name, text in FILES.items() if isinstance(text, str)}


@pytest.mark.parametrize(
    ("answers", "options", "detail"),
    [(["I am sorry, I can't."], {}, "no code"), ([ANSWER], {"finish_reason": "length"}, "cut off")],
)
def test_an_answer_without_usable_code_is_rejected(
    shop: Path, autogen: RunAutogen, answers: list[str], options: dict[str, str], detail: str
) -> None:
    with FakeServer(answers, **options) as server:  # type: ignore[arg-type]
        ran = autogen(*with_server(server), "--repair", "0", cwd=shop)
    assert ran.code == 6
    (check,) = ran.json["checks"]
    assert check["status"] == "fail"
    assert detail in check["detail"]


def test_a_server_that_is_down_leaves_a_scaffold_and_exit_code_5(shop: Path, autogen: RunAutogen) -> None:
    with FakeServer([ANSWER]) as server:
        words = with_server(server)
    ran = autogen(*words, "--write", cwd=shop)
    assert ran.code == 5
    assert (ran.json["status"], ran.json["written"]) == ("scaffold", False)
    assert ran.json["hops"][0]["provider"] == "openai"
    assert "openai failed: " in ran.err


def test_without_a_fallback_a_server_that_is_down_is_one_line(
    shop: Path, autogen: RunAutogen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOGEN_FALLBACK", "[]")
    with FakeServer([ANSWER]) as server:
        words = with_server(server)
    ran = autogen(*words[:-1], cwd=shop)
    assert (ran.code, ran.out, ran.err.count("\n")) == (5, "", 1)


def test_a_server_that_answers_html_is_one_line(shop: Path, autogen: RunAutogen) -> None:
    with FakeServer(faults=faults.html()) as server:
        ran = autogen(*with_server(server), cwd=shop)
    assert (ran.code, ran.err.count("\n")) == (5, 1)
    assert ran.json["error"]["exit_code"] == 5
    assert "HTML" in ran.err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["shop.money", "total", "--provider", "opneai"], 3, "did you mean 'openai'"),
        (["shop.money", "total", "--provider", "openai", "--model", "m"], 4, "OPENAI_API_KEY"),
        (["..etc.passwd", "x"], 9, "module name"),
        (["/etc/passwd", "x"], 9, "path"),
        (["shop.money", "class"], 9, "keyword"),
        (["shop.money", "a-b"], 9, "symbol"),
        (["shop.money", "total", "--root", "nowhere"], 9, "not a folder"),
        (["shop.broken", "total"], 9, "shop/broken.py"),
        (["shop.latin", "total"], 9, "shop/latin.py"),
        (["shop.money", "total", "--context-tokens", "0"], 2, "--context-tokens"),
        (["shop.money", "total", "--replay", "x", "--provider", "openai"], 2, "--replay"),
        (["shop.money", "Nope.total"], 9, "no class Nope"),
        (["shop.nul", "total"], 9, "shop/nul.py"),
        ([], 2, "module"),
    ],
)
def test_bad_input_is_one_line_with_the_right_code(
    shop: Path, autogen: RunAutogen, words: list[str], code: int, message: str
) -> None:
    (shop / "shop" / "broken.py").write_text("def f(:\n")
    (shop / "shop" / "nul.py").write_bytes(b"x = 1\x00\n")
    (shop / "shop" / "latin.py").write_bytes(b"name = '\xe9'\n")
    ran = autogen("generate", *words, cwd=shop)
    assert (ran.code, ran.out, ran.err.count("\n")) == (code, "", 1)
    assert message in ran.err


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/proc/sys").exists(), reason="root can write everywhere")
def test_a_cache_that_cannot_be_written_is_said_and_passed_over(
    shop: Path, home: Path, server: FakeServer, autogen: RunAutogen
) -> None:
    folder = home / "autogen" / "cache"
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("a file where the folder should be")
    ran = autogen("generate", "shop.money", "total", cwd=shop)
    assert ran.code == 0
    assert "def total(" in ran.out
    assert "cache is passed over" in ran.err


def test_usage_tells_of_calls_and_hits(shop: Path, server: FakeServer, autogen: RunAutogen) -> None:
    for _ in range(2):
        autogen("generate", "shop.money", "total", cwd=shop)
    ran = autogen("usage", "--since", "1d", "--json", cwd=shop)
    assert ran.code == 0
    assert (ran.json["total"]["requests"], ran.json["total"]["cached"]) == (2, 1)


def with_server(server: FakeServer) -> list[str]:
    os.environ["OPENAI_BASE_URL"] = server.base_url  # the `home` fixture takes it away again
    return ["generate", "shop.money", "total", "--provider", "openai", "--model", "m", "--json"]


def test_the_books_tell_what_each_event_took(shop: Path, autogen: RunAutogen) -> None:
    with FakeServer([MISFIT, ANSWER]) as server:
        ran = autogen(*with_server(server), "--profile", "--write", cwd=shop)
    asked = {"project", "cache", "index", "rank", "render", "wait", "provider", "checks"}
    assert asked | {"write"} <= {line.split()[0] for line in ran.err.splitlines() if line.endswith(" %")}
    first, repair = events()
    assert (set(first.phases_ms), first.outcome) == (asked, "rejected")
    assert ({"provider", "checks", "cache", "write"} <= set(repair.phases_ms), repair.outcome) == (True, "accepted")
    assert "index" not in repair.phases_ms


def test_a_hit_has_its_phases_too(shop: Path, server: FakeServer, autogen: RunAutogen) -> None:
    autogen("generate", "shop.money", "total", cwd=shop)
    ran = autogen("generate", "shop.money", "total", "--json", cwd=shop)
    phases = ran.json["phases_ms"]
    assert {"project", "cache"} <= phases.keys() <= {"project", "cache", "index", "render"}
    assert events()[-1].phases_ms.keys() == phases.keys()


def test_an_answer_that_can_not_be_written_is_on_the_books(
    shop: Path, server: FakeServer, autogen: RunAutogen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autogen_cli.generation.insert.apply_edits", no_space_left)
    assert autogen("generate", "shop.money", "total", "--write", cwd=shop).code == 9
    (event,) = events()
    assert event.outcome == "accepted"
    assert {"provider", "checks", "write"} <= set(event.phases_ms)


def events() -> list[UsageEvent]:
    with contextlib.closing(UsageTracker(folders().data / "usage")) as ledger:
        return list(ledger.events())


def no_space_left(_edits: object) -> None:
    raise TargetError("the disk is full")


def test_json_is_one_document(shop: Path, autogen: RunAutogen) -> None:
    assert len(autogen("generate", "shop.money", "total", "--json", cwd=shop).out.splitlines()) == 1
    assert json.loads(autogen("generate", "nothing-here", "--json", cwd=shop).out)["schema"] == "autogen.error/1"


TRIAL = "{python} -m pytest -q -p no:cacheprovider tests"


def test_the_users_tests_decide_before_anything_is_written(shop: Path, autogen: RunAutogen) -> None:
    wrong = ANSWER.replace("sum(prices)", "max(prices)")
    trial = TRIAL.format(python=sys.executable)
    with FakeServer([wrong, ANSWER]) as server:
        ran = autogen(*with_server(server), "--test", trial, "--write", cwd=shop)
        assert (ran.code, ran.json["attempts"], ran.json["written"]) == (0, 2, True)
        repair = server.requests[-1].json()["messages"][-1]["content"]
    assert "assert 2.0 == 3.0" in repair
    assert ran.json["checks"][-1]["name"] == "test"
    assert "sum(prices)" in (shop / "shop" / "money.py").read_text()


def test_code_that_fails_the_users_tests_is_rejected(shop: Path, autogen: RunAutogen) -> None:
    before = contents(shop)
    with FakeServer([ANSWER]) as server:
        ran = autogen(*with_server(server), "--test", f"{sys.executable} -c 'raise SystemExit(1)'", "--write", cwd=shop)
    assert (ran.code, ran.json["status"], ran.json["attempts"]) == (6, "rejected", 2)
    assert contents(shop) == before


def test_a_cached_answer_is_tried_again(shop: Path, autogen: RunAutogen) -> None:
    with FakeServer([ANSWER]) as server:
        words = with_server(server)
        autogen(*words, cwd=shop)
        passed = autogen(*words, "--test", TRIAL.format(python=sys.executable), cwd=shop)
        failed = autogen(*words, "--test", "false", "--repair", "0", cwd=shop)
        assert server.received == 2
    assert (passed.json["cached"], passed.json["checks"][-1]["status"]) == (True, "pass")
    assert (failed.code, failed.json["cached"]) == (6, False)


@pytest.mark.parametrize(("limit", "code", "sent"), [("0.000001", 7, 0), ("10", 0, 1)])
def test_what_may_cost_more_than_allowed_is_not_sent(
    shop: Path, autogen: RunAutogen, limit: str, code: int, sent: int
) -> None:
    with FakeServer([ANSWER]) as server:
        words = with_server(server)
        ran = autogen(*words, "--model", "gpt-4o", "--max-cost", limit, cwd=shop)
        assert (ran.code, server.received) == (code, sent)


def test_a_price_that_nobody_knows_holds_no_limit(shop: Path, autogen: RunAutogen) -> None:
    with FakeServer([ANSWER]) as server:
        ran = autogen(*with_server(server), "--max-cost", "10", cwd=shop)
        assert (ran.code, server.received) == (7, 0)
    assert "the price of the request is unknown" in ran.err


def test_a_repair_that_could_exceed_the_budget_is_not_sent(shop: Path, home: Path, autogen: RunAutogen) -> None:
    settings = home / "autogen" / "config.toml"
    settings.parent.mkdir()
    settings.write_text(
        "[openai]\nmax_output_tokens = 1000\n[prices.m]\ninput = 0\noutput = 1000\n[budget]\nper_run = 1.001\n"
    )
    with FakeServer([MISFIT]) as server:
        ran = autogen(*with_server(server), "--repair", "5", cwd=shop)
        assert (ran.code, ran.json["status"], server.received) == (6, "rejected", 1)


def test_answers_are_recorded_and_replayed(shop: Path, tmp_path: Path, autogen: RunAutogen) -> None:
    cassette = str(tmp_path / "answers.jsonl")
    with FakeServer([ANSWER]) as server:
        recorded = autogen(*with_server(server), "--record", cassette, cwd=shop)
    replayed = autogen("generate", "shop.money", "total", "--replay", cassette, "--json", cwd=shop)
    assert (recorded.code, replayed.code) == (0, 0)
    assert (replayed.json["provider"], replayed.json["code"]) == ("replay", recorded.json["code"])
    assert autogen("generate", "shop.money", "total", "--provider", "replay", cwd=shop).code == 3


def test_offline_is_a_cached_answer_or_exit_code_5(shop: Path, autogen: RunAutogen) -> None:
    with FakeServer([ANSWER]) as server:
        words = with_server(server)
        missed = autogen(*words, "--offline", cwd=shop)
        assert (missed.code, server.received) == (5, 0)
        autogen(*words, cwd=shop)
        assert autogen(*words, "--offline", cwd=shop).json["cached"] is True
        assert server.received == 1


def test_a_program_can_be_the_provider(shop: Path, home: Path, autogen: RunAutogen) -> None:
    (home / "answer.md").write_text(ANSWER)
    settings = home / "autogen" / "config.toml"
    settings.parent.mkdir()
    settings.write_text(f'[command]\nargv = ["sh", "-c", "cat > /dev/null; cat {home}/answer.md"]\n')
    ran = autogen("generate", "shop.money", "total", "--json", cwd=shop)
    assert (ran.code, ran.json["provider"], ran.json["status"]) == (0, "command", "accepted")


def test_codegen_is_asked_where_its_token_is(shop: Path, autogen: RunAutogen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEGEN_API_TOKEN", "token-1234567890")
    ran = autogen("generate", "shop.money", "total", cwd=shop)
    assert ran.code == 3
    assert "CODEGEN_ORG_ID" in ran.err


def test_an_encrypted_cache_serves_and_shows_nothing(
    shop: Path, home: Path, server: FakeServer, autogen: RunAutogen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOGEN_CACHE_ENCRYPT", "true")
    autogen("generate", "shop.money", "total", cwd=shop)
    assert autogen("cache", "rekey", "--json", cwd=shop).json["sealed"] >= 2
    assert autogen("generate", "shop.money", "total", "--json", cwd=shop).json["cached"] is True
    stored = b"".join(path.read_bytes() for path in (home / "autogen").rglob("*.db*"))
    assert b"The sum of" not in stored
    monkeypatch.setenv("AUTOGEN_CACHE_ENCRYPT", "false")
    refused = autogen("generate", "shop.money", "total", cwd=shop)
    assert refused.code == 4
    assert "is encrypted" in refused.err
    assert autogen("cache", "rekey", cwd=shop).code == 3


def test_a_redis_that_is_down_is_said_and_passed_over(
    shop: Path, server: FakeServer, autogen: RunAutogen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOGEN_CACHE_REDIS_URL", "redis://127.0.0.1:1/0")
    ran = autogen("generate", "shop.money", "total", cwd=shop)
    assert ran.code == 0
    assert "the redis cache is passed over" in ran.err


@pytest.mark.parametrize(
    "words",
    [("--write", "--dry-run"), ("--offline", "--no-cache"), ("--offline", "--refresh")],
)
def test_options_that_contradict_each_other_are_named(shop: Path, autogen: RunAutogen, words: tuple[str, ...]) -> None:
    ran = autogen("generate", "shop.money", "total", *words, cwd=shop)
    assert ran.code == 2
    assert ran.err.startswith(f"error: {words[0]} and {words[1]} contradict each other")


def test_a_cassette_that_cannot_be_written_costs_nothing(shop: Path, autogen: RunAutogen) -> None:
    with FakeServer([ANSWER]) as server:
        ran = autogen(*with_server(server), "--record", "/dev/null/x", cwd=shop)
        assert (ran.code, server.received) == (2, 0)


@pytest.mark.parametrize("reason", ["content_filter", "refusal"])
def test_an_answer_that_was_withheld_is_rejected(shop: Path, autogen: RunAutogen, reason: str) -> None:
    with FakeServer([ANSWER], finish_reason=reason) as server:
        ran = autogen(*with_server(server), "--repair", "0", cwd=shop)
    assert (ran.code, ran.json["status"]) == (6, "rejected")


def test_an_empty_module_is_there_to_be_filled(shop: Path, autogen: RunAutogen) -> None:
    (shop / "shop" / "later.py").write_text("")
    (shop / "shop" / "user.py").write_text("from shop.later import render\n\nrender(1)\n")
    ran = autogen("generate", "shop.later", "--json", cwd=shop)
    assert (ran.code, ran.json["kind"]) == (0, "module")
    assert "def render(" in ran.json["code"]


def test_a_module_name_without_end_is_refused(shop: Path, autogen: RunAutogen) -> None:
    assert autogen("generate", "a." * 400 + "b", "x", cwd=shop).code == 9


def test_a_check_can_be_switched_off(shop: Path, autogen: RunAutogen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGEN_CHECKS_CALL_SITES", "false")
    with FakeServer([MISFIT]) as server:
        ran = autogen(*with_server(server), "--repair", "0", cwd=shop)
    assert ran.code == 0
    assert {check["name"]: check["status"] for check in ran.json["checks"]}["call_sites"] == "skipped"


@pytest.mark.parametrize(
    ("words", "doubt"),
    [
        (("shop.money", "cent"), "nothing in the project uses shop.money.cent, so no call tells"),
        (("shop.nowhere", "thing"), "nothing in the project uses shop.nowhere.thing"),
        (("shop.money", "cent", "-d", "a cent's weight"), None),
        (("shop.money", "total"), None),
    ],
)
def test_a_name_that_nothing_uses_is_doubted(
    words: tuple[str, ...], doubt: str | None, shop: Path, autogen: RunAutogen
) -> None:
    ran = autogen("generate", *words, cwd=shop)
    assert ran.code == 0
    assert doubt in ran.err if doubt else "nothing in the project uses" not in ran.err
