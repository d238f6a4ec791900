"""What may be shown for a target, and what each piece is worth: the likelihood that the target needs a definition
(`features.py`, `weights.py`), and fixed worths for what shows how it is used.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from sys import intern

from autogen_cli.context.evidence import Found
from autogen_cli.context.facts import Definition, Usage
from autogen_cli.context.features import FeatureReader, Features, reached
from autogen_cli.context.names import Names
from autogen_cli.context.pool import Entry, Pool
from autogen_cli.context.project import is_test
from autogen_cli.context.render import Candidate, Piece, one_piece
from autogen_cli.context.sources import Sources
from autogen_cli.context.tables import Place, words
from autogen_cli.context.weights import MEMBER, TOP_LEVEL
from autogen_cli.models import Target

# Sections, in the order of the text.
CALL_SITES, TESTS, MODULE, DEFINITIONS, BODIES = range(5)
SITE_WORTH = 3.0
SAME_SHAPE = 0.3  # what a second call of the same shape is worth beside the first
TEST_WORTH = 2.0
IMPORTS_WORTH = 1.0
BODY_WORTH = 0.25
BESIDE_METHOD = 0.6  # the least likelihood that a method needs another member of its class
MOST_SITES = 60
MOST_BODIES = 8
LONGEST_TEST = 16
LONGEST_BODY = 40
ABBREVIATED = 0.1  # below this likelihood a long signature is shown by its names alone


def candidates(names: Names, target: Target, found: Sequence[Found]) -> list[Candidate]:
    """Everything that may be shown, with its worth and its reason."""
    sources = names.sources
    pool = Pool(sources, names, target, found)
    usages = [item for item in pool.found if item.usage.kind not in {"import", "export"}][:MOST_SITES]
    return [
        *_sites([item for item in usages if not is_test(item.path)]),
        *_tests(pool, [item for item in usages if is_test(item.path)]),
        *_imports(sources, pool.path),
        *_definitions(pool),
        *_bodies(sources, pool),
    ]


# How the target is used


def _sites(found: Sequence[Found]) -> Iterator[Candidate]:
    shapes: Counter[str] = Counter()
    for number, (path, usage) in enumerate(found):
        shape = _shape(usage)
        worth = SITE_WORTH * SAME_SHAPE ** shapes[shape] / (1 + number / 10)
        shapes[shape] += 1
        where = f" in {usage.enclosing}" if usage.enclosing else ""
        text = one_piece(f"# {path}{where}\n{usage.text}")
        piece = Piece("call_site", path, usage.line, usage.enclosing, text, CALL_SITES)
        yield Candidate(piece, worth, _use_text(usage))


def _shape(usage: Usage) -> str:
    arguments = ",".join(f"{star}{keyword}" for _, keyword, star in usage.arguments or ())
    return f"{usage.arguments is None}({arguments}) {usage.awaited} {usage.uses}"


def _use_text(usage: Usage) -> str:
    called = "called" if usage.arguments is not None else "used"
    awaited = " and awaited" if usage.awaited else ""
    uses = ", ".join(use.replace("_", " ") for use in usage.uses if use != "value")
    return f"{called} here{awaited}" + (f", the result is {uses}" if uses and called == "called" else "")


def _tests(pool: Pool, found: Sequence[Found]) -> Iterator[Candidate]:
    """One piece per test function: the whole of a short one, of a long one the statements that use the target."""
    by_function: dict[tuple[str, str], list[Usage]] = {}
    for path, usage in found:
        by_function.setdefault((path, usage.enclosing), []).append(usage)
    for number, ((path, enclosing), usages) in enumerate(by_function.items()):
        function = pool.enclosing(path, enclosing)
        first = usages[0].line
        if function and _is_short(function.definition):
            text = f"# {path}\n{body_of(pool.sources, function)}"
        else:
            where = f" in {enclosing}" if enclosing else ""
            text = "\n".join([f"# {path}:{first}{where}", *dict.fromkeys(usage.text for usage in usages)])
        worth = TEST_WORTH / (1 + number / 2)
        piece = Piece("test", path, first, enclosing, one_piece(text), TESTS)
        yield Candidate(piece, worth, "a test that exercises the target")


def _is_short(function: Definition) -> bool:
    return function.kind != "class" and function.end_line - function.line < LONGEST_TEST


def body_of(sources: Sources, place: Place) -> str:
    """A definition's source, dedented."""
    import textwrap

    lines = sources.source(place.path).split(b"\n")[place.definition.line - 1 : place.definition.end_line]
    return textwrap.dedent(b"\n".join(lines).decode())


# What the target may need


def _imports(sources: Sources, path: str) -> Iterator[Candidate]:
    """The module's imports of what isn't the project's own: what is at hand without a new dependency."""
    lines: dict[str, list[str]] = {}
    for item in sources.facts(path).imports:
        if item.scope or sources.project.resolve_import(path, item.module, item.level):
            continue
        if item.name:
            renamed = f" as {item.bound}" if item.bound != item.name else ""
            lines.setdefault(f"from {'.' * item.level}{item.module} import ", []).append(item.name + renamed)
        else:
            renamed = f" as {item.bound}" if item.bound != item.module.partition(".")[0] else ""
            lines.setdefault("import ", []).append(item.module + renamed)
    text = "\n".join(head + ", ".join(dict.fromkeys(names)) for head, names in lines.items())
    if text:
        piece = Piece("import", path, 0, "", text, MODULE, _module_header(path))
        yield Candidate(piece, IMPORTS_WORTH, "imported by the module already")


def _module_header(path: str) -> str:
    return f"# {path} (the target's module)"


def _definitions(pool: Pool) -> Iterator[Candidate]:
    reader = FeatureReader(pool)
    known = pool.names.ranked_before(pool.path, pool.target.owner or "")
    for key, entry in pool.entries.items():
        environment = reader.environment(entry) if known is not None else None
        if known is None or environment is None:
            yield _definition(pool, reader, entry)
            continue
        before = known.get(key)
        if before is None or before[0] != environment:
            before = known[key] = environment, _definition(pool, reader, entry)
        yield before[1]
    for place in _missing_owners(pool, dict.fromkeys(pool.entries)):
        yield Candidate(_piece(pool, place, 0.0), 0.0, "the class around what is needed")


def _definition(pool: Pool, reader: FeatureReader, entry: Entry) -> Candidate:
    features = reader.read(entry)
    place = entry.place
    owner = place.definition.owner
    likelihood = weigh(features, MEMBER if owner else TOP_LEVEL, _base(entry.ways, entry.hops, is_member=bool(owner)))
    if owner and owner == reader.target_owner and place.path == pool.path:
        likelihood = max(likelihood, BESIDE_METHOD)
    return Candidate(_piece(pool, place, likelihood), likelihood, _reason(entry, features))


@cache
def _base(ways: frozenset[str], hops: int, *, is_member: bool) -> list[float]:
    weights = MEMBER if is_member else TOP_LEVEL
    return [weights[name] * value for name, value in reached(ways, hops).items()]


def _missing_owners(pool: Pool, shown: dict[tuple[str, str], None]) -> Iterator[Place]:
    for path, symbol in list(shown):
        owner = symbol.rpartition(".")[0]
        while owner and (path, owner) not in shown:
            shown[path, owner] = None
            yield pool.names.table(path).places[owner]
            owner = owner.rpartition(".")[0]


def weigh(features: Features, weights: dict[str, float], base: Sequence[float]) -> float:
    """Likelihood, 0 to 1; the same for the same features in any order. base: log odds that are known already."""
    odds = math.fsum([*base, *[weights[name] * value for name, value in features.items()]])
    return 1 / (1 + math.exp(-odds))


def _piece(pool: Pool, place: Place, likelihood: float) -> Piece:
    """How a definition is shown, kept with it: the same serves other targets."""
    own, brief = place.path == pool.path, likelihood < ABBREVIATED
    shown = place.shown
    if shown is None or shown[0] is not own or shown[1] is not brief:
        shown = place.shown = own, brief, _make_piece(place, own=own, brief=brief)
    return shown[2]


def _make_piece(place: Place, *, own: bool, brief: bool) -> Piece:
    (path, symbol), definition = place.key, place.definition
    is_class = definition.kind == "class"
    text = definition.signature.removesuffix(": ...") if is_class else definition.signature
    if brief:
        text = abbreviated(definition, text)
    header = intern(_module_header(path) if own else f"# {path}")
    kind, section = ("module", MODULE) if own else ("definition", DEFINITIONS)
    return Piece(kind, path, definition.line, symbol, text, section, header, definition.owner, is_class)


def abbreviated(definition: Definition, text: str) -> str:
    """A signature by its parameter names alone, where that saves much."""
    if definition.kind not in {"function", "method"} or len(text) < 60:
        return text
    listed = ", ".join(f"{name}=..." if mark == "=" else f"{mark}{name}" for name, _, mark in definition.parameters)
    head = text.rpartition("\n")[2].partition("(")[0]
    return f"{head}({listed}): ..."


def _reason(entry: Entry, features: Features) -> str:
    """The strongest of what speaks for a definition, in words."""
    if features.get("unused import"):
        return "imported by the module and used nowhere in it yet"
    if features.get("orphan private"):
        return "defined by the module and used nowhere in it yet"
    if features.get("similar uses", 0) > 0.3:
        return "used by a function with a name like the target's"
    if features.get("name overlap", 0) > 0.4:
        return "its name is like the target's"
    if features.get("caller uses"):
        return "used by a caller of the target"
    if features.get("test uses"):
        return "used by a test of the target"
    return _way_reason(entry.ways)


REASONS = {
    "own": "defined by the target's module",
    "imported": "imported by the target's module",
    "module": "an attribute of a module that the target's module imports",
    "caller": "used by a caller of the target",
    "test": "used by a test of the target",
    "type": "a type that signatures around the target name",
    "base": "a base class of what is shown",
    "used": "an attribute that code around the target uses",
    "alike": "its name is like the target's",
    "package": "defined in the same package",
}


@cache
def _way_reason(ways: frozenset[str]) -> str:
    return REASONS[next(way for way in REASONS if way in ways)]


# How the neighbours are written


def _bodies(sources: Sources, pool: Pool) -> Iterator[Candidate]:
    """Functions of the pool's files whose names are most like the target's, and the functions that call it."""
    wanted = words(pool.target.name)
    scored: dict[tuple[str, str], tuple[float, str, Place]] = {}
    for path, usage in pool.found:
        around = pool.enclosing(path, usage.enclosing)
        if around and around.definition.kind != "class" and not is_test(path):
            scored.setdefault(around.key, (0.4, "calls the target", around))
    for entry in pool.entries.values():
        place = entry.place
        if not wanted.isdisjoint(place.words) and place.definition.kind in {"function", "method"}:
            shared = len(wanted & place.words) / len(wanted | place.words)
            worth = shared * (1.0 if place.path == pool.path else 0.6)
            scored.setdefault(place.key, (worth, "a function with a name like the target's", place))
    best = sorted(scored.items(), key=lambda item: (-item[1][0], item[0]))
    fitting = [value for _, value in best if 2 < value[2].definition.end_line - value[2].definition.line < LONGEST_BODY]
    for worth, reason, place in fitting[:MOST_BODIES]:
        path, definition = place.path, place.definition
        text = one_piece(f"# {path} {definition.qualified_name}: {reason}\n{body_of(sources, place)}")
        kind = "similar" if "name" in reason else "caller"
        piece = Piece(kind, path, definition.line, definition.qualified_name, text, BODIES)
        yield Candidate(piece, BODY_WORTH * worth, reason)
