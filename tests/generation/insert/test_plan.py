"""Plans: bytes that have to survive, new modules, and what is refused."""

from dataclasses import replace

import pytest

from autogen_cli.errors import RejectedError, SymbolExistsError, TargetError
from autogen_cli.generation.insert import plan_edit
from tests.generation.insert.conftest import AimAt, moved

CODE = "import os\n\n\ndef helper():\n    return os.sep\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b"import os\n\n\ndef helper():\n    return os.sep\n"),
        (b"import re\r\n", b"import os\r\nimport re\r\n\r\n\r\ndef helper():\r\n    return os.sep\r\n"),
        (b"import re\r", b"import os\rimport re\r\r\rdef helper():\r    return os.sep\r"),
        (b"import re\nx = 1\r\n", b"import os\nimport re\nx = 1\r\n\n\ndef helper():\n    return os.sep\n"),
        (b"\xef\xbb\xbfimport re\n", b"\xef\xbb\xbfimport os\nimport re\n\n\ndef helper():\n    return os.sep\n"),
        (b"import re", b"import os\nimport re\n\n\ndef helper():\n    return os.sep"),
        (b"import re\r\nx = 1", b"import os\r\nimport re\r\nx = 1\r\n\r\n\r\ndef helper():\r\n    return os.sep"),
        (
            b"# -*- coding: latin-1 -*-\nx = '\xe9'\n",
            b"# -*- coding: latin-1 -*-\n\nimport os\n\nx = '\xe9'\n\n\ndef helper():\n    return os.sep\n",
        ),
        (
            b"def first():\n\treturn '\x0c'\n",
            b"import os\n\n\ndef first():\n\treturn '\x0c'\n\n\ndef helper():\n\treturn os.sep\n",
        ),
    ],
    ids=["empty", "crlf", "cr", "mixed", "bom", "no final newline", "crlf without the last", "cookie", "tabs"],
)
def test_bytes_are_kept(aim_at: AimAt, before: bytes, after: bytes) -> None:
    edit = plan_edit(aim_at(before), CODE)
    assert edit.after == after
    assert edit.code == CODE


def test_every_new_line_ends_as_the_module_does(aim_at: AimAt) -> None:
    names = [f"a_rather_long_name_{number}" for number in range(5)]
    code = f"from collections import {', '.join(names)}\n\n\ndef helper():\n    return {', '.join(names)}\n"
    after = plan_edit(aim_at(b"import re\r\nx = 1\r\n"), code).after
    assert b"from collections import (\r\n    a_rather" in after
    assert after.count(b"\n") == after.count(b"\r\n")


def test_a_character_of_the_encoding_is_written_in_it(aim_at: AimAt) -> None:
    edit = plan_edit(aim_at(b"# coding: latin-1\nx = 1\n"), "def helper():\n    return 'é'\n")
    assert "'é'".encode("latin-1") in edit.after


type Before = str | bytes | None


@pytest.mark.parametrize(
    ("before", "symbol", "code", "error", "message"),
    [
        ("x = 1\n", "helper", "def helper(:\n", RejectedError, r"doesn't parse: .+ \(line 1\)"),
        ("x = 1\n", "helper", f"helper = f{'()' * 2000}\n", RejectedError, "too deep"),
        ("x = 1\n", "helper", "def other(): ...\n", RejectedError, "doesn't define helper"),
        ("x = 1\n", None, "", RejectedError, "doesn't define pkg.tools"),
        ("helper = 1\n", "helper", CODE, SymbolExistsError, "helper exists already in pkg/tools.py: pass --force"),
        ("if x:\n    import helper\n", "helper", CODE, SymbolExistsError, "exists already"),
        ("class S:\n    f = 1\n", "S.f", "def f(self): ...\n", SymbolExistsError, "S.f exists already"),
        ("for helper in x: ...\n", "helper", CODE, SymbolExistsError, "exists already"),
        ("with x as (a, helper): ...\n", "helper", CODE, SymbolExistsError, "exists already"),
        ("try: ...\nexcept E as helper: ...\n", "helper", CODE, SymbolExistsError, "exists already"),
        ("match x:\n    case [*helper]: ...\n", "helper", CODE, SymbolExistsError, "exists already"),
        ("while helper := x():\n    ...\n", "helper", CODE, SymbolExistsError, "exists already"),
        ('"""Doc."""; x = helper()\n', "helper", CODE, TargetError, "line 1 holds a docstring and what needs"),
        ("import abc \\\n\nx = 1\n", "helper", CODE, TargetError, "would be Python no more with the code in"),
        ("x = 1\n", None, "y = 1\n", SymbolExistsError, "pkg.tools exists already"),
        ("x = (\n", "helper", CODE, TargetError, r"pkg/tools.py:1: .+: mend the module first"),
        (b"x = '\xe9'\n", "helper", CODE, TargetError, "can't be read as Python"),
        (b"# coding: klingon\n", "helper", CODE, TargetError, "unknown encoding: klingon"),
        ("x = 1\n", "Shop.open", "def open(self): ...\n", RejectedError, "has no class Shop to put open into"),
        (
            "# coding: ascii\nx = 1\n", "helper", "def helper():\n    return 'é'\n", RejectedError,
            "the code has 'é', which pkg/tools.py",
        ),
    ],
)  # fmt: skip
def test_refusals_say_why(
    aim_at: AimAt, before: Before, symbol: str | None, code: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        plan_edit(aim_at(before, symbol), code)


@pytest.mark.parametrize(
    ("before", "symbol", "code", "message"),
    [
        ("def f(): ...\ndef f(): ...\n", "f", "def f(): ...\n", r"is defined 2 times \(lines 1, 2\)"),
        ("if x:\n    import f\n", "f", "def f(): ...\n", r"binds or does more \(line 2\)"),
        ("a, f = 1, 2\n", "f", "f = 3\n", "binds or does more"),
        ("a = f = 1\n", "f", "f = 3\n", "binds or does more"),
        ("import f\n", "f", "f = 3\n", "binds or does more"),
        ("for f in x:\n    pass\n", "f", "f = 3\n", r"binds or does more \(line 1\)"),
        ("a = 1; f = 2; b = 3\n", "f", "f = 3\n", r"shares its line with other statements \(line 1\)"),
        ("if x: f = 2\n", "f", "f = 3\n", "shares its line"),
    ],
)
def test_what_is_no_statement_of_its_own_is_not_replaced(
    aim_at: AimAt, before: str, symbol: str, code: str, message: str
) -> None:
    with pytest.raises(TargetError, match=message):
        plan_edit(aim_at(before, symbol), code, force=True)


def test_replacing_with_itself_changes_nothing(aim_at: AimAt) -> None:
    text = '# about\n@cached\ndef helper():\n    """Doc."""\n    return 1\n    # end\n\n\nx = 1\n'
    assert plan_edit(aim_at(text), text.rpartition("\n\n\n")[0], force=True).after == text.encode()


def test_an_edit_can_follow_another_that_is_not_written(aim_at: AimAt) -> None:
    target = aim_at("x = 1\n")
    first = plan_edit(target, "def first(): ...\n\n\ndef helper(): ...\n")
    second = plan_edit(replace(target, symbol="second"), "def second(): ...\n", base=first.after)
    assert second.before == first.after == b"x = 1\n\n\ndef helper(): ...\n"
    assert second.after == first.after + b"\n\ndef second(): ...\n"


@pytest.mark.parametrize(
    ("path", "source_root", "created"),
    [
        ("pkg/new.py", "", []),
        ("pkg/deep/er/new.py", "", ["pkg/deep/__init__.py", "pkg/deep/er/__init__.py"]),
        ("pkg/deep/__init__.py", "", []),
        ("space/new.py", "", []),
        ("new.py", "", []),
        ("src/lib/new.py", "src", []),
    ],
)
def test_a_new_module_gets_an_init_where_its_packages_have_one(
    aim_at: AimAt, path: str, source_root: str, created: list[str]
) -> None:
    target = moved(aim_at(None), path, source_root=source_root)
    edit = plan_edit(target, f'"""Doc."""\n\n{CODE}\n\nprint(helper())\n')
    assert (edit.before, edit.after) == (None, f'"""Doc."""\n\n{CODE}'.encode())
    assert [(found.relative_to(target.root).as_posix(), data) for found, data in edit.created] == [
        (name, b"") for name in created
    ]


def test_a_whole_new_module_keeps_all_of_the_answer(aim_at: AimAt) -> None:
    code = "import os\n\nprint(os.sep)\n"
    assert plan_edit(aim_at(None, None, "module"), code).after == code.encode()


def test_a_module_that_is_a_folder_cannot_be_read(aim_at: AimAt) -> None:
    target = aim_at(None)
    target.path.mkdir()
    with pytest.raises(TargetError, match=r"tools\.py can't be read: Is a directory"):
        plan_edit(target, CODE)


END = "\\ No newline at end of file\n"
LAST = f"-x = 1\n{END}+x = 1\n+helper = 1\n{END}"


@pytest.mark.parametrize(
    ("before", "code", "diff"),
    [
        (None, "def helper(): ...\n", "--- /dev/null\n+++ b/pkg/tools.py\n@@ -0,0 +1 @@\n+def helper(): ...\n"),
        ("x = 1\r\n", "helper = 1\n", "--- a/pkg/tools.py\n+++ b/pkg/tools.py\n@@ -1 +1,2 @@\n x = 1\n+helper = 1\n"),
        ("x = 1", "helper = 1\n", f"--- a/pkg/tools.py\n+++ b/pkg/tools.py\n@@ -1 +1,2 @@\n{LAST}"),
    ],
)  # fmt: skip
def test_diff(aim_at: AimAt, before: Before, code: str, diff: str) -> None:
    assert plan_edit(aim_at(before), code).diff() == diff


def test_diff_shows_new_packages_first_and_bytes_that_nobody_can_read(aim_at: AimAt) -> None:
    target = moved(aim_at(None), "pkg/deep/new.py")
    edit = plan_edit(target, "helper = 1\n")
    assert edit.diff().startswith("--- /dev/null\n+++ b/pkg/deep/__init__.py\n--- /dev/null\n+++ b/pkg/deep/new.py\n@@")
    broken = replace(edit, before=b"# coding: klingon\n\xff\n")
    assert "-\N{REPLACEMENT CHARACTER}\n" in broken.diff()
