"""What a message asks for: lines such as `@autogen generate shop.cart total -- with tax`.

A line says all that its command is made of. Nothing else in the message adds to it or changes it, and a description is
text for the model, never names or options for autogen.
"""

import difflib
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Literal

from autogen_cli.bridge.models import Command, Mistake, PlatformName
from autogen_cli.bridge.own_lines import own_lines
from autogen_cli.context.target import LONGEST_NAME, check_module_name, check_symbol
from autogen_cli.errors import TargetError

MOST_COMMANDS = 5
LONGEST_MESSAGE = 10_000
MOST_BRACKETS = 200
"""Taking CommonMark apart costs 10 microseconds for a character, 60 for a bracket where somebody means harm."""
LONGEST_DESCRIPTION = 2_000
_LONGEST_ECHO = 300
_DASHES = ("--", "\u2014", "\u2013")  # phones and word processors make one of two
_FORMS: Mapping[str, str] = {
    "generate": "generate <module> <symbol> -- <what it should do>",
    "context": "context <module> <symbol>",
    "usage": "usage",
}


def read_commands(text: str, *, platform: PlatformName, mention: str = "autogen") -> tuple[Command | Mistake, ...]:
    """The commands of a message, at most MOST_COMMANDS of them; a Mistake for each line that can't be followed."""
    mention = f"@{mention}".lower()
    if mention not in text.lower():
        return ()
    too_much = len(text) > LONGEST_MESSAGE or text.count("[") > MOST_BRACKETS
    lines = text.split("\n") if too_much else own_lines(text, platform)
    asked = [rest for line in lines if (rest := _after(line, mention)) is not None]
    if asked and too_much:
        advice = f"no commands are read from messages of more than {LONGEST_MESSAGE:,} characters or {MOST_BRACKETS} ["
        return (Mistake(line=_short(asked[0]), advice=f"{advice}: write it in one of its own"),)
    read = tuple(_command(line, mention) for line in asked[:MOST_COMMANDS])
    if len(asked) <= MOST_COMMANDS:
        return read
    advice = f"a message may hold {MOST_COMMANDS} commands: write the others in another one"
    return (*read, Mistake(line=_short(asked[MOST_COMMANDS]), advice=advice))


def _after(line: str, mention: str) -> str | None:
    """What follows the mention that a line opens with; None where it doesn't. Letters that look alike don't count."""
    first, *rest = line.split(maxsplit=1) or [""]
    first = first.rstrip(":,")
    return " ".join(rest) if first.isascii() and first.lower() == mention else None


def _command(line: str, mention: str) -> Command | Mistake:
    words = line.split()
    end = next((place for place, word in enumerate(words) if word in _DASHES), len(words))
    action, *names = [word.strip("`") for word in words[:end]] or [""]
    description = _legible(" ".join(words[end + 1 :]))
    match action.lower(), names:
        case "usage", []:
            return Command(action="usage")
        case ("generate", [module, symbol]) if len(description) <= LONGEST_DESCRIPTION:
            return _target(line, "generate", module, symbol, description)
        case ("context", [module, *symbol]) if len(symbol) < 2:
            return _target(line, "context", module, "".join(symbol), description[:LONGEST_DESCRIPTION])
    return Mistake(line=_short(line), advice=_advice(action.lower(), names, mention))


def _target(
    line: str, action: Literal["generate", "context"], module: str, symbol: str, description: str
) -> Command | Mistake:
    longest = max(len(module), len(symbol))
    if longest > LONGEST_NAME:
        advice = f"a name of {longest} characters is too long: {LONGEST_NAME} is the most"
        return Mistake(line=_short(line), advice=advice)
    try:
        modules, symbols = check_module_name(module), check_symbol(symbol) if symbol else ()
    except TargetError as error:
        return Mistake(line=_short(line), advice=_short(str(error)))
    return Command(action=action, module=".".join(modules), symbol=".".join(symbols), description=description)


def _advice(action: str, names: Sequence[str], mention: str) -> str:
    if action not in _FORMS:
        near = difflib.get_close_matches(action[:40], _FORMS, n=1)
        forms = [f"`{mention} {_FORMS[name]}`" for name in near or _FORMS]
        return f"did you mean {forms[0]}?" if near else f"write {', '.join(forms[:-1])} or {forms[-1]}"
    form = f"`{mention} {_FORMS[action]}`"
    if any(name.startswith("-") for name in names):
        return f"options can't be given here: write {form}"
    if action != "usage" and len(names) < 2:
        return f"{'the symbol' if names else 'what to do it for'} is missing: write {form}"
    if action == "generate" and len(names) == 2:
        return f"a description may have {LONGEST_DESCRIPTION:,} characters"
    return f"there are more words than it takes: write {form}"


def _legible(text: str) -> str:
    """A text without what can't be seen: control characters, zero widths, changes of direction, tags, surrogates."""
    return " ".join("".join(c for c in text if c == " " or unicodedata.category(c)[0] not in "CZ").split())


def _short(text: str) -> str:
    text = _legible(" ".join(text[: 4 * _LONGEST_ECHO].split()))
    return text if len(text) <= _LONGEST_ECHO else text[: _LONGEST_ECHO - 1] + "…"
