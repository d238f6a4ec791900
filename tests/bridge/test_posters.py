"""Posters against servers that speak the platforms' wire formats, and fail in all their ways."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from autogen_cli.bridge.fake import (
    OWN,
    STRANGER,
    FakePlatforms,
    Fault,
    Faults,
    Posted,
    github_message,
    linear_error,
    slack_error,
)
from autogen_cli.bridge.github_api import GitHubPoster, marker
from autogen_cli.bridge.linear_api import LinearPoster
from autogen_cli.bridge.linear_ids import comment_id_of
from autogen_cli.bridge.models import Place, PlatformName, Reply
from autogen_cli.bridge.posting import MaybePosted, Poster, PostError
from autogen_cli.bridge.slack_api import NO_FILE, SlackPoster
from autogen_cli.providers.fake import Reply as Answer
from autogen_cli.providers.fake import faults

NOW = 1_800_000_000.0
KEY = "gh:1:2/0"
REPLY = Reply(text="**accepted** · `pkg.f`")
WITH_FILE = Reply(text="In the file: 90 lines.", file="x = 1\n# ü\n" * 45, file_name="f.py")
PLACES: dict[PlatformName, Place] = {
    "github": Place(platform="github", tenant="octo-org/shop", channel="7"),
    "slack": Place(platform="slack", tenant="T1", channel="C1", thread="1767225600.000001"),
    "linear": Place(platform="linear", tenant="org", channel="issue-1", thread="comment-1"),
}
TOKENS: dict[PlatformName, str] = {
    "github": "ghp_fake",
    "slack": "xoxb-fake",
    "linear": "lin_api_fake",
}
PLATFORMS = sorted(PLACES)
CUT = Fault(faults.reset())
STORED_AND_CUT = Fault(faults.reset(), stored=True)


@dataclass
class Stand:
    fake: FakePlatforms
    poster: Poster
    place: Place

    async def post(self, *, attempted: bool = False, key: str = KEY, reply: Reply = REPLY) -> str:
        return await self.poster.post(self.place, reply, key, attempted=attempted)


@asynccontextmanager
async def stand(
    platform: PlatformName, faults: Faults = (), *, token: str | None = None, seconds: float = 30.0, app: bool = False
) -> AsyncIterator[Stand]:
    kinds = {"github": GitHubPoster, "slack": SlackPoster, "linear": LinearPoster}
    async with FakePlatforms(faults=faults, app=app, page_size=2) as fake:
        url = {"github": fake.github_url, "slack": fake.slack_url, "linear": fake.linear_url}[platform]
        poster = kinds[platform](url, token or TOKENS[platform], timeout=seconds, clock=lambda: NOW)
        try:
            yield Stand(fake, poster, PLACES[platform])
        finally:
            await poster.close()


@pytest.mark.parametrize("thread", [True, False])
@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_reply_stands_where_the_question_was(platform: PlatformName, thread: bool) -> None:
    async with stand(platform) as at:
        at.place = at.place if thread else replace(at.place, thread="")
        address = await at.post()
        (posted,) = at.fake.posted
        assert (posted.place.channel, posted.place.thread) == (at.place.channel, at.place.thread)
        assert posted.text.startswith(REPLY.text)
        assert posted.id in address or posted.id[:8] in address
        assert not posted.file


async def test_a_question_in_a_review_is_answered_in_its_thread() -> None:
    async with stand("github", [STORED_AND_CUT]) as at:
        at.place = replace(at.place, thread="55")
        with pytest.raises(PostError):
            await at.post()
        await at.post(attempted=True)
        assert [posted.place.thread for posted in at.fake.posted] == ["55"]


async def test_a_file_is_shared_with_the_words_that_go_with_it() -> None:
    async with stand("slack") as at:
        address = await at.post(reply=WITH_FILE)
        (posted,) = at.fake.posted
        assert posted == Posted(
            place=replace(at.place, tenant=""), id=address, text=WITH_FILE.text, file=WITH_FILE.file, file_name="f.py"
        )
        (upload,) = [request for request in at.fake.requests if "/upload/" in request.path]
        assert "authorization" not in upload.headers


@dataclass(frozen=True)
class Case:
    """What a fault at the post means. posted: whether the platform has it; doubt: whether it may, as far as we know."""

    fault: Fault
    posted: bool = False
    doubt: bool = True
    wait: float | None = None


CASES = {
    "cut before": Case(CUT),
    "cut after": Case(STORED_AND_CUT, posted=True),
    "cut in the answer": Case(Fault(faults.truncated(), stored=True), posted=True),
    "silence": Case(Fault(faults.hang(), stored=True), posted=True),
    "500": Case(Fault(faults.status(500))),
    "502 but done": Case(Fault(faults.html(502), stored=True), posted=True),
    "503 with a pause": Case(Fault(faults.status(503, headers={"retry-after": "9"})), wait=9),
    "429": Case(Fault(faults.status(429, headers={"retry-after": "7"})), doubt=False, wait=7),
    "429 without a pause": Case(Fault(faults.status(429)), doubt=False, wait=60),
    "page": Case(Fault(faults.html(200), stored=True), posted=True),
    "half a document": Case(Fault(faults.cut_json(), stored=True), posted=True),
    "wrong types": Case(Fault(faults.wrong_types(), stored=True), posted=True),
    "no body": Case(Fault(faults.empty(), stored=True), posted=True),
    "no end": Case(Fault(faults.huge(17), stored=True), posted=True),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_fault_neither_loses_nor_doubles_a_reply(platform: PlatformName, name: str) -> None:
    case = CASES[name]
    async with stand(platform, [case.fault], seconds=0.3 if name == "silence" else 30.0) as at:
        with pytest.raises(PostError) as caught:
            await at.post()
        error = caught.value
        assert (error.final, error.maybe_posted, error.retry_after) == (False, case.doubt, case.wait)
        assert len(at.fake.posted) == case.posted
        if platform == "slack" and error.maybe_posted:
            with pytest.raises(MaybePosted) as refused:
                await at.post(attempted=True)
            assert refused.value.final
            assert len(at.fake.posted) == case.posted
        else:
            await at.post(attempted=error.maybe_posted)
            assert len(at.fake.posted) == 1


FINAL = {
    "401": faults.status(401),
    "403": faults.status(403),
    "404": faults.status(404),
    "moved": faults.redirect("http://127.0.0.1:1/elsewhere", 301),
}


@pytest.mark.parametrize("name", FINAL)
@pytest.mark.parametrize("platform", PLATFORMS)
async def test_what_no_further_attempt_can_mend_is_final(platform: PlatformName, name: str) -> None:
    async with stand(platform, [Fault(FINAL[name])]) as at:
        with pytest.raises(PostError) as caught:
            await at.post()
        assert (caught.value.final, caught.value.maybe_posted) == (True, False)
        assert at.fake.posted == []


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_server_that_is_down_has_posted_nothing(platform: PlatformName) -> None:
    async with stand(platform) as at:
        await at.fake.__aexit__()
        with pytest.raises(PostError) as caught:
            await at.post()
        assert (caught.value.final, caught.value.maybe_posted) == (False, False)
        await at.fake.__aenter__()
        await at.post()


SPENT = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 90)}
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
LIMITS: list[tuple[PlatformName, Answer, float]] = [
    ("github", github_message(403, "API rate limit exceeded for user ID 1.", headers=SPENT), 90),
    ("github", github_message(403, SECONDARY, headers={"retry-after": "30"}), 30),
    ("github", github_message(403, SECONDARY), 60),
    ("slack", slack_error("ratelimited", status=429, headers={"retry-after": "12"}), 12),
    ("linear", linear_error("RATELIMITED", "Rate limit exceeded", "Slow down.", status=400), 60),
    (
        "linear",
        linear_error(
            "RATELIMITED", "Rate limit exceeded", "Slow down.", status=400,
            headers={
                "x-ratelimit-complexity-reset": str(int(NOW - 5) * 1000),
                "x-ratelimit-requests-reset": str(int(NOW + 40) * 1000),
            },
        ),
        40,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("platform", "answer", "wait"), LIMITS)
async def test_a_limit_says_when_to_come_back(platform: PlatformName, answer: Answer, wait: float) -> None:
    async with stand(platform, [Fault(answer)]) as at:
        with pytest.raises(PostError) as caught:
            await at.post()
        assert (caught.value.final, caught.value.maybe_posted, caught.value.retry_after) == (False, False, wait)


@pytest.mark.parametrize(
    ("platform", "answer", "final", "doubt"),
    [
        ("slack", slack_error("channel_not_found"), True, False),
        ("slack", slack_error("not_in_channel"), True, False),
        ("slack", slack_error("missing_scope"), True, False),
        ("slack", slack_error("fatal_error"), False, True),
        ("slack", slack_error("service_unavailable"), False, False),
        ("linear", linear_error("INPUT_ERROR", "Entity not found: Issue", "Could not find issue."), True, False),
        ("linear", linear_error("INTERNAL_SERVER_ERROR", "oops", "Something went wrong."), False, True),
        ("linear", linear_error("INPUT_ERROR", "conflict on insert of Comment", "Entity x exists."), True, False),
        ("linear", linear_error("INPUT_ERROR", "bad id", f"{comment_id_of(KEY)} is no id."), True, False),
        ("linear", Answer.of_json({"errors": "many"}), True, False),
        ("linear", Answer.of_json({"data": {"commentCreate": {"success": False}}}), False, True),
    ],
)
async def test_an_error_inside_a_success_is_judged_by_its_code(
    platform: PlatformName, answer: Answer, final: bool, doubt: bool
) -> None:
    async with stand(platform, [Fault(answer)]) as at:
        with pytest.raises(PostError) as caught:
            await at.post()
        assert (caught.value.final, caught.value.maybe_posted) == (final, doubt)


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        (0, CUT),
        (0, STORED_AND_CUT),
        (0, Fault(faults.status(500))),
        (0, Fault(faults.html(200))),
        (1, CUT),
        (1, STORED_AND_CUT),
        (1, Fault(faults.status(500))),
        (1, Fault(faults.status(400))),
    ],
)
async def test_before_its_last_step_a_file_is_seen_by_nobody(step: int, fault: Fault) -> None:
    async with stand("slack", [*[None] * step, fault]) as at:
        with pytest.raises(PostError) as caught:
            await at.post(reply=WITH_FILE)
        assert (caught.value.final, caught.value.maybe_posted) == (False, False)
        assert at.fake.posted == []
        await at.post(reply=WITH_FILE)
        assert len(at.fake.posted) == 1


@pytest.mark.parametrize("step", [0, 1, 2])
async def test_where_no_file_is_taken_the_words_still_come(step: int, caplog: pytest.LogCaptureFixture) -> None:
    refusal = Fault(faults.redirect("/elsewhere") if step == 1 else slack_error("missing_scope"))
    async with stand("slack", [*[None] * step, refusal]) as at:
        await at.post(reply=WITH_FILE)
        (posted,) = at.fake.posted
        assert posted.text == f"{WITH_FILE.text}\n\n{NO_FILE}"
        assert posted.place.thread == at.place.thread
        assert ("missing_scope" in caplog.text) is (step != 1)


async def test_a_channel_that_takes_nothing_is_final_for_a_file_too() -> None:
    async with stand("slack", lambda _received: Fault(slack_error("not_in_channel"))) as at:
        with pytest.raises(PostError) as caught:
            await at.post(reply=WITH_FILE)
        assert (caught.value.final, caught.value.maybe_posted) == (True, False)


async def test_a_file_whose_last_step_is_in_doubt_is_not_shared_again() -> None:
    async with stand("slack", [None, None, STORED_AND_CUT]) as at:
        with pytest.raises(PostError) as caught:
            await at.post(reply=WITH_FILE)
        assert caught.value.maybe_posted


def comment(at: Stand, number: int, text: str, author: int = STRANGER) -> Posted:
    return Posted(place=at.place, id=str(number), text=text, author=author)


@pytest.mark.parametrize("app", [False, True], ids=["user", "app"])
async def test_a_mark_is_found_on_the_last_page(app: bool) -> None:
    async with stand("github", app=app) as at:
        at.fake.posted += [comment(at, 900 + number, "chatter") for number in range(5)]
        first = await at.post()
        at.fake.posted += [comment(at, 910 + number, "more") for number in range(3)]
        assert await at.post(attempted=True) == first
        assert await at.post(attempted=True, key="gh:1:3/0") != first
        assert [posted.author for posted in at.fake.posted].count(OWN) == 2


@pytest.mark.parametrize("app", [False, True], ids=["user", "app"])
async def test_the_mark_of_somebody_else_stops_nothing(app: bool) -> None:
    async with stand("github", app=app) as at:
        at.fake.posted.append(comment(at, 900, f"I was here first\n\n{marker(KEY)}"))
        await at.post(attempted=True)
        assert [posted.author for posted in at.fake.posted] == [STRANGER, OWN]


async def test_a_mark_inside_of_a_reply_is_not_the_reply_s() -> None:
    """A model can be talked into writing the mark of another job."""
    async with stand("github") as at:
        await at.post(key="gh:1:1/0", reply=Reply(text=f"```\n{marker(KEY)}\n```"))
        await at.post(attempted=True)
        assert len(at.fake.posted) == 2


@pytest.mark.parametrize(
    "answer", [Answer.of_json({"login": "autogen"}), Answer.of_json([]), faults.html(200), faults.status(500)]
)
async def test_without_knowing_who_we_are_nothing_is_posted_again(answer: Answer) -> None:
    async with stand("github", [Fault(answer)]) as at:
        with pytest.raises(PostError) as caught:
            await at.post(attempted=True)
        assert (caught.value.final, at.fake.posted) == (False, [])


async def test_a_limit_at_the_first_question_doesn_t_make_us_an_app() -> None:
    async with stand("github", [Fault(github_message(403, SECONDARY))]) as at:
        with pytest.raises(PostError) as caught:
            await at.post(attempted=True)
        assert caught.value.retry_after == 60
        at.fake.posted.append(comment(at, 900, marker(KEY)))
        await at.post(attempted=True)
        assert len(at.fake.posted) == 2


async def test_an_answer_without_end_is_left() -> None:
    async with stand("github", [Fault(faults.huge(17))]) as at:
        with pytest.raises(PostError, match="gave no full answer"):
            await at.post()


@pytest.mark.parametrize("answer", [faults.html(200), faults.wrong_types(), faults.status(502)])
async def test_without_the_whole_list_nothing_is_posted_again(answer: Answer) -> None:
    async with stand("github", [None, Fault(answer)]) as at:
        with pytest.raises(PostError) as caught:
            await at.post(attempted=True)
        assert (caught.value.final, at.fake.posted) == (False, [])


async def test_the_token_follows_no_page_to_another_host() -> None:
    elsewhere = {"link": '<http://127.0.0.1:1/repos?page=2>; rel="next"'}
    async with stand("github", [None, Fault(Answer.of_json([], headers=elsewhere))]) as at:
        await at.post(attempted=True)
        assert len(at.fake.posted) == 1


async def test_linear_takes_a_comment_once() -> None:
    async with stand("linear") as at:
        await at.post()
        assert await at.post() == comment_id_of(KEY)
        assert len(at.fake.posted) == 1


async def test_an_oauth_token_is_a_bearer() -> None:
    async with FakePlatforms(linear_token="lin_oauth_1") as fake:
        poster = LinearPoster(fake.linear_url, "lin_oauth_1")
        await poster.post(PLACES["linear"], REPLY, KEY, attempted=False)
        await poster.close()
        assert fake.requests[0].headers["authorization"] == "Bearer lin_oauth_1"


async def test_slack_pings_nobody_even_if_asked_to() -> None:
    async with stand("slack") as at:
        await at.post()
        sent = at.fake.requests[0].json()
        assert (sent["parse"], sent["link_names"], sent["unfurl_links"]) == ("none", False, False)


ECHOES: list[Callable[[str], Answer]] = [
    lambda token: faults.status(500, f"token {token} is bad"),
    lambda token: faults.status(403, token),
    slack_error,
    lambda token: linear_error("FORBIDDEN", token, f"No entry with {token}."),
    lambda token: faults.redirect(f"http://127.0.0.1:1/?token={token}"),
]


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("platform", PLATFORMS)
async def test_no_error_and_no_log_holds_the_token(
    platform: PlatformName, echo: Callable[[str], Answer], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with stand(platform, [Fault(echo(TOKENS[platform]))]) as at:
        with pytest.raises(PostError) as caught:
            await at.post()
        said = f"{caught.value!r} {caught.value} {caught.value.__cause__!r} {caplog.text}"
        assert TOKENS[platform] not in said


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_wrong_token_is_final(platform: PlatformName) -> None:
    async with stand(platform, token="wrong") as at:
        with pytest.raises(PostError) as caught:
            await at.post()
        assert (caught.value.final, caught.value.maybe_posted) == (True, False)


async def test_an_address_that_is_none_is_a_clear_error() -> None:
    poster = GitHubPoster("nowhere", "t")
    with pytest.raises(PostError, match="GitHub at nowhere can't be reached"):
        await poster.post(PLACES["github"], REPLY, KEY, attempted=False)
    await poster.close()
    await poster.close()
