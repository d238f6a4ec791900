"""What the call sites demand of a symbol, in sentences for a prompt.

Only counts and identifiers go into the sentences, never expressions: whoever wrote a call must not be able to write
into the instructions.
"""

import re
from collections import Counter
from collections.abc import Sequence

from autogen_cli.models import CallSite, Kind, ResultUse

MOST_SHAPES = 8
MOST_NAMES = 12

_PLAIN = re.compile(r"(?:self\.)?[A-Za-z_]\w*(?:\(\))?")
_USES: tuple[tuple[ResultUse, str], ...] = (
    ("async_iterated", "iterated with `async for`: it has to return an async iterator"),
    ("async_context", "entered with `async with`: it has to return an async context manager"),
    ("context", "entered with `with`: it has to return a context manager"),
    ("iterated", "iterated"),
    ("subscript", "subscripted"),
    ("called", "called in turn: it has to return something callable"),
    ("compared", "compared"),
    ("tested", "tested for truth"),
    ("raised", "raised: it has to be an exception"),
)


def is_async(call_sites: Sequence[CallSite]) -> bool:
    """Whether a function has to be written with `async def`: some caller awaits it, and none uses it as it comes."""
    return any(site.awaited for site in call_sites) and all(
        site.awaited or site.arguments is None for site in call_sites
    )


def demands(call_sites: Sequence[CallSite], kind: Kind) -> tuple[str, ...]:
    """One sentence each on number, arguments, awaiting, results and members; none where nothing calls."""
    if not call_sites:
        return ()
    in_tests = sum(site.in_test for site in call_sites)
    tests = f", {in_tests} of them in tests" if in_tests else ""
    return (
        f"The code base uses it at {_places(len(call_sites))}{tests}.",
        *_shapes(call_sites),
        *_awaiting(call_sites, kind),
        *_results(call_sites),
        *_members(call_sites),
    )


def _places(number: int) -> str:
    return f"{number} {'place' if number == 1 else 'places'}"


def _shapes(call_sites: Sequence[CallSite]) -> list[str]:
    shapes = Counter(_shape(site) for site in call_sites if site.arguments is not None)
    ranked = sorted(shapes.items(), key=lambda item: (-item[1], item[0]))
    sentences = [f"It is called with {shape} ({_places(count)})." for shape, count in ranked[:MOST_SHAPES]]
    if len(ranked) > MOST_SHAPES:
        sentences.append(f"It is called in {len(ranked) - MOST_SHAPES} more ways, rarer ones.")
    return sentences


def _shape(site: CallSite) -> str:
    arguments = site.arguments or ()
    positional = sum(not argument.star and argument.name is None for argument in arguments)
    keywords = sorted(f"`{argument.name}`" for argument in arguments if argument.name is not None)
    parts = [f"{positional} positional {'argument' if positional == 1 else 'arguments'}"] if positional else []
    if keywords:
        parts.append(f"the {'keyword' if len(keywords) == 1 else 'keywords'} {', '.join(keywords)}")
    parts += [f"`{star}` arguments" for star in ("*", "**") if any(argument.star == star for argument in arguments)]
    return " and ".join(parts) or "no argument"


def _awaiting(call_sites: Sequence[CallSite], kind: Kind) -> list[str]:
    awaited = sum(site.awaited for site in call_sites)
    if not awaited or kind not in {"function", "method"}:
        return []
    if is_async(call_sites):
        return ["Its callers await it: write it with `async def`."]
    return [f"Its result is awaited at {_places(awaited)}, and elsewhere passed on without: it has to be awaitable."]


def _results(call_sites: Sequence[CallSite]) -> list[str]:
    sentences = [
        f"Its result is {words}."
        for use, words in _USES
        if any(use in site.uses and site.arguments is not None for site in call_sites)
    ]
    unpacked = sorted({_plain(site.names) for site in call_sites if "unpacked" in site.uses and site.names})
    sentences += [f"Its result is unpacked into {len(names)} values: {_quoted(names)}." for names in unpacked]
    if any("decorator" in site.uses for site in call_sites):
        sentences.append("It is used as a decorator.")
    if any("base" in site.uses for site in call_sites):
        sentences.append("It is used as a base class.")
    return sentences


def _members(call_sites: Sequence[CallSite]) -> list[str]:
    found = Counter(member for site in call_sites for member in site.members if _PLAIN.fullmatch(member))
    ranked = sorted(found, key=lambda member: (-found[member], member))[:MOST_NAMES]
    return [f"Its callers use these members of the result: {_quoted(ranked)}."] if ranked else []


def _plain(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name if _PLAIN.fullmatch(name) else "_" for name in names)


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
