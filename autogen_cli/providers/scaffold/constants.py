"""Constants: a placeholder of the type that the uses and the name speak for, so that importing it works."""

import ast
import re
from collections.abc import Iterable, Sequence

from autogen_cli.providers.scaffold.annotations import MEMBER_TYPES, expression_type
from autogen_cli.providers.scaffold.evidence import Use
from autogen_cli.providers.scaffold.render import Style, site_lines
from autogen_cli.providers.scaffold.results import result_types
from autogen_cli.providers.scaffold.syntax import called_name

_BY_NAME = (
    (r"(^|_)LOG(GER)?$", "logging.Logger"),
    (r"(^|_)(RE|REGEX|PATTERN)$", "re.Pattern[str]"),
    (r"(^|_)LOCK$", "threading.Lock"),
    (r"(^|_)(TIMEOUT|SECONDS|DELAY|INTERVAL|RATE|RATIO)$", "float"),
    (
        r"^HTTP_\d|(^|_)(SIZE|COUNT|LIMIT|LENGTH|PORT|RETRIES|WIDTH|HEIGHT|DEPTH|LEVEL|CODE|BYTES|NUMBER)$|^(MAX|MIN|NUM)_",
        "int",
    ),
    (r"(^|_)(ENABLED|DEBUG|ONLY)$|^(IS|HAS|USE|ENABLE|ALLOW|SUPPORTS)_", "bool"),
    (r"(^|_)(URL|PATH|DIR|NAME|PREFIX|SUFFIX|HEADER|KEY|FORMAT|ENCODING|VERSION|TEMPLATE|MESSAGE|TEXT|HOST)$", "str"),
    (r"(^|_)(MAP|MAPPING|DICT|LOOKUP|REGISTRY|DEFAULTS|OPTIONS|SETTINGS)$|_(BY|TO)_", "dict[str, Any]"),
    (r"(?<![SUI])S$", "tuple[Any, ...]"),
)
_VALUES = {
    "str": '""', "bytes": 'b""', "int": "0", "float": "0.0", "bool": "False", "complex": "0j", "dict": "{}",
    "list": "[]", "set": "set()", "frozenset": "frozenset()", "tuple": "()",
    "logging.Logger": "logging.getLogger(__name__)", "re.Pattern": 're.compile("")', "Path": "Path()",
    "threading.Lock": "threading.Lock()", "Decimal": "Decimal(0)", "timedelta": "timedelta()",
}  # fmt: skip
_SENTINEL = re.compile(r"(^|_)(MISSING|UNSET|SENTINEL|UNDEFINED|NOT_?SET|NOT_?GIVEN)$")
_LOGGING = {"debug()", "info()", "warning()", "error()", "exception()", "critical()"}


def constant_lines(name: str, uses: Sequence[Use], style: Style) -> list[str]:
    """A comment that says where it is used, and the assignment."""
    kind, value = _placeholder(name, uses)
    comment = ["Scaffold: the value isn't known yet.", *site_lines(uses, style.width)]
    assignment = f"{name}: {style.annotation(kind)} = {value}" if style.annotate else f"{name} = {value}"
    return [*(f"# {line}" for line in comment), assignment]


def _placeholder(name: str, uses: Sequence[Use]) -> tuple[str, str]:
    """(annotation, value)."""
    if any(use.is_called for use in uses):
        return "Any", "lambda *args, **kwargs: NotImplemented"
    if _SENTINEL.search(name) or any(_is_sentinel(use) for use in uses):
        return "Any", "object()"
    told = [hint for use in uses for hint in _hints(use)]
    by_name = [kind for pattern, kind in _BY_NAME if re.search(pattern, name.upper())]
    told = ["tuple[Any, ...]" if kind.startswith(("Iterable[", "Sequence[")) else kind for kind in told]
    for kind in [*told, *by_name]:
        if value := _VALUES.get(kind.partition("[")[0]):
            return kind, value
    return "Any", "None"


def _is_sentinel(use: Use) -> bool:
    """`if value is MISSING`."""
    parent = use.parent
    if not isinstance(parent, ast.Compare) or not isinstance(parent.ops[0], ast.Is | ast.IsNot):
        return False
    return not any(isinstance(value, ast.Constant) for value in (parent.left, *parent.comparators))


def _hints(use: Use) -> Iterable[str]:
    if not _LOGGING.isdisjoint(use.site.members):
        yield "logging.Logger"
    match use.parent:
        case ast.Compare(left=left, ops=[ast.In() | ast.NotIn()]) if left is not use.node:
            yield "frozenset[Any]"
        case ast.Compare(left=left, ops=[ast.Lt() | ast.Gt() | ast.LtE() | ast.GtE()], comparators=[right]):
            yield expression_type(right if left is use.node else left, use.scope) or "int"
        case ast.Attribute(attr=attribute) if f"{attribute}()" in MEMBER_TYPES:
            yield MEMBER_TYPES[f"{attribute}()"]
        case ast.Call() if called_name(use.parent) in {"isinstance", "issubclass"}:
            yield "tuple[type, ...]"
    yield from result_types(use)
    if "tested" in use.site.uses:
        yield "bool"
