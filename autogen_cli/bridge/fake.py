"""GitHub's REST API, Slack's Web API and Linear's GraphQL on loopback, as far as replies go, with faults on demand; and
the signatures that their webhooks carry.

It ships with the package because whoever attaches the bridge to an app wants to try it without the platforms.
"""

import hashlib
import hmac
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from autogen_cli.bridge.models import Place
from autogen_cli.providers.fake import LoopbackServer, Received, Reply

OWN, STRANGER = 1001, 2002  # ids of the user whose token it is, and of somebody else
MOST = 65_536  # characters of a comment on GitHub
_CREATE = re.compile(r"/repos/([^/]+/[^/]+)/(?:issues/(\d+)/comments|pulls/(\d+)/comments/(\d+)/replies)")
_LIST = re.compile(r"/repos/([^/]+/[^/]+)/(issues|pulls)/(\d+)/comments")

type Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """reply: sent in place of the right one. stored: what the request asks for is done all the same."""

    reply: Reply
    stored: bool = False


type Faults = Callable[[Received], Fault | None] | Sequence[Fault | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What somebody sees. id: of the comment; `CHANNEL/TS`, or the file's, on Slack. author: OWN if it came in here."""

    place: Place
    id: str
    text: str
    file: str = ""
    file_name: str = ""
    author: int = OWN


class FakePlatforms(LoopbackServer):
    """The three of them on one port, each with a token of its own; another token is refused.

    posted: everything that can be seen, oldest first; add to it what others wrote. faults: one for each request, None
    for none, or a function that picks. app: GitHub's token is of an app's installation, which has no user. page_size:
    comments that GitHub lists at a time, whatever it is asked for.
    """

    def __init__(
        self,
        *,
        faults: Faults = (),
        github_token: str = "ghp_fake",  # noqa: S107 - opens nothing
        slack_token: str = "xoxb-fake",  # noqa: S107 - opens nothing
        linear_token: str = "lin_api_fake",  # noqa: S107 - opens nothing
        app: bool = False,
        page_size: int = 100,
        port: int = 0,
        log_size: int = 10_000,
    ) -> None:
        super().__init__(port=port, log_size=log_size)
        self.posted: list[Posted] = []
        self._tokens = {
            "github": f"Bearer {github_token}",
            "slack": f"Bearer {slack_token}",
            "linear": linear_token if linear_token.startswith("lin_api_") else f"Bearer {linear_token}",
        }
        remaining = iter(()) if callable(faults) else iter(faults)
        self._fault_for = faults if callable(faults) else lambda _received: next(remaining, None)
        self._app = app
        self._page_size = page_size
        self._numbers = itertools.count(1)
        self._uploads: dict[str, tuple[str, str]] = {}

    @property
    def github_url(self) -> str:
        return f"{self.base_url}/github"

    @property
    def slack_url(self) -> str:
        return f"{self.base_url}/slack/api"

    @property
    def linear_url(self) -> str:
        return f"{self.base_url}/linear/graphql"

    async def respond(self, received: Received) -> Reply:
        fault = self._fault_for(received)
        if fault is None:
            return self._route(received)
        if fault.stored:
            self._route(received)
        return fault.reply

    def _route(self, received: Received) -> Reply:
        address = urlsplit(received.path)
        platform, _, path = address.path.removeprefix("/").partition("/")
        if path.startswith("upload/"):  # the address is the permission
            file_id = path.rpartition("/")[2]
            self._uploads[file_id] = self._uploads[file_id][0], received.body.decode()
            return Reply(body=f"OK - {len(received.body)}".encode())
        if received.headers.get("authorization") != self._tokens.get(platform):
            return _REFUSALS.get(platform, Reply(status=404))
        match platform:
            case "github":
                return self._github(received, f"/{path}", address.query)
            case "slack":
                return self._slack(received, path)
            case _:
                return self._linear(received.json())

    # GitHub

    def _github(self, received: Received, path: str, query: str) -> Reply:
        if path == "/user":
            return (
                github_message(403, "Resource not accessible by integration")
                if self._app
                else Reply.of_json(_user(OWN))
            )
        created, listed = _CREATE.fullmatch(path), _LIST.fullmatch(path)
        if received.method == "POST" and created:
            repository, issue, pull, thread = created.groups()
            place = Place(platform="github", tenant=unquote(repository), channel=issue or pull, thread=thread or "")
            return self._comment(place, received.json()["body"])
        if received.method == "GET" and listed:
            return self._comments(*listed.groups(), page=int(parse_qs(query).get("page", ["1"])[0]))
        return github_message(404, "Not Found")

    def _comment(self, place: Place, text: str) -> Reply:
        if len(text) > MOST:
            return github_message(
                422, "Validation Failed", errors=[{"message": f"body is too long (maximum is {MOST})"}]
            )
        posted = Posted(place=place, id=str(next(self._numbers)), text=text)
        self.posted.append(posted)
        return Reply.of_json(self._as_github(posted), status=201)

    def _comments(self, repository: str, what: str, number: str, *, page: int) -> Reply:
        found = [
            self._as_github(posted)
            for posted in self.posted
            if (posted.place.tenant, posted.place.channel) == (unquote(repository), number)
            and bool(posted.place.thread) == (what == "pulls")
        ]
        end = page * self._page_size
        following = f"{self.github_url}/repos/{repository}/{what}/{number}/comments?page={page + 1}"
        link = {"link": f'<{following}>; rel="next"'} if end < len(found) else {}
        return Reply.of_json(found[end - self._page_size : end], headers=link)

    def _as_github(self, posted: Posted) -> Record:
        own_app = self._app and posted.author == OWN
        place = posted.place
        return {
            "id": int(posted.id),
            "html_url": f"https://github.com/{place.tenant}/issues/{place.channel}#issuecomment-{posted.id}",
            "user": _user(posted.author) | ({"login": "autogen[bot]", "type": "Bot"} if own_app else {}),
            "body": posted.text,
        }

    # Slack

    def _slack(self, received: Received, path: str) -> Reply:
        match path.removeprefix("api/"):
            case "chat.postMessage":
                asked = received.json()
                ts = f"1767225600.{next(self._numbers):06d}"
                place = _slack_place(asked["channel"], asked)
                self.posted.append(Posted(place=place, id=f"{asked['channel']}/{ts}", text=asked["text"]))
                return Reply.of_json({"ok": True, "channel": asked["channel"], "ts": ts})
            case "files.getUploadURLExternal":
                fields = parse_qs(received.body.decode())
                file_id = f"F{next(self._numbers):06d}"
                self._uploads[file_id] = fields["filename"][0], ""
                upload_url = f"{self.base_url}/slack/upload/{file_id}"
                return Reply.of_json({"ok": True, "upload_url": upload_url, "file_id": file_id})
            case "files.completeUploadExternal":
                return self._share(received.json())
        return slack_error("unknown_method")

    def _share(self, asked: Record) -> Reply:
        (file,) = asked["files"]
        name, content = self._uploads[file["id"]]
        place, text = _slack_place(asked["channel_id"], asked), asked["initial_comment"]
        self.posted.append(Posted(place=place, id=file["id"], text=text, file=content, file_name=name))
        return Reply.of_json({"ok": True, "files": [file]})

    # Linear

    def _linear(self, asked: Record) -> Reply:
        wanted = asked["variables"]["input"]
        if any(posted.id == wanted["id"] for posted in self.posted):
            sentence = f"Entity Comment with id {wanted['id']} already exists."
            return linear_error("INPUT_ERROR", "conflict on insert of Comment", sentence)
        place = Place(platform="linear", tenant="", channel=wanted["issueId"], thread=wanted.get("parentId", ""))
        self.posted.append(Posted(place=place, id=wanted["id"], text=wanted["body"]))
        comment = {"id": wanted["id"], "url": f"https://linear.app/fake/issue/F-1#comment-{wanted['id'][:8]}"}
        return Reply.of_json({"data": {"commentCreate": {"success": True, "comment": comment}}})


def linear_error(
    code: str, message: str, sentence: str, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Reply:
    extensions = {"code": code, "userError": True, "userPresentableMessage": sentence}
    errors = [{"message": message, "extensions": extensions}]
    return Reply.of_json({"errors": errors, "data": None}, status=status, headers=headers)


def github_message(status: int, message: str, *, headers: Mapping[str, str] | None = None, **more: object) -> Reply:
    document = {"message": message, "documentation_url": "https://docs.github.com/rest", **more}
    return Reply.of_json(document, status=status, headers=headers)


def slack_error(error: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply.of_json({"ok": False, "error": error}, status=status, headers=headers)


_REFUSALS = {
    "github": github_message(401, "Bad credentials"),
    "slack": slack_error("invalid_auth"),
    "linear": linear_error("AUTHENTICATION_ERROR", "Authentication required", "You need to authenticate.", status=401),
}


def _user(user_id: int) -> Record:
    return {"id": user_id, "login": "autogen-bot" if user_id == OWN else "stranger", "type": "User"}


def _slack_place(channel: str, asked: Record) -> Place:
    return Place(platform="slack", tenant="", channel=channel, thread=asked.get("thread_ts", ""))


def sign_github(secret: str, body: bytes) -> dict[str, str]:
    """The header that GitHub sends along with `body`. The next two are Slack's and Linear's."""
    return {"X-Hub-Signature-256": f"sha256={_digest(secret, body)}"}


def sign_slack(secret: str, body: bytes, *, now: float) -> dict[str, str]:
    timestamp = str(int(now))
    signature = _digest(secret, b"v0:" + timestamp.encode() + b":" + body)
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={signature}"}


def sign_linear(secret: str, body: bytes) -> dict[str, str]:
    """The time is in the body: `webhookTimestamp`, milliseconds since the epoch."""
    return {"Linear-Signature": _digest(secret, body)}


def _digest(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
