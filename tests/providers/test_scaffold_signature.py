"""Signatures that callers' calls speak for: names, order, defaults, types; and that every call binds."""

import ast
import inspect
import keyword
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autogen_cli.models import Argument, CallSite, Kind, ResultUse
from autogen_cli.providers.scaffold import naming, scaffold
from autogen_cli.providers.scaffold.annotations import alternatives, expression_type, union
from autogen_cli.providers.scaffold.evidence import read_use
from autogen_cli.providers.scaffold.parameters import binds
from autogen_cli.providers.scaffold.precedents import read_precedents
from autogen_cli.providers.scaffold.syntax import parse_expression, parse_statement
from tests.providers.scaffolding import bind, context, head_of, item, signature_of, site


@pytest.mark.parametrize(
    ("calls", "parameters"),
    [
        (["helper()"], ""),
        (["helper(path, mode='r')"], "path: Any, *, mode: str"),
        (["helper(path)", "helper(path, True)"], "path: Any, value: bool=False"),
        (["helper(a=1)", "helper(a=1, b=2)"], "*, a: int, b: int | None=None"),
        (["helper(x=True)", "helper()"], "*, x: bool=False"),
        (["helper(x=False)", "helper()"], "*, x: bool=True"),
        (["helper(x=False)", "helper(x=True)", "helper()"], "*, x: bool | None=None"),
        (["helper(x=None)"], "*, x: Any"),
        (["helper(x=None)", "helper(x=3)", "helper(x='a')"], "*, x: int | str | None"),
        # a keyword is another caller's way to fill a position
        (["helper(sock, timeout)", "helper(sock, timeout=3)"], "sock: Any, timeout: int"),
        (["helper(name, 0.5)", "helper(name, timeout=3.0)", "helper(name)"], "name: Any, timeout: float | None=None"),
        (["helper('a', 'b')", "helper(first=x, second=y)"], "first: str, second: str"),
        (["helper(1, 'b')", "helper(second='y', first=2)"], "first: int, second: str"),
        (["helper(path, 'w')", "helper(path, size=3)"], "path: Any, mode: str | None=None, *, size: int | None=None"),
        (["helper(path, mode)", "helper(path, mode, mode=3)"], "path: Any, value: Any, *, mode: int | None=None"),
        # stars
        (["helper(*xs)"], "*args: Any"),
        (["helper(**options)"], "**kwargs: Any"),
        (["helper(path, *xs, last)"], "path: Any, *args: Any"),
        (["helper(*point)", "helper(x1, y1)"], "x1: Any, y1: Any"),
        (["helper(*xs, a, b, c)", "helper(p)"], "p: Any, *args: Any"),
        (["helper(*xs, args=1)"], "*args2: Any, args: int"),
        (["helper(a=1, **options)", "helper(b=2, a=1)"], "*, a: int, b: int, **kwargs: Any"),
        (["helper('a')", "helper('a', 'b')", "helper('a', 'b', 'c', 'd')"], "name: str, *args: Any"),
        (["helper(a1, b1)", "helper(a1, b1, c1)", "helper(a1, b1, c1, d1, e1)"],
         "a1: Any, b1: Any, c1: Any=None, d1: Any=None, e1: Any=None"),
        # names
        (["helper(x, x)"], "x: Any, value: Any"),
        (["helper(config.path, config.path)"], "path: Any, config_path: Any"),
        (["helper(DEFAULT_TIMEOUT)"], "timeout: Any"),
        (["helper(self._headers['Content-Type'])"], "content_type: Any"),
        (["helper(not_a_name := 3)"], "not_a_name: Any"),
        (["helper(lambda: 3)"], "func: Callable[..., Any]"),
        (["helper(match, type_, _)"], "match: Any, type: Any, value: Any"),
    ],
)  # fmt: skip
def test_parameters(calls: list[str], parameters: str) -> None:
    assert head_of(*(site(call) for call in calls)) == f"def helper({parameters}) -> Any:"


def test_self_is_named_after_its_class() -> None:
    assert head_of(site("helper(self)", enclosing="HttpResponse.close")) == "def helper(response: Any) -> Any:"
    assert head_of(site("helper(self)")) == "def helper(value: Any) -> Any:"


def test_a_longer_name_that_the_project_uses_is_no_match_for_the_callers_own() -> None:
    items = [item("def close(std_handle: int) -> None: ...", "close")]
    assert head_of(site("helper(handle)"), items=items) == "def helper(handle: Any) -> Any:"


def test_functions_of_a_similar_name_lend_their_names() -> None:
    items = [
        item("def is_type_comment(leaf: Leaf) -> bool: ...", "is_type_comment"),
        item("def parse(: broken", "parse"),
    ]
    sites = [site("is_type_ignore_comment(x[0])", name="is_type_ignore_comment")]
    assert head_of(*sites, symbol="is_type_ignore_comment", items=items) == (
        "def is_type_ignore_comment(leaf: Any) -> bool:"
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("get_path(x)", "path"), ("Path(p)", "path"), ("str(user)", "user"), ("cast('int', count)", "count"),
        ("os.environ.get('HOME')", "home"), ("getattr(x, 'size')", "size"), ("body.encode()", "body"),
        ("open(p)", "file"), ("names[0]", "name"), ("entries[i]", "entry"), ("boxes[0]", "box"), ("text[1:]", "text"),
        ("'https://x.org'", "url"), ("'GET'", "method"), ("'/etc/x'", "path"), ("f'{x}'", "name"), ("b''", "data"),
        ("[user]", "users"), ("[entry for entry in x]", "entries"), ("{box}", "boxes"), ("{'a': 1}", "data"),
        ("(1, 2)", "args"), ("a_b or c", "a_b"), ("left if x else right", "left"), ("total + 1", "total"),
        ("-size", "size"), ("await fetch_page()", "page"), ("*rest", "rest"), ("item1", "item"), ("cls", "cls"),
        ("lambda x: x", "func"), ("1", "value"), ("x()()", "value"), ("HTTPServer", "http_server"),
        ("class_", "class_"), ("new_line", "new_line"), ("...", "value"),
    ],
)  # fmt: skip
def test_names(text: str, name: str) -> None:
    node = ast.parse(f"f({text})").body[0].value.args[0]
    found = {candidate for candidate, _, _ in naming.candidates(node)}
    assert name in found or (name == "value" and not found)
    assert all(candidate.isidentifier() and not keyword.iskeyword(candidate) for candidate in found)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1", "int"), ("-1.5", "float"), ("1j", "complex"), ("True", "bool"), ("None", "None"), ("...", None),
        ("'a'", "str"), ("f'{x}'", "str"), ("b'a'", "bytes"), ("x", None), ("not x", "bool"), ("a < b", "bool"),
        ("lambda: 1", "Callable[..., Any]"), ("[1, 2]", "list[int]"), ("[1, 'a']", "list[Any]"), ("[]", "list[Any]"),
        ("{1}", "set[int]"), ("(1, 'a')", "tuple[int, str]"), ("()", "tuple[Any, ...]"), ("(*x, 1)", "tuple[Any, ...]"),
        ("{'a': 1}", "dict[str, int]"), ("{}", "dict[str, Any]"), ("{**x}", "dict[str, Any]"), ("{1: 'a'}",
         "dict[int, str]"),
        ("[str(x) for x in y]", "list[str]"), ("{x for x in y}", "set[Any]"), ("(1 for x in y)", "Iterable[int]"),
        ("{x: 1 for x in y}", "dict[Any, int]"), ("len(x)", "int"), ("str(x)", "str"), ("Path(x)", "Path"),
        ("uuid.uuid4()", "UUID"), ("datetime.now()", "datetime"), ("date.today()", "date"), ("clock.now()", None),
        ("x.encode()", "bytes"), ("', '.join(x)", "str"), ("b' '.join(x)", "bytes"), ("x.join(y)", None),
        ("os.path.join(a, b)", "str"), ("x()()", None), ("'%s' % x", "str"), ("1 + 2.0", "float"), ("1 / 2", "float"),
        ("Path(a) / 'b'", "Path"), ("'a' + x", "str"), ("x + b'a'", "bytes"), ("x + y", None), ("1 or 'a'",
         "int | str"),
        ("1 or x", None), ("1 if x else None", "int | None"), ("[None]", "list[Any]"),
    ],
)  # fmt: skip
def test_types_of_expressions(text: str, kind: str | None) -> None:
    assert expression_type(parse_expression(text)) == kind


@pytest.mark.parametrize(
    ("kinds", "result"),
    [
        ([], None), ([None], None), (["int", None, "int"], "int"), (["int", "float"], "float"), (["bool", "int"],
         "int"),
        (["None", "str"], "str | None"), (["list[int]", "list[str]"], "list[Any]"), (["str", "bytes", "int", "Path"],
         "Any"),
        (["dict[str, int]", "dict[str, str]"], "dict[str, Any]"), (["dict[str, int]", "dict[int, str]"],
         "dict[Any, Any]"),
        (["tuple[int]", "tuple[int, int]"], "tuple[Any, ...]"), (["t.Any | None"], "Any"), (["t.Optional[int]"],
         "int | None"),
        (["Callable[[int | str], None] | None"], "Callable[[int | str], None] | None"), (["x" * 70], "Any"),
    ],
)  # fmt: skip
def test_unions(kinds: list[str | None], result: str | None) -> None:
    assert union(kinds) == result


def test_alternatives_stand_at_the_top_level() -> None:
    assert alternatives("dict[int | str, A] | Optional[B] | None") == ["dict[int | str, A]", "Optional[B]", "None"]


@pytest.mark.parametrize(
    "text",
    ["if f(x):", "elif f(x):", "except f as x:", "case f(x):", "with f() as x:", "@f(x)", "return f(x)",
     "async with f():",
     "class A(f):", "for x in f(", "x = f(\n    1,\n    {'a': [g(2),\n..."],
)  # fmt: skip
def test_statements_that_are_no_statements_alone(text: str) -> None:
    statement = parse_statement(text)
    assert (statement is None) == (text == "for x in f(")


def test_the_call_is_found_by_its_arguments_where_an_alias_hides_the_name() -> None:
    use = read_use(CallSite(path="a.py", line=1, text="x = g(1, h('a'))", arguments=(Argument(text="'a'"),)), "helper")
    assert ast.unparse(use.node) == "h('a')"
    assert use.receiver is None


def test_odd_argument_texts_do_no_harm() -> None:
    odd = (
        Argument(text="x for x in y"),
        Argument(text="(("),
        Argument(text="mode=3", name="mode"),
        Argument(text="*xs", star="*"),
    )
    code = scaffold(context("helper", CallSite(path="a.py", line=1, text="helper(((", arguments=odd)))
    assert "def helper(y: Iterable[Any], value: Any, *args: Any, mode: int) -> Any:" in code


def test_signatures_in_the_context_are_read() -> None:
    texts = [
        "    @cached\n    def a(self, x: 'int', /, y=1, *rest, z=..., **more) -> None: ...",
        "async def b[T](x: T = f(')'), *, k: int) -> dict[str, int]: ...",
        "def c(x",
        "def d(x: (int), y) -> list[",
    ]
    found = read_precedents(context("helper", items=[item(text, f"A.{text.split('(')[0][-1]}") for text in texts]))
    assert [(p.name, [(q.kind, q.name, q.default) for q in p.parameters], p.returns, p.is_plain) for p in found] == [
        ("a", [("positional", "x", None), ("positional", "y", "1"), ("star", "rest", None), ("keyword", "z", "None"),
               ("double_star", "more", None)], None, False),
        ("d", [("positional", "x", None), ("positional", "y", None)], None, True),
    ]  # fmt: skip


NAMES = st.sampled_from(["a", "b", "name", "self", "args", "kwargs", "match", "type", "value", "cls", "Any"])
TEXTS = st.one_of(
    NAMES, st.sampled_from(["1", "'x'", "None", "True", "f(x)", "x.name", "[1]", "lambda: 0", "((", "x for x in y"])
)


@st.composite
def calls(draw: st.DrawFn) -> tuple[Argument, ...]:
    """Arguments in an order that Python allows: values and stars, then keywords and double stars."""
    first = draw(st.lists(st.tuples(TEXTS, st.sampled_from(["", "", "", "*"])), max_size=5))
    named = draw(st.lists(NAMES, max_size=3, unique=True))
    doubles = draw(st.lists(st.just(Argument(text="options", star="**")), max_size=1))
    values = [Argument(text=text, star=star) for text, star in first]
    return (*values, *(Argument(text=draw(TEXTS), name=name) for name in named), *doubles)


@settings(max_examples=300, deadline=None)
@given(st.lists(calls(), min_size=1, max_size=6), st.sampled_from(["function", "method", "class"]), st.booleans())
def test_every_call_binds(found: list[tuple[Argument, ...]], kind: str, decorated: bool) -> None:
    symbol = {"function": "helper", "method": "Shop.helper", "class": "Helper"}[kind]
    sites = [CallSite(path="a.py", line=1, text="x.helper(...)", arguments=given, uses=("value",)) for given in found]
    if decorated:
        sites.append(CallSite(path="a.py", line=1, text="@helper\ndef f(): ...", uses=("decorator",)))
    tree = ast.parse(scaffold(context(symbol, *sites, kind=kind)))
    compile(tree, "scaffold", "exec")
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    signature = signature_of(functions[0], bound=kind != "function") if functions else inspect.Signature()
    assert [given for given in found if bind(signature, given) is None] == []


SNIPPETS = st.one_of(
    st.text(max_size=30),
    st.sampled_from([
        "helper", "x.helper(1)", "with helper() as x:", "except helper:", "@helper", "class A(helper):", "helper[0]",
        "await helper",
        "for a, b in helper.x.y():", "from shop import helper as h", "helper(\n..", "if helper is not x:",
        "match helper:", "x = [\n...",
    ]),
)  # fmt: skip
USES = st.lists(st.sampled_from(get_args(ResultUse.__value__)), max_size=2).map(tuple)
WORDS = st.lists(st.sampled_from(["x", "run()", "LIMIT", "*rest", "items()", "__len__()", "a.b", ""]), max_size=3).map(
    tuple
)
SITES = st.builds(
    CallSite, path=st.just("a.py"), line=st.just(1), text=SNIPPETS, uses=USES, names=WORDS,
    members=WORDS.map(lambda m: tuple(x for x in m if x.isidentifier() or x.endswith("()"))),
    arguments=st.one_of(st.none(), calls()), awaited=st.booleans(), symbol=st.sampled_from([None, None, "run",
    "Cart.run"]),
    enclosing=st.sampled_from([None, "f", "Shop.close"]),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    st.lists(SITES, max_size=5),
    st.sampled_from(get_args(Kind.__value__)),
    st.sampled_from(["helper", "__len__", "Helper"]),
)
def test_whatever_the_evidence_the_scaffold_compiles_and_is_of_the_kind(
    sites: list[CallSite], kind: Kind, name: str
) -> None:
    symbol = {"method": f"Shop.{name}", "module": None}.get(kind, name)
    tree = ast.parse(scaffold(context(symbol, *sites, kind=kind)))
    compile(tree, "scaffold", "exec")
    kinds = {"class": ast.ClassDef, "constant": ast.AnnAssign, "module": ast.AST}
    assert isinstance(tree.body[-1], kinds.get(kind, ast.FunctionDef | ast.AsyncFunctionDef))
    assert symbol is None or getattr(tree.body[-1], "name", name) == name


@settings(max_examples=200, deadline=None)
@given(calls(), calls())
def test_binding_is_told_as_python_does(one: tuple[Argument, ...], other: tuple[Argument, ...]) -> None:
    """Whether a call binds to the signature that another call speaks for."""
    code = scaffold(context("helper", CallSite(path="a.py", line=1, text="", arguments=one)))
    (precedent,) = read_precedents(context("other", items=[item(code, "helper")]))
    real = signature_of(ast.parse(code).body[-1])
    call = read_use(CallSite(path="a.py", line=1, text="", arguments=other), "helper").call
    surplus = not call.double_star and call.star
    if not surplus:
        assert binds(precedent.parameters, call) == (bind(real, other) is not None)
