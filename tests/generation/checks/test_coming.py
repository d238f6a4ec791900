"""What another row of the batch makes counts as existing, and the verdict says so."""

import pytest

from autogen_cli.generation.checks.coming import Coming, Place
from tests.conftest import MakeProject
from tests.generation.checks.judging import checked, verdict

FILES = {"app/tools.py": "X = 1\n", "app/other.py": "ONE = 1\n", "app/sub/__init__.py": ""}


@pytest.mark.parametrize(
    ("code", "coming", "name", "says"),
    [
        ("return twin()", {("app.tools", "twin")}, "names", "pass: other rows of the batch make twin"),
        ("return twin()", {("app.other", "twin")}, "names", "fail 2: twin is not defined"),
        ("import app.other\n    return app.other.two()", {("app.other", "two")}, "names",
         "pass: other rows of the batch make app.other.two"),
        ("import app.sub\n    return app.sub.new", {("app.sub.new", "")}, "names",
         "pass: other rows of the batch make app.sub.new"),
        ("import json\n    return json.two()", {("json", "two")}, "names", "fail 3: json has no two"),
        ("from app.other import two", {("app.other", "two")}, "imports",
         "pass: other rows of the batch make app.other.two"),
        ("from .other import two, three", {("app.other", "two")}, "imports",
         "fail 2: .other has no three; other rows of the batch make .other.two"),
        ("from app.sub import new", {("app.sub.new", "")}, "imports", "pass: other rows of the batch make app.sub.new"),
        ("from fresh.start import go", {("fresh.start", "go")}, "imports",
         "pass: other rows of the batch make fresh.start.go"),
        ("import fresh.start", {("fresh.start", "")}, "imports", "pass: other rows of the batch make fresh.start"),
    ],
)  # fmt: skip
def test_what_is_coming_counts_as_there(
    make_project: MakeProject, code: str, coming: set[Place], name: str, says: str
) -> None:
    answer = f"def fix():\n    {code}\n"
    assert verdict(checked(make_project, FILES, "fix", answer, coming=Coming(coming))[name]) == says


def test_what_nobody_makes_is_told(make_project: MakeProject) -> None:
    coming = Coming()
    answer = "from app.other import two\nimport app.sub\ndef fix():\n    return two(), twin(), app.sub.new\n"
    checked(make_project, FILES, "fix", answer, coming=coming)
    assert coming.missing == {
        ("app.other", "two"), ("app.other.two", ""), ("app.tools", "twin"), ("app.sub", "new"), ("app.sub.new", ""),
    }  # fmt: skip
