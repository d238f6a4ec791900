"""The offline provider: its answer, its functions and methods."""

import ast
from dataclasses import replace

import pytest

from autogen_cli.generation.extract import extract_code
from autogen_cli.models import CallSite, CompletionRequest, Prompt
from autogen_cli.providers.base import Provider
from autogen_cli.providers.registry import create
from autogen_cli.providers.scaffold import scaffold
from tests.providers.scaffolding import code_of, context, head_of, item, site


async def test_the_answer_is_a_fenced_stub_and_a_warning() -> None:
    provider = create("scaffold")
    assert isinstance(provider, Provider)
    assert provider.capabilities.offline
    found = context("helper", site("total = helper(order, 3)", names="total"), site("helper(order)", in_test=True))
    answer = await provider.complete(
        CompletionRequest(prompt=Prompt(system="", user=""), context=found, model=None, request_id="r")
    )
    await provider.close()
    assert answer.warnings == ("helper is a scaffold from 2 call sites: it raises NotImplementedError",)
    assert extract_code(answer.text, found.target) == (
        "from typing import Any\n"
        "\n\n"
        "def helper(order: Any, value: int | None = None) -> Any:\n"
        '    """Scaffold: nothing is implemented yet.\n'
        "\n"
        "    Callers name the result total.\n"
        "\n"
        "    Used in:\n"
        "        app.py:3  total = helper(order, 3)\n"
        "        app.py:3  helper(order)\n"
        '    """\n'
        '    raise NotImplementedError("shop.helper is a scaffold: write its body")\n'
    )


async def test_without_a_call_site_it_says_so_and_takes_anything() -> None:
    answer = await create("scaffold").complete(
        CompletionRequest(prompt=Prompt(system="", user=""), context=context("helper"), model=None, request_id="r")
    )
    assert answer.warnings == ("helper is a scaffold and no call site was found: it raises NotImplementedError",)
    assert "def helper(*args: Any, **kwargs: Any) -> Any:" in answer.text
    assert "No use of it was found." in answer.text


@pytest.mark.parametrize(
    ("sites", "head"),
    [
        ([site("x = await helper(1)", "assigned")], "async def helper(value: int) -> Any:"),
        ([site("asyncio.run(helper())", "argument")], "async def helper() -> Any:"),
        ([site("task = loop.create_task(helper())", "argument")], "async def helper() -> Any:"),
        ([site("async for x in helper():", "async_iterated")], "async def helper() -> AsyncIterator[Any]:"),
        ([site("async with helper() as x:", "async_context")],
         "@asynccontextmanager\nasync def helper() -> AsyncIterator[Any]:"),
        ([site("async with await helper() as x:", "async_context")], "async def helper() -> Any:"),
        ([site("with helper(path) as file:", "context")], "@contextmanager\ndef helper(path: Any) -> Iterator[Any]:"),
        ([site("stack.enter_context(helper())", "argument")], "@contextmanager\ndef helper() -> Iterator[Any]:"),
        (
            [site("with helper() as x:", "context"), site("y = helper()", "assigned", members="close()")],
            "def helper() -> Any:",
        ),
        ([site("for x in helper():", "iterated", names="x")], "def helper() -> Iterator[Any]:"),
        ([site("for a, b in helper():", "iterated", names="a b")], "def helper() -> Iterator[tuple[Any, Any]]:"),
        ([site("x = next(helper())", "argument")], "def helper() -> Iterator[Any]:"),
        ([site("yield from helper()", "returned")], "def helper() -> Iterator[Any]:"),
        ([site("f(*helper())", "unpacked")], "def helper() -> Iterator[Any]:"),
        (
            [site("for x in helper():", "iterated"), site("y = helper()", "assigned")],
            "def helper() -> Iterable[Any]:",
        ),
        ([site("y = iter_lines()", "assigned", name="iter_lines"), site("list(iter_lines())", "argument",
         name="iter_lines")],
         "def iter_lines() -> Iterator[Any]:"),
    ],
)  # fmt: skip
def test_flavours(sites: list[CallSite], head: str) -> None:
    symbol = "iter_lines" if "iter_lines" in head else "helper"
    assert head_of(*sites, symbol=symbol) == head
    yields = any(isinstance(node, ast.Yield) for node in ast.walk(ast.parse(code_of(*sites, symbol=symbol))))
    assert yields == ("Iterator" in head)


@pytest.mark.parametrize(
    ("sites", "returns"),
    [
        ([site("net, tax = helper()", "unpacked", names="net tax")], "tuple[Any, Any]"),
        ([site("a, *b = helper()", "unpacked", names="a *b")], "tuple[Any, ...]"),
        ([site("a, b = helper()", "unpacked", names="a b"), site("a, b, c = helper()", "unpacked", names="a b c")],
         "tuple[Any, ...]"),
        ([site("assert helper() == 'x'", "compared")], "str"),
        ([site("assert helper() == {'a': 1}", "compared"), site("assert helper() is None", "compared")],
         "dict[str, int] | None"),
        ([site("assert helper() == 'x'", "compared"), site("assert helper() == 1", "compared"),
          site("assert helper() == b''", "compared")], "Any"),
        ([site("assert 'x' in helper()", "compared")], "Any"),
        ([site("self.assertEqual(helper(), 3)", "argument")], "int"),
        ([site("self.assertEqual(3.5, helper())", "argument")], "float"),
        ([site("x = helper()", "assigned", members="splitlines()")], "str"),
        ([site("x = helper()", "assigned", members="total_seconds()")], "timedelta"),
        ([site("m = helper()", "assigned", members="group()")], "re.Match[str]"),
        ([site("x = helper()['a']", "subscript")], "dict[str, Any]"),
        ([site("x = helper()[0]", "subscript")], "Sequence[Any]"),
        ([site("x = helper() + 'a'", "value")], "str"),
        ([site("x = helper() - 1", "value")], "int"),
        ([site("x = helper() * 2", "value")], "Any"),
        ([site("raise helper(1)", "raised")], "Exception"),
        ([site("helper()(1)", "called")], "Callable[..., Any]"),
        ([site("if helper():", "tested")], "bool"),
        ([site("helper()", "ignored")], "None"),
        ([site("x = helper()", "assigned")], "Any"),
    ],
)  # fmt: skip
def test_what_is_returned(sites: list[CallSite], returns: str) -> None:
    assert head_of(*sites).endswith(f" -> {returns}:")


def test_a_predicate_returns_a_bool() -> None:
    assert head_of(site("x = is_open(door)", name="is_open"), symbol="is_open") == "def is_open(door: Any) -> bool:"


@pytest.mark.parametrize(
    ("sites", "head"),
    [
        ([site("@helper\ndef f(): ...", "decorator")], "def helper(func: Callable[..., Any]) -> Callable[..., Any]:"),
        ([site("@helper\nclass A: ...", "decorator")], "def helper(cls: type) -> type:"),
        (
            [site("@helper(retries=3)\ndef f(): ...", "decorator")],
            "def helper(*, retries: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:",
        ),
        (
            [site("@helper\ndef f(): ...", "decorator"), site("@helper(x=1)\ndef f(): ...", "decorator")],
            "def helper(func: Callable[..., Any] | None=None, *, x: int | None=None) -> Any:",
        ),
        (
            [site("@helper\ndef f(): ...", "decorator"), site("g = helper(view)")],
            "def helper(func: Callable[..., Any]) -> Callable[..., Any]:",
        ),
    ],
)
def test_decorators(sites: list[CallSite], head: str) -> None:
    assert head_of(*sites) == head


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("pool.submit(helper, path, mode='r')", "path: Any, *, mode: str"),
        ("loop.run_in_executor(None, helper, path)", "path: Any"),
        ("map(helper, xs, ys)", "value: Any, value2: Any"),
        ("sorted(xs, key=helper)", "value: Any"),
        ("f = partial(helper, path)", "path: Any, *args: Any, **kwargs: Any"),
        ("connect(helper)", "*args: Any, **kwargs: Any"),
        ("pool.submit(helper, *values)", "*args: Any, **kwargs: Any"),
        ("x = Button(command=helper)", "*args: Any, **kwargs: Any"),
        ("x = helper", "*args: Any, **kwargs: Any"),
    ],
)
def test_calls_that_another_function_makes(text: str, parameters: str) -> None:
    assert head_of(site(text, "argument")) == f"def helper({parameters}) -> Any:"


@pytest.mark.parametrize(
    ("sites", "head"),
    [
        ([site("self.add(1)", "ignored", name="add")], "def add(self, value: int) -> None:"),
        ([site("x = Cart.add(1)", name="add")], "@classmethod\ndef add(cls, value: int) -> Any:"),
        ([site("x = cls.add(1)", name="add")], "@classmethod\ndef add(cls, value: int) -> Any:"),
        ([site("x = Cart.add(self, 1)", name="add", enclosing="Big.add")], "def add(self, value: int) -> Any:"),
        (
            [site("x = Cart.add(self, 1)", name="add"), site("c.add(1)", name="add")],
            "def add(self, value: int) -> Any:",
        ),
        ([site("x = Cart.of(self)", name="of", enclosing="Shop.cart")], "@classmethod\ndef of(cls, shop: Any) -> Any:"),
        ([site("x = cart.add", "assigned", name="add")], "@property\ndef add(self) -> Any:"),
        ([site("assert cart.add == 1", "compared", name="add")], "@property\ndef add(self) -> int:"),
        ([site("for x in cart.add:", "iterated", name="add")], "@property\ndef add(self) -> Iterable[Any]:"),
        ([site("with cart.add:", "context", name="add")], "@property\ndef add(self) -> Any:"),
        ([site("on_close(cart.add)", "argument", name="add")], "def add(self, *args: Any, **kwargs: Any) -> Any:"),
        ([site("await cart.add()", "ignored", name="add")], "async def add(self) -> None:"),
        ([site("with cart.add() as x:", "context", name="add")], "@contextmanager\ndef add(self) -> Iterator[Any]:"),
        ([site("cart.add(self=1)", name="add")], "def add(self2, *, self: int) -> Any:"),
        ([], "def add(self, *args: Any, **kwargs: Any) -> Any:"),
    ],
)
def test_methods(sites: list[CallSite], head: str) -> None:
    symbol = "Cart.of" if "def of" in head else "Cart.add"
    assert head_of(*sites, symbol=symbol, kind="method") == head


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("__len__", "def __len__(self) -> int:"),
        ("__init__", "def __init__(self, value: int) -> None:"),
        ("__getitem__", "def __getitem__(self, key: Any) -> Any:"),
        ("__aenter__", "async def __aenter__(self) -> Any:"),
    ],
)
def test_methods_that_the_language_calls(name: str, head: str) -> None:
    assert head_of(site(f"x.{name}(1)", name=name), symbol=f"Cart.{name}", kind="method") == head


def test_the_signature_of_an_async_twin_is_taken_over() -> None:
    twin = item(
        "    async def get(self, url: str, *, timeout: float | None = None, auth=AUTH) -> Response: ...",
        "AsyncClient.get",
    )
    sites = [site("r = client.get(url)", name="get"), site("r = client.get(url, timeout=3)", name="get")]
    expected = "def get(self, url: Any, *, timeout: int | None=None, auth: Any=None) -> Any:"
    assert head_of(*sites, symbol="Client.get", kind="method", items=[twin]) == expected


@pytest.mark.parametrize(
    "other",
    [
        item("    def get(self, url, body): ...", "AsyncClient.get"),  # doesn't bind
        item("    def get(self, key, size, timeout=1): ...", "AsyncClient.get"),  # callers call it something else
        item("    def get(self, url, body, extra=1, timeout=1): ...", "Cache.get"),  # another matter
        item("def get(url, body, extra=1, timeout=1): ...", "get"),  # no method
    ],
)
def test_other_functions_of_the_same_name_are_not(other) -> None:
    sites = [site("r = client.get(url, body, timeout=3)", name="get")]
    head = head_of(*sites, symbol="Client.get", kind="method", items=[other])
    assert head.count(",") == 4
    assert head.endswith("body: Any, *, timeout: int) -> Any:")


def test_the_annotation_of_a_variable_tells_the_result() -> None:
    items = [item("class Line: ...", "Line")]
    sites = [site("line: 'Line' = helper()", "assigned", path="shop.py"), site("other: Else = helper()", "assigned")]
    assert head_of(*sites, items=items) == "def helper() -> 'Line':"


def test_annotations_of_the_module_tell_types() -> None:
    items = [
        item("def total(order: Order, rate: float = 0.1) -> list[Line] | None: ...", "total"),
        item("def price(line) -> Decimal: ...", "price"),
        item("async def later(line) -> Decimal: ...", "later"),
        item("class Line: ...", "Line"),
    ]
    sites = [
        site("return helper(order, rate, price(x), Line(1), later(2))", "returned", path="shop.py", enclosing="total"),
        site("helper(order, rate, price, line, later)", path="app.py", enclosing="total"),
    ]
    assert code_of(*sites, items=items).splitlines()[-2:] == [
        "def helper(order: 'Order', rate: float, price: Decimal, line: 'Line', later: Any) -> 'list[Line] | None':",
        "    raise NotImplementedError('shop.helper is a scaffold: write its body')",
    ]


@pytest.mark.parametrize(
    ("conventions", "line"),
    [
        ((), "def helper(values: list[str], *, key: str | None = None) -> Any:"),
        (("Functions have no annotations.",), "def helper(values, *, key=None):"),
        (
            ("The project supports Python >=3.8.",),
            'def helper(values: "list[str]", *, key: "str | None" = None) -> Any:',
        ),
        (
            ("Modules start with `from __future__ import annotations`.", "The project supports Python >=3.8."),
            "def helper(values: list[str], *, key: str | None = None) -> Any:",
        ),
        (("Lines are at most 40 characters long.",), "    values: list[str],"),
    ],
)
def test_conventions_are_kept(conventions: tuple[str, ...], line: str) -> None:
    sites = [site("helper(['a'], key='b')"), site("helper(['a'])")]
    assert line in scaffold(context("helper", *sites, conventions=conventions)).splitlines()


def test_a_docstring_holds_whatever_callers_write() -> None:
    texts = ['helper("""a\\n""", 1)', "helper(\n    1,\n)", "x = helper(" + ", ".join(["long"] * 40) + ")"]
    sites = [site(text) for text in texts] + [site("helper()", in_test=True)] * 5
    code = scaffold(context("helper", *sites))
    documented = ast.get_docstring(ast.parse(code).body[-1]) or ""
    assert "app.py:3  helper('''a\\n''', 1)" in documented
    assert "app.py:3  helper( ..." in documented
    assert documented.endswith("and 2 more")
    assert max(map(len, code.splitlines()[:-1])) <= 88 or "def helper" in code


@pytest.mark.parametrize(
    ("signature", "uses", "stub"),
    [
        (
            "@cached\ndef helper(\n    order: Order,  # which\n    *, limit=10\n) -> Total:",
            [site("helper(1, limit=2)")],
            "@cached\ndef helper(order: Order, *, limit=10) -> Total:\n    raise",
        ),
        ("def helper(a):", [site("helper(1, 2)")], "def helper(value: int, size: int) -> Any:\n    raise"),
        ("async def helper(a): # why", [site("await helper(1)")], "async def helper(a):\n    raise"),
        ("def helper() -> t.Iterator[int]:", [], "def helper() -> t.Iterator[int]:\n    raise"),
        ("class Helper:", [site("helper(1)")], "def helper(value: int) -> Any:\n    raise"),
    ],
)
def test_a_replacement_keeps_the_signature_that_fits(signature: str, uses: list[CallSite], stub: str) -> None:
    code = code_of(*uses, signature=signature)
    assert stub in code
    assert ("yield" in code) == ("Iterator" in signature)


def test_a_replaced_method_keeps_its_signature() -> None:
    signature = "@classmethod\ndef made(cls, a, b=2):"
    assert "def made(cls, a, b=2):" in code_of(site("Shop.made(1)", name="made"), symbol="Shop.made", kind="method",
                                               signature=signature)  # fmt: skip


@pytest.mark.parametrize(
    ("statement", "returns", "items"),
    [
        ("x: int = helper()", "int", []),
        ("x: 't.Dict[str, t.Any]' = helper()", "Dict[str, Any]", []),
        ("x: Order | None = helper()", "Any", []),
        ("x: Order | None = helper()", "'Order | None'", [("import", "from shop.models import (\n    Order,\n)")]),
        ("x: Order = helper()", "'Order'", [("module", "class Order(Base):")]),
    ],
)
def test_an_annotation_elsewhere_counts_where_its_names_are_known(
    statement: str, returns: str, items: list[tuple[str, str]]
) -> None:
    known = [replace(item(text, "Order"), kind=kind) for kind, text in items]
    assert f"-> {returns}:" in head_of(site(statement, "assigned", names="x"), items=known)


@pytest.mark.parametrize(
    ("kind", "symbol", "sites", "effect"),
    [
        ("constant", "LIMIT", [site("x = LIMIT + 1")], "its value is a placeholder"),
        ("class", "Shop", [site("s = Shop(1)", "assigned", name="Shop")], "its methods raise NotImplementedError"),
        ("class", "ShopError", [], "its body is empty"),
    ],
)
async def test_the_warning_says_what_the_scaffold_does(
    kind: str, symbol: str, sites: list[CallSite], effect: str
) -> None:
    found = context(symbol, *sites, kind=kind)
    request = CompletionRequest(prompt=Prompt(system="", user=""), context=found, model=None, request_id="r")
    (warning,) = (await create("scaffold").complete(request)).warnings
    assert warning.endswith(effect)
