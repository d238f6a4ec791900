"""What stands in an issue, a channel or a ticket: read with a CommonMark parser, as two of the platforms do."""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from autogen_cli.bridge.markup import MARKUPS, units, visible
from autogen_cli.bridge.models import Command, Job, Mistake, Place, PlatformName, Reply
from autogen_cli.bridge.replies import Answered, Failed, Outcome, QuotaReached, Shown, Used, public, render
from autogen_cli.models import (
    CheckResult,
    CodeContext,
    ContextItem,
    ContextSummary,
    GeneratedCode,
    Hop,
    ResultStatus,
    Target,
    Usage,
    UsageEvent,
)
from autogen_cli.usage.report import UsageReport

PLATFORMS: list[PlatformName] = ["github", "linear", "slack"]
ASKED = Command(action="generate", module="billing.tax", symbol="split_tax")
NASTY = [
    "```", "````", "~~~", "</details>", "<details>", "<!channel>", "<@U1>", "@octocat", "@org/team", "a@b.example",
    "+++", "GH-1", "www.evil.example", "https://evil.example/x", "octo/shop#1", "#12", "ENG-7", "<!-- autogen:0 -->",
    "&lt;", "&", "- ", "1. ", "# ", "> ", "[x](https://e.example)", "![x](y)", "**", "_", "|", "$", "\\", "`", "<b>",
    "\n", "\r", "\n\n", "    ", "\t", "\x00", "\u202e", "\ud800", "\u2028", "\x85", "😀", "/home/me/shop/a.py",
    "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789",
]  # fmt: skip
texts = st.lists(st.sampled_from(NASTY) | st.text(max_size=12), max_size=12).map("".join)


def job(asked: Command | Mistake = ASKED) -> Job:
    place = Place(platform="github", tenant="octo/shop", channel="7")
    return Job(key="gh:1:2/0", principal="github:1", source="github:octo/shop", place=place, asked=asked)


def generated(code: str, *checks: CheckResult, status: ResultStatus = "accepted", **more: Any) -> GeneratedCode:
    usage = Usage(input_tokens=1_024, output_tokens=210, cost_usd=Decimal("0.0123"), cost_source="computed")
    facts: dict[str, Any] = {
        "request_id": "r1",
        "module": "billing.tax",
        "symbol": "split_tax",
        "kind": "function",
        "path": "billing/tax.py",
        "provider": "openai",
        "model": "gpt",
        "usage": usage,
        "context": ContextSummary(tokens=1, budget=2),
    }
    return GeneratedCode(code=code, status=status, checks=checks, **facts | more)


def context(text: str) -> CodeContext:
    root = Path("/shop")
    target = Target(
        root=root,
        source_root=root,
        module="billing.tax",
        path=root / "billing/tax.py",
        symbol="split_tax",
        kind="function",
        module_exists=True,
        symbol_exists=False,
    )
    item = ContextItem(kind="call_site", path="a.py", line=3, symbol="f", tokens=9, reason="calls it")
    return CodeContext(target=target, text=text, tokens=1_204, budget=6_000, items=(item,), omitted=(item, item))


def report(*modules: str) -> UsageReport:
    events = [
        UsageEvent(
            time=1_795_000_000.0 + number,
            command="bridge",
            module=module,
            symbol="f",
            provider="openai",
            model="gpt",
            outcome="accepted",
            input_tokens=9_000,
            output_tokens=900,
            cost_usd=None if number == 1 else Decimal("0.25"),
            cost_source="computed",
        )
        for number, module in enumerate(modules)
    ]
    return UsageReport.build(events, by=("module",))


CODE = "def split_tax(amount: int) -> int:\n    return amount // 5 & 1\n"
PASSES = [CheckResult(name=name, status="pass") for name in ("syntax", "imports", "call_sites")]
FENCED = CODE.replace("return", '"""Like ```python```."""\n    return')
LONG = "".join(f"LINE_{number} = {number}\n" for number in range(100))


GOLDEN: list[tuple[PlatformName, Outcome, str]] = [
    (
        "github",
        Answered(result=generated(CODE, *PASSES)),
        (
            "**accepted** · `billing.tax.split_tax` · 3 checks passed · $0.0123, 1,234 tokens\n\n"
            "```python\ndef split_tax(amount: int) -> int:\n    return amount // 5 & 1\n```"
        ),
    ),
    (
        "slack",
        Answered(result=generated(CODE, *PASSES)),
        (
            "*accepted* · `billing.tax.split_tax` · 3 checks passed · $0.0123, 1,234 tokens\n\n"
            "```\ndef split_tax(amount: int) -&gt; int:\n    return amount // 5 &amp; 1\n```"
        ),
    ),
    (
        "linear",
        Answered(
            result=generated(
                CODE,
                PASSES[0],
                CheckResult(
                    name="lint", status="warn", detail="`total` isn't used (see /srv/shop/billing/tax.py)", line=3
                ),
                CheckResult(name="test", status="fail"),
                status="rejected",
            ),
            notes=("The code is as it was at 14:03 UTC: the repository can't be fetched",),
        ),
        (
            "**rejected** · `billing.tax.split_tax` · 1 check passed, 1 fails, 1 warns · $0.0123, 1,234 tokens\n\n"
            "- `test` fails\n"
            "- `lint` warns (line 3): `total` isn't used \\(see …/tax\\.py\\)\n"
            "- The code is as it was at 14:03 UTC: the repository can't be fetched\n\n"
            "```python\ndef split_tax(amount: int) -> int:\n    return amount // 5 & 1\n```"
        ),
    ),
    (
        "github",
        Answered(result=generated("X = 1\n", symbol=None, cached=True)),
        "**accepted** · `billing.tax` · from the cache\n\n```python\nX = 1\n```",
    ),
    (
        "github",
        Answered(result=generated("", status="scaffold", usage=Usage())),
        "**scaffold** · `billing.tax.split_tax` · no model was asked",
    ),
    (
        "github",
        Answered(
            result=generated(
                "",
                status="scaffold",
                usage=Usage(),
                hops=(Hop(provider="openai", type="timeout", message="openai at http://10.0.0.1/v1 gave no answer"),),
            )
        ),
        (
            "**scaffold** · `billing.tax.split_tax` · no model has answered\n\n"
            "- no answer of `openai`: openai at … gave no answer"
        ),
    ),
    (
        "github",
        Answered(result=generated("", usage=Usage(input_tokens=1))),
        "**accepted** · `billing.tax.split_tax` · cost unknown, 1 token",
    ),
    (
        "github",
        Shown(context=context("class Invoice: ...\n")),
        "`billing.tax.split_tax` · 1,204 of 6,000 tokens · 1 piece, 2 more don't fit\n\n```\nclass Invoice: ...\n```",
    ),
    (
        "slack",
        Used(report=report("billing.tax", "billing", "billing.tax"), window="the last 7 days"),
        (
            "Usage of the last 7 days: 3 requests, $0.5000 + 1 unpriced\n\n"
            "```\n"
            "module       requests  cached  tokens        cost\n"
            "billing             1       0   9,900  1 unpriced\n"
            "billing.tax         2       0     20k     $0.5000\n"
            "```"
        ),
    ),
    ("github", Used(report=report(), window="today"), "Usage of today: nothing was asked."),
    (
        "slack",
        Failed(reference="e-4f2a", error_type="credentials", message="openai has no key"),
        "*failed* · `autogen generate billing.tax split_tax` · openai has no key · reference `e-4f2a`",
    ),
    (
        "github",
        Failed(reference="e-4f2a", error_type="internal"),
        (
            "**failed** · `autogen generate billing.tax split_tax` · "
            "whoever runs autogen finds it in its log · reference `e-4f2a`"
        ),
    ),
    (
        "slack",
        Mistake(line="@autogen genrate <!channel>", advice="write `@autogen generate <module> <symbol>`"),
        "I can't follow `@autogen genrate &lt;!channel&gt;`: write `@autogen generate &lt;module&gt; &lt;symbol&gt;`",
    ),
    (
        "github",
        QuotaReached(limit=1_000, resets=1_795_392_000.0),
        "No more today: the limit is 1,000 requests a day, and a new day begins at 00:00 UTC.",
    ),
]


@pytest.mark.parametrize(("platform", "outcome", "text"), GOLDEN)
def test_a_reply_is_short_and_says_what_came_of_it(platform: PlatformName, outcome: Outcome, text: str) -> None:
    assert render(job(), outcome, platform=platform) == Reply(text=text)


def test_a_failed_mistake_names_no_command() -> None:
    asked = Mistake(line="@autogen", advice="write more")
    failed = render(job(asked), Failed(reference="e1", error_type="internal", message="no"), platform="slack")
    assert failed.text == "*failed* · no · reference `e1`"


LIVE = re.compile(r"[@#]\w|\w://|www\.|\w-\d", re.IGNORECASE)  # what a platform makes a mention, a link, a reference of
FOLD = re.compile(r"<details><summary>[\w ,]+</summary>\n|</details>\n?")
MARKED = {"text", "code_inline", "softbreak", "strong_open", "strong_close"}
BLOCKS = {"paragraph", "bullet_list", "list_item"}


def leaves(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        if token.type == "inline":
            yield from token.children or ()
        elif token.type.removesuffix("_open").removesuffix("_close") not in BLOCKS:
            yield token


def read_markdown(text: str) -> tuple[list[str], str]:
    """The blocks of a reply, and the text between them. Fails for whatever isn't ours to be there."""
    blocks, words = [], []
    for token in leaves(MarkdownIt("commonmark").parse(text)):
        if token.type == "fence":
            blocks.append(token.content)
        elif token.type == "html_block":
            assert FOLD.fullmatch(token.content)
        else:
            assert token.type in MARKED
            if token.type == "text":
                words.append(token.content)
    for piece in words:
        assert not LIVE.search(piece), piece
    return blocks, "".join(words)


def read_slack(text: str) -> list[str]:
    assert "<" not in text
    assert ">" not in text
    assert not re.search("&(?!amp;|lt;|gt;)", text)
    head, *blocks = re.split(r"```\n?", text)
    for prose in re.sub("`[^`]*`", "", head).split("\n"):
        assert not LIVE.search(prose), prose
    assert len(blocks) in {0, 2}
    plain = blocks[0] if blocks else ""
    return [plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")] if blocks else []


def check(platform: PlatformName, reply: Reply) -> list[str]:
    """Its blocks, of a reply that keeps to the platform's limits and does nothing there but stand."""
    reply.text.encode()
    if platform == "slack":
        assert units(reply.text) <= 4_000
        assert len(reply.file.encode()) <= 4_000_000
        return [*read_slack(reply.text), *([reply.file] if reply.file else [])]
    assert units(reply.text) + 100 <= 65_536
    assert not reply.file
    text = reply.text
    if platform == "linear" and text.count("+++ ") == 1 and re.search(r"^\+\+\+ [\w ,]+\n\n`", text, re.MULTILINE):
        head, _, folded = text.partition("+++ ")
        inside, _, tail = folded.partition("\n+++")
        assert not re.search(r"^\s*\+\+\+", tail, re.MULTILINE)
        text = f"{head}{inside.partition(chr(10))[2]}{tail}"
    return read_markdown(text)[0]


@pytest.mark.parametrize("platform", PLATFORMS)
@settings(max_examples=60)
@given(code=texts)
def test_code_stays_in_its_block_and_is_the_code(platform: PlatformName, code: str) -> None:
    blocks = check(platform, render(job(), Answered(result=generated(code)), platform=platform))
    shown = visible(code)
    assert [block.rstrip("\n") for block in blocks] == ([shown.rstrip("\n")] if shown.strip() else [])


@pytest.mark.parametrize("platform", PLATFORMS)
@settings(max_examples=40)
@given(words=texts, name=texts, lines=st.integers(0, 300), status=st.sampled_from(["fail", "warn"]))
def test_words_of_others_do_nothing_but_stand_there(
    platform: PlatformName, words: str, name: str, lines: int, status: Any
) -> None:
    finding = CheckResult(name=name, status=status, detail=words)
    facts = {"module": name, "symbol": words or None}
    result = generated("x = 1\n" * lines, *[finding] * 4, **facts)
    asked = Command(action="generate", module=name, symbol=words)
    outcomes: list[Outcome] = [
        Answered(result=result, notes=(words, name)),
        Shown(context=context(words), notes=(words,)),
        Used(report=report(words, name), window=words),
        Failed(reference=name, error_type="provider", message=words),
        Mistake(line=words, advice=name),
    ]
    for outcome in outcomes:
        assert len(check(platform, render(job(asked), outcome, platform=platform))) <= 1


SIZES = [
    "x = 1\n" * 180_000,
    "`" * 70_000,
    ("`" * 80 + "\n") * 2_000,
    "x" * 1_100_000,
    "😀" * 40_000,
    "&<>" * 30_000,
    "\x00" * 30_000,
    "+++\n" * 20_000,
    "x\n" + "\n" * 70_000 + "x",
]


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("text", SIZES, ids=lambda text: repr(text[:4]))
def test_no_size_is_too_much(platform: PlatformName, text: str) -> None:
    facts = {"module": text, "symbol": text}
    checks = [CheckResult(name=text, status="fail", detail=text)] * 9
    outcome = Answered(result=generated(text, *checks, **facts), notes=(text,) * 4)
    reply = render(job(Mistake(line=text, advice=text)), outcome, platform=platform)
    (block,) = check(platform, reply)
    assert visible(text).startswith(block.rstrip("\n"))
    whole = block.rstrip("\n") == visible(text).rstrip("\n")
    assert ("prints the whole" in reply.text) is not whole
    assert len(block) > 6_000 or text.startswith("x\n\n")
    for other in (Failed(reference=text, error_type=text, message=text), Mistake(line=text, advice=text)):
        assert check(platform, render(job(), other, platform=platform)) == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_long_code_is_put_aside_whole(platform: PlatformName) -> None:
    reply = render(job(), Answered(result=generated(LONG)), platform=platform)
    assert check(platform, reply) == [LONG]
    opening = {
        "github": "<details><summary>100 lines</summary>\n\n```python\n",
        "linear": "+++ 100 lines\n\n```python\n",
    }
    assert opening.get(platform, "In the file: 100 lines.") in reply.text
    assert reply.file_name == ("split_tax.py" if platform == "slack" else "")


def test_a_part_says_that_it_is_one() -> None:
    reply = render(job(), Answered(result=generated("x = 1\n" * 20_000)), platform="github")
    assert "<summary>the first 10,522 of 20,000 lines</summary>" in reply.text
    assert reply.text.endswith("</details>\n\n`autogen generate billing.tax split_tax` prints the whole.")


def test_more_findings_than_there_is_room_for_are_counted() -> None:
    checks = [
        CheckResult(name="call_sites", status="fail", detail=f"shop/views.py:{n} {'passes ' * 20}") for n in range(40)
    ]
    reply = render(job(), Answered(result=generated("", *checks)), platform="github")
    assert re.search(r"\n- … and \d\d more$", reply.text)


def test_linear_folds_nothing_that_would_close_the_fold() -> None:
    reply = render(job(), Answered(result=generated(LONG + "  +++ b/x.py\n")), platform="linear")
    assert not re.search(r"^\+\+\+", reply.text, re.MULTILINE)


def test_a_fence_of_slack_s_own_makes_a_file_of_short_code() -> None:
    reply = render(job(), Answered(result=generated(FENCED)), platform="slack")
    assert (reply.file, reply.file_name) == (FENCED, "split_tax.py")


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("Shop.open", "open.py"),
        ("../../etc/passwd", "_etc_passwd.py"),
        ("über", "_ber.py"),
        ("x" * 500, "x" * 80 + ".py"),
    ],
)
def test_a_file_s_name_is_plain(symbol: str, name: str) -> None:
    assert render(job(), Answered(result=generated(LONG, symbol=symbol)), platform="slack").file_name == name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("can't read /home/me/shop/billing/tax.py: gone", "can't read …/tax.py: gone"),
        ("can't read ~/shop/a.py", "can't read …/a.py"),
        (r"can't read C:\Users\me\a.py", "can't read …/a.py"),
        ("billing/tax.py:3, 1/2 and a // b", "billing/tax.py:3, 1/2 and a // b"),
        ("openai at http://10.0.0.3:8080/v1 has failed", "openai at … has failed"),
        ("can't fetch git+ssh://git@host/a.git", "can't fetch …"),
        ("Authorization: Bearer abcdefghijklmnopqrstuvwxyz012345", "Authorization: Bearer [redacted]"),
        ("a\n  b\x1b[31m", r"a b\u001b[31m"),
        ("x" * 400, "x" * 299 + "…"),
    ],
)
def test_what_comes_from_inside_is_made_fit_for_others(text: str, shown: str) -> None:
    assert public(text) == shown


def test_a_context_shows_no_key() -> None:
    shown = Shown(context=context("token = 'sk-proj-abcdefghijklmnopqrstuvwxyz0123456789'\n"))
    assert "[redacted]" in render(job(), shown, platform="github").text


def test_every_platform_has_its_markup() -> None:
    assert sorted(MARKUPS) == sorted(PLATFORMS)


def test_the_page_shows_real_replies() -> None:
    page = (Path(__file__).parents[2] / "docs" / "bridge.md").read_text()
    code = "def split_tax(amount: int) -> int:\n    return amount // 5\n"
    rejected = generated(
        code,
        PASSES[0],
        CheckResult(name="call_sites", status="fail", detail="shop/views.py:14 unpacks 2 values, the code returns 1"),
        CheckResult(name="lint", status="warn", detail="`total` isn't used", line=3),
        status="rejected",
    )
    for result in (generated(code, *PASSES), rejected):
        reply = render(job(), Answered(result=result), platform="github")
        assert f"````markdown\n{reply.text}\n````" in page
