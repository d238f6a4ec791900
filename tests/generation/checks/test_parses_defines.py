"""The code parses, defines what was asked, and what can't be judged is skipped."""

import pytest

from autogen_cli.generation.checks import CHECKS
from tests.conftest import MakeProject
from tests.generation.checks.judging import checked, verdict

FILES = {
    "app/tools.py": """
        class Mine:
            x = 1
    """,
    "app/caller.py": """
        from app.tools import LIMIT, Kind, fix
        class Mine(Kind): ...
        print(fix(), LIMIT + 1)
    """,
}

PARSES = [
    ("def fix():\n    return 1\n", "pass"),
    ("def fix(:\n", "fail 1: invalid syntax"),
    ("def fix():\n    return 1\nreturn 2\n", "fail 3: 'return' outside function"),
    ("def fix():\n    await x()\n", "fail 2: 'await' outside async function"),
    ("def fix():\n    return '\0'\n", "fail: source code string cannot contain null bytes"),
    ("fix = " + "(" * 3_000 + ")" * 3_000, "fail 1: too many nested parentheses"),
]


@pytest.mark.parametrize(("answer", "expected"), PARSES)
def test_parses(make_project: MakeProject, answer: str, expected: str) -> None:
    checks = checked(make_project, FILES, "fix", answer)
    assert verdict(checks["parses"]) == expected
    rest = {verdict(check) for name, check in checks.items() if name not in {"parses", "defines"}}
    if expected != "pass":
        assert verdict(checks["defines"]) == "skipped: the code doesn't parse"
        assert rest == {"skipped: there is nothing to put in"}


DEFINES = [
    ("fix", "async def fix():\n    return 1\n", "pass"),
    ("fix", "if True:\n    def fix():\n        return 1\n", "pass"),
    ("fix", "def fix(): ...\n", "warn 1: fix does nothing"),
    ("fix", "X = 1\ndef fix():\n    '''Docs.'''\n    pass\n", "warn 2: fix does nothing"),
    ("fix", "from functools import cache\n@cache\ndef fix(): ...\n", "pass"),
    ("fix", "def other(): return 1\nX = 2\n", "fail: the code defines X, other, not fix"),
    ("fix", "'docs'\n", "fail: the code defines nothing, not fix"),
    ("fix", "from urllib.parse import quote as fix\n", "fail: the code imports fix instead of defining it"),
    ("fix", "class fix: pass\n", "fail 1: fix is a class, not a function"),
    ("fix", "X = 1\nfix = 3\n", "fail 2: fix is a constant, not a function"),
    ("fix", "fix = f'{1}'\n", "fail 1: fix is a constant, not a function"),
    ("fix", "fix = print\n", "pass"),
    ("fix", "fix = lambda: 1\n", "pass"),
    ("Kind", "class Kind: pass\n", "pass"),
    ("Kind", "def Kind(): return 1\n", "fail 1: Kind is a function, not a class"),
    ("Kind", "Kind = object\n", "fail 1: Kind is a constant, not a class"),
    ("LIMIT", "LIMIT: int = 3\n", "pass"),
    ("LIMIT", "def LIMIT(): return 1\n", "fail 1: LIMIT is a function, not a constant"),
    ("Mine.fix", "def fix(self): return 1\n", "pass"),
    ("Mine.fix", "class Mine:\n    def fix(self): return 1\n", "pass"),
    ("Mine.fix", "class Mine:\n    fix = 3\n", "pass"),  # the kind is a guess, and nobody calls it
    ("Mine.fix", "class Mine:\n    def go(self): return 1\n", "fail: the code defines Mine, not Mine.fix"),
]


@pytest.mark.parametrize(("symbol", "answer", "expected"), DEFINES)
def test_defines(make_project: MakeProject, symbol: str, answer: str, expected: str) -> None:
    assert verdict(checked(make_project, FILES, symbol, answer)["defines"]) == expected


@pytest.mark.parametrize(("answer", "expected"), [("X = 1\n", "pass"), ("# nothing\n", "fail: the code is empty")])
def test_a_whole_module(make_project: MakeProject, answer: str, expected: str) -> None:
    assert verdict(checked(make_project, FILES, None, answer, module="app.new")["defines"]) == expected


def test_nothing_is_checked_of_what_cant_be_put_in(make_project: MakeProject) -> None:
    checks = checked(make_project, FILES, "fix", "def other(): return 1\n")
    assert {check.status for name, check in checks.items() if name not in {"parses", "defines"}} == {"skipped"}


def test_checks_are_switched_off_by_name(make_project: MakeProject) -> None:
    checks = checked(make_project, FILES, "fix", "def fix(): return gone\n", skip={"names", "async"})
    assert [n for n, check in checks.items() if verdict(check) == "skipped: switched off"] == ["names", "async"]
    assert list(checks) == ["parses", "defines", *CHECKS]


NESTED = [
    (f"{'-' * 100}1", "pass"),
    (f"1{' + 1' * 2_000}", "fail: the code is nested too deeply to be checked"),
    (f"{'-' * 1_500}1", "skipped: there is nothing to put in"),
]


@pytest.mark.parametrize(("value", "expected"), NESTED)
def test_deep_nesting_is_a_verdict_and_no_crash(make_project: MakeProject, value: str, expected: str) -> None:
    checks = checked(make_project, FILES, "fix", f"def fix():\n    return {value}\n")
    assert verdict(checks["parses"]) == "pass"
    assert verdict(checks["keeps"]) == expected


def test_identifiers_are_normalized_as_python_does(make_project: MakeProject) -> None:
    caller = "from app.tools import größe\ngröße(1, \ufb01eld=2)\n"
    checks = checked(
        make_project, {"app/tools.py": "", "app/c.py": caller}, "größe", "def größe(a, *, \ufb01eld): return a\n"
    )
    assert {check.status for check in checks.values()} <= {"pass", "skipped"}
    assert verdict(checks["call_sites"]) == "pass: 1 calls fit"


def test_the_symbol_asked_for_is_normalized_too(make_project: MakeProject) -> None:
    checks = checked(make_project, FILES, "\ufb01x", "def \ufb01x(): return 1\n")
    assert verdict(checks["defines"]) == "pass"
    assert verdict(checks["call_sites"]) == "pass: 1 calls fit"


WALRUS, MATCH = "def fix(a):\n    if (b := a): return b\n", "def fix(a):\n    match a:\n        case 1: return a\n"
SUPPORTS, NEEDS = "the project supports Python", "[project]\nname = 'a'\nrequires-python"
WORDS = "Pattern matching is only supported in Python 3.10 and greater"
OLDEST = [
    ("pyproject.toml", f"{NEEDS} = '>=3.9'\n", MATCH, f"fail 3: {SUPPORTS} 3.9: {WORDS}"),
    ("pyproject.toml", f"{NEEDS} = '>=3.9'\n", WALRUS, "pass"),
    ("pyproject.toml", f"{NEEDS} = '>=3.10,<4'\n", MATCH, "pass"),
    ("pyproject.toml", "[tool.poetry.dependencies]\npython = '^3.8'\n", MATCH, f"fail 3: {SUPPORTS} 3.8: {WORDS}"),
    ("setup.cfg", "[options]\npython_requires = >=3.8\n", MATCH, f"fail 3: {SUPPORTS} 3.8: {WORDS}"),
    ("setup.cfg", "[options]\nzip_safe = no\n", MATCH, "pass"),
]


@pytest.mark.parametrize(("manifest", "text", "answer", "expected"), OLDEST)
def test_parses_on_the_oldest_python(
    make_project: MakeProject, manifest: str, text: str, answer: str, expected: str
) -> None:
    files = {"app/tools.py": "X = 1\n", manifest: text}
    assert verdict(checked(make_project, files, "fix", answer)["parses"]) == expected


def test_a_module_that_needs_a_newer_python_may_have_it(make_project: MakeProject) -> None:
    text = f"{NEEDS} = '>=3.9'\n"
    files = {"app/tools.py": MATCH.replace("fix", "other"), "pyproject.toml": text}
    assert verdict(checked(make_project, files, "fix", MATCH)["parses"]) == "pass"
