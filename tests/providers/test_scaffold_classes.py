"""Classes, constants and whole modules from their uses."""

import ast

import pytest

from autogen_cli.models import CallSite
from autogen_cli.providers.scaffold import scaffold
from tests.providers.scaffolding import code_of, context, site

STUB = "raise NotImplementedError('shop.Cart"
EXIT = "exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None"


def cart(text: str, *uses: str, **fields) -> CallSite:
    return site(text, *uses, name="Cart", **fields)


def class_of(*sites: CallSite, symbol: str = "Cart", **fields) -> str:
    """The class without imports; the stubs' messages shortened."""
    code = code_of(*sites, symbol=symbol, kind="class", **fields)
    code = code[max(code.find("\nclass "), -1) + 1 :]
    return code.replace(" is a scaffold: write its body", "")


@pytest.mark.parametrize(
    ("sites", "body"),
    [
        ([], ["def __init__(self, *args: Any, **kwargs: Any) -> None:", "    self.args = args",
         "    self.kwargs = kwargs",
              f"    {STUB}')"]),
        ([cart("Cart(owner, size=3)")],
         ["def __init__(self, owner: Any, *, size: int) -> None:", "    self.owner = owner", "    self.size = size",
          f"    {STUB}')"]),
        ([cart("c = Cart(owner)", "assigned", names="c", members="owner total")],
         ["total: Any = None", "", "def __init__(self, owner: Any) -> None:", "    self.owner = owner"]),
        ([cart("c = Cart()", "assigned", names="c", members="add() total")],
         ["total: Any = None", "", "def add(self, *args: Any, **kwargs: Any) -> Any:", f"    {STUB}.add')"]),
        ([cart("Cart().add(item, count=3)", "attribute", members="add()")],
         ["def add(self, item: Any, *, count: int) -> None:", f"    {STUB}.add')"]),
        ([cart("await Cart().add()", "attribute", members="add()", awaited=False)],
         ["async def add(self) -> Any:", f"    {STUB}.add')"]),
        ([cart("x = Cart.load(path)", "attribute", arguments=None, members="load()")],
         ["@classmethod", "def load(cls, path: Any) -> Any:", f"    {STUB}.load')"]),
        ([cart("x = Cart.LIMIT", "attribute", members="LIMIT")], ["LIMIT: ClassVar[Any] = None"]),
        ([cart("with Cart() as c:", "context")],
         ["def __enter__(self) -> Any:", f"    {STUB}.__enter__')", "",
          f"def __exit__(self, {EXIT}) -> bool | None:", f"    {STUB}.__exit__')"]),
        ([cart("for x in Cart():", "iterated"), cart("len(Cart())", "argument"), cart("Cart()[0]", "subscript")],
         ["def __iter__(self) -> Iterator[Any]:", f"    {STUB}.__iter__')", "",
          "def __getitem__(self, key: Any) -> Any:",
          f"    {STUB}.__getitem__')", "", "def __len__(self) -> int:", f"    {STUB}.__len__')"]),
        ([cart("await Cart()", "ignored")],
         ["def __await__(self) -> Generator[Any, None, Any]:", f"    {STUB}.__await__')"]),
        ([cart("await Cart()(scope, send)", "called", awaited=False)],
         ["async def __call__(self, scope: Any, send: Any) -> Any:", f"    {STUB}.__call__')"]),
        ([cart("@Cart()\ndef f(): ...", "decorator")],
         ["def __call__(self, *args: Any, **kwargs: Any) -> Any:", f"    {STUB}.__call__')"]),
        ([cart("c = Cart()", members="list()")],
         ["def list(self, *args: Any, **kwargs: Any) -> Any:", f"    {STUB}.list')"]),
        ([cart("class Big(Cart):", "base")], ["..."]),
        ([cart("assert Cart().size == 3", "attribute", members="size")], ["size: Any = None"]),
        ([cart("f = Cart(1).apply", "attribute", members="apply"), cart("Cart(2).apply()", "attribute",
         members="apply()")],
         ["def __init__(self, value: int) -> None:", "    self.value = value", "", "def apply(self) -> None:",
          f"    {STUB}.apply')"]),
        ([cart("x = Cart.__name__", "attribute", members="__name__")], ["..."]),
        ([site("Cart.total(2)", name="total", symbol="total"), cart("Cart()")],
         ["@classmethod", "def total(cls, value: int) -> Any:", f"    {STUB}.total')"]),
    ],
)  # fmt: skip
def test_classes(sites: list[CallSite], body: list[str]) -> None:
    lines = class_of(*sites).splitlines()
    assert lines[0] == "class Cart:"
    assert [line.removeprefix("    ") for line in lines[1:] if line] == [line for line in body if line]


@pytest.mark.parametrize(
    ("name", "sites", "lines"),
    [
        ("CartError", [site("raise CartError('x')", "raised", name="CartError")], ["class CartError(Exception):",
         "    ..."]),
        ("CartWarning", [], ["class CartWarning(UserWarning):"]),
        ("Empty", [site("except Empty:", name="Empty", arguments=None)], ["class Empty(Exception):", "    ..."]),
        ("Empty", [site("with pytest.raises(Empty):", "argument", name="Empty", arguments=None)],
         ["class Empty(Exception):", "    ..."]),
        (
            "CartError",
            [site("raise CartError(item, code=3)", "raised", name="CartError", members="args code with_traceback()")],
            ["class CartError(Exception):", "", "    def __init__(self, item: Any, *, code: int) -> None:",
             "        super().__init__(item)", "        self.item = item", "        self.code = code"],
        ),
        (
            "Color",
            [site("x = Color.RED", "attribute", name="Color", members="RED"),
             site("Color.BLUE.value", "attribute", name="Color", members="BLUE"),
             site("Color('red')", name="Color")],
            ["class Color(Enum):", "    RED = auto()", "    BLUE = auto()"],
        ),
        (
            "Color",
            [site("for c in Color:", "iterated", name="Color"), site("Color.RED", "attribute", name="Color",
             members="RED")],
            ["class Color(Enum):", "    RED = auto()"],
        ),
    ],
)  # fmt: skip
def test_exceptions_and_enumerations(name: str, sites: list[CallSite], lines: list[str]) -> None:
    if name == "CartWarning":
        assert class_of(*sites, symbol=name).startswith(lines[0])
    else:
        assert class_of(*sites, symbol=name).splitlines() == lines


def test_names_of_members_do_not_stand_in_for_types() -> None:
    sites = [cart("c = Cart([1])", members="list()"), cart("c = Cart(None)")]
    assert "def __init__(self, values: 'list[int] | None') -> None:" in code_of(*sites, symbol="Cart", kind="class")


def test_without_annotations_attributes_are_plain() -> None:
    lines = scaffold(
        context("Cart", cart("Cart().size"), kind="class", conventions=("Functions have no annotations.",))
    ).splitlines()
    assert lines[0] == "class Cart:"
    assert lines[-1] == "    size = None"


@pytest.mark.parametrize(
    ("name", "text", "uses", "members", "assignment"),
    [
        ("LIMIT", "f(LIMIT)", "argument", "", "LIMIT: int = 0"),
        ("TIMEOUT", "f(TIMEOUT)", "argument", "", "TIMEOUT: float = 0.0"),
        ("BASE_URL", "f(BASE_URL)", "argument", "", "BASE_URL: str = ''"),
        ("IS_LINUX", "if IS_LINUX:", "tested", "", "IS_LINUX: bool = False"),
        ("X", "assert X == 'a'", "compared", "", "X: str = ''"),
        ("X", "if n > X:", "compared", "", "X: int = 0"),
        ("X", "if X < 1.5:", "compared", "", "X: float = 0.0"),
        ("X", "if n in X:", "compared", "", "X: frozenset[Any] = frozenset()"),
        ("X", "for n in X:", "iterated", "", "X: tuple[Any, ...] = ()"),
        ("X", "f(X)", "argument", "", "X: Any = None"),
        ("NAMES", "f(NAMES)", "argument", "", "NAMES: tuple[Any, ...] = ()"),
        ("X", "n = X['a']", "subscript", "", "X: dict[str, Any] = {}"),
        ("X", "X.items()", "attribute", "items()", "X: dict[str, Any] = {}"),
        ("X", "isinstance(n, X)", "argument", "", "X: tuple[type, ...] = ()"),
        ("X", "if n is X:", "compared", "", "X: Any = object()"),
        ("_MISSING", "f(_MISSING)", "argument", "", "_MISSING: Any = object()"),
        ("WINDOWS", "if WINDOWS:", "tested", "", "WINDOWS: bool = False"),
        ("X", "if X is None:", "compared", "", "X: Any = None"),
        ("X", "X.match(n)", "attribute", "match()", "X: Any = None"),
        ("X_RE", "X_RE.match(n)", "attribute", "match()", "X_RE: re.Pattern[str] = re.compile('')"),
        ("LOG", "LOG.info('x')", "attribute", "info()", "LOG: logging.Logger = logging.getLogger(__name__)"),
        ("LOCK", "with LOCK:", "context", "", "LOCK: threading.Lock = threading.Lock()"),
        ("X", "X(1)", "ignored", "", "X: Any = lambda *args, **kwargs: NotImplemented"),
    ],
)
def test_constants(name: str, text: str, uses: str, members: str, assignment: str) -> None:
    found = site(text, uses, name=name, members=members)
    assert code_of(found, symbol=name, kind="constant").splitlines()[-1] == assignment


def test_a_constant_says_in_a_comment_where_it_is_used() -> None:
    made = context(
        "LIMIT", site("f(LIMIT)", name="LIMIT"), kind="constant", conventions=("Functions have no annotations.",)
    )
    assert scaffold(made) == "# Scaffold: the value isn't known yet.\n# Used in:\n#     app.py:3  f(LIMIT)\nLIMIT = 0\n"


def test_a_module_holds_every_name_that_is_used_from_it() -> None:
    sites = [
        site("from shop import total, VERSION, Cart", symbol=None),
        site("x = total(cart, 3)", "assigned", name="total", symbol="total"),
        site("Cart(owner)", name="Cart", symbol="Cart"),
        site("Cart(owner).add(1)", "ignored", name="add", symbol="Cart.add"),
        site("logger.info('x')", "attribute", name="logger", arguments=None, symbol="logger", members="info()"),
        site("class Big(base):", "base", name="base", symbol="base"),
        site("f(handler)", "argument", name="handler", symbol="handler"),
    ]
    assert code_of(*sites, symbol=None, kind="module").splitlines() == [
        "import logging", "from typing import Any",
        "VERSION: str = ''", "logger: logging.Logger = logging.getLogger(__name__)", "",
        "class Cart:", "",
        "    def __init__(self, owner: Any) -> None:", "        self.owner = owner", "",
        "    def add(self, value: int) -> None:",
        "        raise NotImplementedError('shop.Cart.add is a scaffold: write its body')", "",
        "class base:", "    ...", "",
        "def total(cart: Any, value: int) -> Any:",
        "    raise NotImplementedError('shop.total is a scaffold: write its body')", "",
        "def handler(*args: Any, **kwargs: Any) -> Any:",
        "    raise NotImplementedError('shop.handler is a scaffold: write its body')",
    ]  # fmt: skip
    assert scaffold(context(None, *sites, kind="module")).startswith(
        '"""Scaffold: nothing is implemented yet."""\n\nimport'
    )


def test_an_unused_module_is_a_docstring() -> None:
    module = ast.parse(scaffold(context(None, site("import shop"), kind="module")))
    assert len(module.body) == 1
    assert ast.get_docstring(module) == "Scaffold: nothing is implemented yet.\n\nUsed in:\n    app.py:3  import shop"
