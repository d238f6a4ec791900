"""How a text looks on each platform, so that what others wrote (a model, a user, an error) stays text there: it can't
leave its block, ping anybody, link, or refer to an issue.

GitHub's Markdown and Linear's are CommonMark: a fence is longer than any run of backticks inside it. Slack has but one
fence; what holds that one, or is long, becomes a file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from autogen_cli.bridge.models import PlatformName

HEAD_ROOM = 1_800  # units of what stands above a block
BREAK = "\u200b"  # has no width; `@name` with it inside is no mention
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_REFERENCES = re.compile(r"(?<=[@#])|(?=://)|(?<=www)(?=\.)|(?<=\w)(?=-\d)", re.IGNORECASE)
_MARKS = re.compile(r"[!#$&()*+.<=>\[\\\]^_`{|}~-]")
_BACKTICKS = re.compile("`+")
_SPAN = re.compile("`([^`]+)`")
_FOLD_END = re.compile(r"^[ \t]*\+\+\+", re.MULTILINE)


class Markup(Protocol):
    """Texts of others go through `prose`, `code` or `block`, and are given without anything unseen (`visible`).

    limit: UTF-16 units of a whole text.
    """

    @property
    def limit(self) -> int: ...

    @property
    def bullet(self) -> str: ...

    def bold(self, text: str) -> str:
        """Words of ours."""

    def prose(self, text: str) -> str:
        """A line; what stands between two backticks is code."""

    def code(self, text: str) -> str:
        """A name or the like within a line."""

    def fits(self, text: str) -> bool:
        """Whether `text` may stand as a block in the open."""

    def block(self, text: str, language: str = "") -> str:
        """For a text that fits."""

    def cut(self, text: str) -> str:
        """As much of `text` as may be put aside."""

    def aside(self, title: str, text: str, language: str = "") -> tuple[str, str]:
        """For a text that doesn't fit, once cut: what stands for it, and the file to go with that, if any.

        title: words of ours.
        """


def visible(text: str) -> str:
    """`text` with Unix line ends; what doesn't print, or turns the direction of reading, is written out."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def brief(text: str, room: int) -> str:
    """One visible line of at most so many characters."""
    looked_at = text[: 50 * room]
    line = " ".join(visible(looked_at).split())
    return line if len(line) <= room and looked_at == text else f"{line[: room - 1]}…"


def units(text: str) -> int:
    """The length of `text` in UTF-16, which is the most that any platform counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def shortened(text: str, room: int) -> str:
    """The first whole lines of `text` in so many units; of a first line that is longer, its beginning."""
    size, end = 0, 0
    for line in text.splitlines(keepends=True):
        size += units(line)
        if size > room:
            return text[:end] or text[: max(0, room) // 2]  # a character takes two units at most
        end += len(line)
    return text


@dataclass(frozen=True, slots=True)
class Markdown:
    """CommonMark of GitHub or Linear; they differ in how a block is folded."""

    platform: PlatformName
    limit: int
    bullet = "-"

    def bold(self, text: str) -> str:
        return f"**{text}**"

    def prose(self, text: str) -> str:
        """Every mark is escaped; mentions and references, which are looked for after that, are broken as well."""
        pieces = _SPAN.split(text)
        return "".join(self.code(piece) if at % 2 else _escaped(piece) for at, piece in enumerate(pieces))

    def code(self, text: str) -> str:
        marks = "`" * (_longest_run(text) + 1)
        space = " " if text[:1] in {"", "`", " "} or text[-1] in "` " else ""
        return f"{marks}{space}{text}{space}{marks}"

    def fits(self, text: str) -> bool:
        return text.count("\n") < 60 and len(text) <= 4_000

    def cut(self, text: str) -> str:
        """A third is left of what is nothing but backticks: each of its fences is as long as itself."""
        room = self.limit - HEAD_ROOM - 500
        return shortened(text, max(room - 2 * _longest_run(text), room // 3))

    def block(self, text: str, language: str = "") -> str:
        fence = "`" * max(3, _longest_run(text) + 1)
        return f"{fence}{language}\n{text.rstrip('\n')}\n{fence}"

    def aside(self, title: str, text: str, language: str = "") -> tuple[str, str]:
        block = self.block(text, language)
        if self.platform == "github":
            return f"<details><summary>{title}</summary>\n\n{block}\n\n</details>", ""
        if _FOLD_END.search(text):
            return block, ""  # a line of the code would close the section, in the midst of the block
        return f"+++ {title}\n\n{block}\n\n+++", ""


@dataclass(frozen=True, slots=True)
class Mrkdwn:
    """Slack's own. Of what it marks up, only `<...>` does anything; it is written with entities."""

    limit: int = 3_900  # a longer message is cut into several, through the midst of a block
    bullet = "•"

    def bold(self, text: str) -> str:
        return f"*{text}*"

    def prose(self, text: str) -> str:
        pieces = _SPAN.split(text)
        return "".join(self.code(piece) if at % 2 else _plain(piece) for at, piece in enumerate(pieces))

    def code(self, text: str) -> str:
        return f"`{_entities(text.replace('`', "'")) or ' '}`"

    def fits(self, text: str) -> bool:
        return "```" not in text and text.count("\n") < 40 and units(_entities(text)) <= 2_000

    def block(self, text: str, language: str = "") -> str:
        return f"```\n{_entities(text.rstrip('\n'))}\n```"

    def cut(self, text: str) -> str:
        return shortened(text, 1_000_000)

    def aside(self, title: str, text: str, language: str = "") -> tuple[str, str]:
        return f"In the file: {title}.", text


MARKUPS: Mapping[PlatformName, Markup] = {
    "github": Markdown("github", 65_536 - 100),  # leaves room for the marker
    "linear": Markdown("linear", 40_000),  # no limit is documented
    "slack": Mrkdwn(),
}


def _broken(text: str) -> str:
    return _REFERENCES.sub(BREAK, text)


def _escaped(text: str) -> str:
    return _MARKS.sub(r"\\\g<0>", _broken(text))


def _plain(text: str) -> str:
    return _entities(_broken(text).replace("`", "'"))


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _longest_run(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0)
