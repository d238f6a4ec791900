"""What the parts of the bridge hand to each other: a message comes in, commands are read from it, each becomes a job,
and each job ends with one reply.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

type PlatformName = Literal["github", "slack", "linear"]
PLATFORMS: tuple[PlatformName, ...] = ("github", "slack", "linear")

type Headers = Sequence[tuple[bytes, bytes]]
"""Of a request, with their names in lower case, as ASGI has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a reply goes. tenant: `owner/name` on GitHub, the workspace's id on Slack, the organisation's on Linear.

    channel: the number of an issue or pull request, a channel's id, an issue's id. thread: what is replied to there: a
    review comment's id, the `ts` of a thread, a comment's id; empty for the channel itself.
    """

    platform: PlatformName
    tenant: str
    channel: str
    thread: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A text that somebody has just written, from a body whose signature was right.

    key: made of ids in that body, the same for each delivery: `gh:{repo}:{comment}`, `sl:{team}:{channel}:{ts}`,
    `li:{org}:{comment}`. principal: as in the roles. source: whose code it is about, a key of `bridge.repositories`:
    `github:owner/name`, `slack:TEAM/CHANNEL`, `linear:ORG/TEAM`. text: without the escapes of the platform.
    """

    key: str
    principal: str
    source: str
    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a platform is told at once; nobody wrote anything. body: JSON."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Ignored:
    """A delivery that is none of autogen's business, and why."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One line that asks for something. module, symbol: empty for `usage`, symbol for a whole module."""

    action: Literal["generate", "context", "usage"]
    module: str = ""
    symbol: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A line that is meant for autogen and can't be followed. advice: what to write in its place."""

    line: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One command of a message. key: the message's, `/` and the command's number in it, from 0."""

    key: str
    principal: str
    source: str
    place: Place
    asked: Command | Mistake


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A reply as its platform wants it. file: a code that is too long for the text, `file_name` what it is called."""

    text: str
    file: str = ""
    file_name: str = ""
