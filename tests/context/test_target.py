from pathlib import Path

import pytest

from autogen_cli.context.engine import ContextEngine
from autogen_cli.context.project import Project
from autogen_cli.context.target import check_module_name, check_symbol, kind_of_name, locate_module
from autogen_cli.errors import TargetError
from autogen_cli.models import Kind, Target
from tests.conftest import MakeProject

FLAT: dict[str, str | bytes] = {"pyproject.toml": "", "pkg/__init__.py": "", "pkg/a.py": ""}
SOURCE: dict[str, str | bytes] = {"pyproject.toml": "", "src/pkg/__init__.py": "", "src/pkg/a.py": ""}
MONOREPO: dict[str, str | bytes] = {
    "one/pyproject.toml": "",
    "one/src/one/__init__.py": "",
    "two/pyproject.toml": "",
    "two/src/two/__init__.py": "",
    "two/src/two/deep/__init__.py": "",
}
NAMESPACE: dict[str, str | bytes] = {"pyproject.toml": "", "src/space/one/__init__.py": ""}


def resolve(root: Path, module: str, symbol: str | None = None, kind: Kind | None = None) -> Target:
    with ContextEngine(root, index_dir=None) as engine:
        return engine.resolve(module, symbol, kind)


@pytest.mark.parametrize(
    ("files", "module", "path", "exists"),
    [
        (FLAT, "pkg.a", "pkg/a.py", True),
        (FLAT, "pkg", "pkg/__init__.py", True),
        (FLAT, "pkg.new", "pkg/new.py", False),
        (FLAT, "pkg.sub.new", "pkg/sub/new.py", False),
        (FLAT, "fresh", "fresh.py", False),
        (SOURCE, "pkg.a", "src/pkg/a.py", True),
        (SOURCE, "pkg.new", "src/pkg/new.py", False),
        (SOURCE, "fresh", "src/fresh.py", False),
        (SOURCE, "fresh.inner", "src/fresh/inner.py", False),
        (MONOREPO, "two.new", "two/src/two/new.py", False),
        (MONOREPO, "two.deep", "two/src/two/deep/__init__.py", True),
        (MONOREPO, "two.deep.new", "two/src/two/deep/new.py", False),
        (MONOREPO, "one.new", "one/src/one/new.py", False),
        (NAMESPACE, "space.one", "src/space/one/__init__.py", True),
        (NAMESPACE, "space.two", "src/space/two.py", False),
        (NAMESPACE, "space", "src/space/__init__.py", False),
    ],
)
def test_modules_are_found_and_new_ones_get_a_place(
    make_project: MakeProject, files: dict[str, str | bytes], module: str, path: str, exists: bool
) -> None:
    root = make_project(files)
    source_root, found, found_exists = locate_module(Project(root), check_module_name(module))
    assert (found, found_exists) == (path, exists)
    assert path.startswith("/".join(part for part in (source_root, module.replace(".", "/")) if part))


CODE = "class Shop:\n  size = 3\n  def open(self): ...\ndef lower(): ...\nclass odd: ...\nLIMIT = 3\nX: int = 1\n"


@pytest.mark.parametrize(
    ("symbol", "kind", "exists"),
    [
        ("Shop", "class", True),
        ("Shop.open", "method", True),
        ("Shop.close", "method", False),
        ("Shop.size", "method", True),
        ("lower", "function", True),
        ("odd", "class", True),
        ("LIMIT", "constant", True),
        ("missing", "function", False),
        ("Missing", "class", False),
        ("MISSING", "constant", False),
        ("_Hidden", "class", False),
    ],
)
def test_symbols_are_found_and_new_ones_get_a_kind(
    make_project: MakeProject, symbol: str, kind: Kind, exists: bool
) -> None:
    target = resolve(make_project({"m.py": CODE}), "m", symbol)
    assert (target.symbol, target.kind, target.symbol_exists) == (symbol, kind, exists)


def test_the_kind_that_is_asked_for_wins(make_project: MakeProject) -> None:
    assert resolve(make_project({"m.py": ""}), "m", "Thing", "function").kind == "function"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("parse", "function"), ("Parser", "class"), ("MAX_SIZE", "constant"), ("T", "class"), ("_", "function"),
        ("_private", "function"), ("__Odd", "class"), ("HTTP2", "constant"), ("A.b", "method"), ("ä", "function"),
    ],
)  # fmt: skip
def test_a_name_tells_its_kind(name: str, kind: Kind) -> None:
    assert kind_of_name(name.split(".")) == kind


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("pkg/mod.py", "'pkg/mod.py' is a path, not a module name: try pkg.mod"),
        ("src/pkg/__init__.py", "'src/pkg/__init__.py' is a path, not a module name: try pkg"),
        ("pkg\\mod.py", "'pkg\\\\mod.py' is a path, not a module name: try pkg.mod"),
        ("../evil", "'../evil' is a path, not a module name: try evil"),
        ("/etc/passwd", "'/etc/passwd' is a path, not a module name: try etc.passwd"),
        ("/", "'/' is a path, not a module name"),
        ("..evil", "'..evil' is not a module name: give a dotted name such as package.module"),
        ("pkg..mod", "'pkg..mod' is not a module name: give a dotted name such as package.module"),
        ("", "'' is not a module name: give a dotted name such as package.module"),
        ("a b", "'a b' is not a module name: give a dotted name such as package.module"),
        ("a\nb", "'a\\nb' is not a module name: give a dotted name such as package.module"),
        ("a" * 5000, "a module name of 5000 characters is too long: 250 is the most"),
        ("my-mod", "'my-mod' is not a module name: give a dotted name such as package.module"),
        (
            "pkg.class",
            "'pkg.class' is not a module name: class is a keyword: give a dotted name such as package.module",
        ),
    ],
)
def test_names_that_are_no_module(module: str, message: str) -> None:
    with pytest.raises(TargetError) as caught:
        check_module_name(module)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("symbol", "message"),
    [
        ("A.b.c", "'A.b.c' is nested too deep: give a name, Class or Class.method"),
        ("a-b", "'a-b' is not a symbol's name: give a name, Class or Class.method"),
        ("A.", "'A.' is not a symbol's name: give a name, Class or Class.method"),
        ("def", "'def' is not a symbol's name: def is a keyword: give a name, Class or Class.method"),
        ("f()", "'f()' is not a symbol's name: give a name, Class or Class.method"),
    ],
)
def test_names_that_are_no_symbol(symbol: str, message: str) -> None:
    with pytest.raises(TargetError) as caught:
        check_symbol(symbol)
    assert str(caught.value) == message


def test_soft_keywords_and_letters_of_all_scripts_are_names() -> None:
    assert check_symbol("match.größe") == ("match", "größe")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"def f(:\n    pass\n", "pkg/mod.py:1 has a syntax error: invalid syntax"),
        (b"x = 1\ny = '\xff'\n", "pkg/mod.py:2 is not UTF-8"),
        (b"# -*- coding: latin-1 -*-\nx = '\xe4'\n", "pkg/mod.py:2 is not UTF-8"),
    ],
)
def test_a_module_that_cannot_be_edited_is_refused_in_one_line(
    make_project: MakeProject, content: bytes, message: str
) -> None:
    root = make_project({"pkg/__init__.py": "", "pkg/mod.py": content})
    with pytest.raises(TargetError) as caught:
        resolve(root, "pkg.mod", "f")
    assert caught.value.message == message
    assert caught.value.hint


def test_a_new_module_can_be_asked_for_again(make_project: MakeProject) -> None:
    with ContextEngine(make_project(FLAT), index_dir=None) as engine:
        assert [engine.resolve("pkg.new", name).module_exists for name in ("one", "one", "two")] == [False] * 3


def test_a_module_that_is_gone_by_now(make_project: MakeProject) -> None:
    root = make_project({"mod.py": ""})
    with ContextEngine(root, index_dir=None) as engine:
        (root / "mod.py").unlink()
        with pytest.raises(TargetError, match=r"^mod\.py can't be read: No such file or directory$"):
            engine.resolve("mod", None)


@pytest.mark.parametrize(
    ("link", "goal", "module", "message"),
    [
        ("pkg/out", "..", "pkg.out.new", "pkg/out leads out of the project through a link"),
        ("pkg/mod.py", "other.py", "pkg.mod", "pkg/mod.py is a link"),
        ("pkg/linked", "pkg", "pkg.linked", "pkg/linked is a link"),
        ("plain/__init__.py", "other.py", "plain", "plain/__init__.py is a link"),
    ],
)
def test_links_lead_no_new_file_astray(
    make_project: MakeProject, link: str, goal: str, module: str, message: str
) -> None:
    root = make_project({"pkg/__init__.py": "", "other.py": "", "plain/a.py": ""})
    (root / link).symlink_to(root / goal)
    with pytest.raises(TargetError) as caught:
        resolve(root, module)
    assert caught.value.message == message


def test_a_module_is_no_package(make_project: MakeProject) -> None:
    root = make_project({"pkg/__init__.py": "", "pkg/mod.py": ""})
    with pytest.raises(
        TargetError, match=r"^pkg\.mod is a module, not a package \(pkg/mod\.py\): name a module beside"
    ):
        resolve(root, "pkg.mod.new")


def test_a_module_that_was_left_out_counts_when_it_is_named(make_project: MakeProject) -> None:
    root = make_project({".gitignore": "made.py\n", "pkg/__init__.py": "", "pkg/made.py": "def f(): ...\n"})
    target = resolve(root, "pkg.made", "f")
    assert (target.relative_path, target.module_exists, target.symbol_exists) == ("pkg/made.py", True, True)


@pytest.mark.parametrize(("module", "hidden"), [("os.path", "os"), ("json", "json"), ("types.mine", "types")])
def test_no_new_module_hides_the_standard_library(make_project: MakeProject, module: str, hidden: str) -> None:
    root = make_project({"src/pkg/__init__.py": ""})
    with pytest.raises(
        TargetError, match=rf"^{module} would hide the standard library's {hidden}: name a module below"
    ):
        resolve(root, module, "f")


@pytest.mark.parametrize("module", ["types", "test.tools", "pkg.types"])
def test_a_project_may_have_taken_such_a_name_already(make_project: MakeProject, module: str) -> None:
    root = make_project({"types.py": "", "test/a.py": "", "pkg/__init__.py": ""})
    assert resolve(root, module, "f").module == module


def test_a_module_of_ten_megabytes_is_no_code(make_project: MakeProject) -> None:
    root = make_project({"pkg/__init__.py": ""})
    with (root / "pkg" / "big.py").open("wb") as file:
        file.truncate(2_000_000_000)
    with pytest.raises(TargetError, match=r"^pkg/big\.py can't be read: larger than 10 MB"):
        resolve(root, "pkg.big", "f")


def test_the_signature_of_a_definition_that_exists(make_project: MakeProject) -> None:
    text = (
        "import t\n\n\n@t.overload\ndef f(a: int) -> int: ...\ndef f(\n    a,\n    b='é',\n):  # why\n    # how\n"
        "    @wrapped\n    def inner(): ...\n\n\nclass C(Base):\n    @property\n    def p(self) -> int: return 1\n"
        "X = 1\nif X:\n    def g(): ...\n"
    )
    root = make_project({"pyproject.toml": "", "a.py": text})
    found = {symbol: resolve(root, "a", symbol).signature for symbol in ("f", "C", "C.p", "X", "g", "missing")}
    assert found == {
        "f": "def f(\n    a,\n    b='é',\n):  # why",
        "C": "class C(Base):",
        "C.p": "@property\ndef p(self) -> int:",
        "X": "",
        "g": "",
        "missing": "",
    }
