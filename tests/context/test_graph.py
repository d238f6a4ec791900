import contextlib
import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autogen_cli.context import graph_child
from autogen_cli.context.engine import ContextEngine
from autogen_cli.context.evidence import Evidence, Found
from autogen_cli.context.graph import CodebaseAnalyzer, GraphAnalyzer, GraphError
from autogen_cli.context.graph_copy import Copies, pick_files
from tests.conftest import MakeProject

FILES = {
    "pyproject.toml": "[project]\nname = 'pkg'\n",
    "src/pkg/__init__.py": "from .tools import helper as helper\n",
    "src/pkg/tools.py": (
        "import abc\n\nclass Thing:\n  def go(self):\n    return self.run(1)\n\ndef own():\n    return helper(9)\n"
    ),
    "src/pkg/a.py": (
        "from pkg.tools import helper as h, Thing\n"
        "from pkg import tools\n"
        "import pkg\n"
        "__all__ = ['f']\n\n"
        "async def f() -> 'Thing':\n"
        "    x = await h(1, b=2)\n"
        "    a, b = tools.helper(3)\n"
        "    return map(h, pkg.helper(5))\n\n"
        "def g(t: Thing):\n"
        "    return t.run(4)\n"
    ),
    "src/pkg/other.py": "def helper(): ...\nhelper()\n",
    "tests/test_a.py": "from pkg import helper\n\ndef test():\n    assert helper(3) == 4\n",
}
HELPER = [
    ("src/pkg/tools.py", 8, "use", "helper"),
    ("src/pkg/__init__.py", 1, "import", "helper"),
    ("src/pkg/a.py", 1, "import", "h"),
    ("src/pkg/a.py", 7, "use", "h"),
    ("src/pkg/a.py", 8, "use", "helper"),
    ("src/pkg/a.py", 9, "use", "h"),
    ("src/pkg/a.py", 9, "use", "helper"),
    ("tests/test_a.py", 1, "import", "helper"),
    ("tests/test_a.py", 4, "use", "helper"),
]


class Question:
    """A target in a project, with what the index knows of it."""

    def __init__(self, root: Path, module: str, symbol: str | None) -> None:
        self.engine = ContextEngine(root)
        self.sources = self.engine.sources
        self.target = self.engine.resolve(module, symbol)
        self.found: list[Found] = Evidence(self.sources, self.target).find()

    def ask(self, analyzer: GraphAnalyzer | CodebaseAnalyzer) -> list[tuple[str, int, str, str]]:
        found = analyzer.find(self.sources, self.target, self.found)
        return [(item.path, item.usage.line, item.usage.kind, item.usage.name) for item in found]


def fake(tmp_path: Path, code: str) -> list[str]:
    """A child that runs `code`, which sees the request and can set an answer."""
    script = tmp_path / "child.py"
    script.write_text(
        "import json, os, pathlib, sys, time\n"
        "request = json.loads(pathlib.Path(sys.argv[1]).read_text())\n"
        "answer = {'occurrences': []}\n" + code + "\n"
        "pathlib.Path(sys.argv[2]).write_text(json.dumps(answer))\n"
    )
    return [sys.executable, str(script)]


@pytest.fixture(scope="module")
def graph_sitter() -> Iterator[Any]:
    """The real thing in this process; what its import changes is put back."""
    hook, root, environment = sys.excepthook, logging.getLogger(), dict(os.environ)
    handlers, level = root.handlers[:], root.level
    import warnings

    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        import graph_sitter

        yield graph_sitter
    sys.excepthook, root.handlers[:] = hook, handlers
    root.setLevel(level)
    os.environ.clear()
    os.environ.update(environment)


@pytest.fixture
def codebase(graph_sitter: Any, make_project: MakeProject) -> Any:
    """The project with its packages at the top: graph-sitter doesn't follow `import pkg` into `src`."""
    root = make_project({name.removeprefix("src/"): text for name, text in FILES.items()})
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    return graph_sitter.Codebase(str(root), language="python")


def test_the_child_finds_every_usage_and_leaves_the_project_alone(make_project: MakeProject, tmp_path: Path) -> None:
    root = make_project(FILES | {".env": "CODEBASE_DISABLE_GRAPH=true\n"})
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    config, names = (root / ".git/config").read_bytes(), sorted(root.rglob("*"))
    question = Question(root, "pkg.tools", "helper")
    analyzer = GraphAnalyzer(cache_dir=tmp_path / "kept")
    assert question.ask(analyzer) == HELPER
    assert (root / ".git/config").read_bytes() == config
    assert sorted(root.rglob("*")) == names
    broken = GraphAnalyzer(cache_dir=tmp_path / "kept", command=["/does/not/exist"])
    assert question.ask(broken) == HELPER


@pytest.mark.parametrize(
    ("symbol", "stub", "seen"),
    [
        (
            "helper",
            "",
            [
                (path.removeprefix("src/"), line, "h" if name == "h" and line > 1 else "helper")
                for path, line, _, name in HELPER
            ],
        ),
        ("Thing", "", [("pkg/a.py", 1, "Thing"), ("pkg/a.py", 11, "Thing")]),
        ("Thing.run", "  def run(self, *args): ...\n", [("pkg/a.py", 12, "run"), ("pkg/tools.py", 5, "run")]),
    ],
)
def test_graph_sitter_tells_who_uses_a_symbol(
    graph_sitter: Any, make_project: MakeProject, symbol: str, stub: str, seen: list[Any]
) -> None:
    files = {name.removeprefix("src/"): text for name, text in FILES.items()}
    before, after = files["pkg/tools.py"].split("\ndef own")
    files["pkg/tools.py"] = f"{before}{stub}\ndef own{after}" + ("def helper(*a): ...\n" if symbol == "helper" else "")
    root = make_project(files)
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    request, answer = root.parent / "request.json", root.parent / "answer.json"
    asked = {"root": str(root), "path": "pkg/tools.py", "symbol": symbol, "source_roots": [], "facts": True}
    request.write_text(json.dumps(asked))
    graph_child.main(str(request), str(answer))
    told = json.loads(answer.read_text())
    assert sorted(map(tuple, told["occurrences"])) == sorted(seen)
    facts = told["files"]["pkg/tools.py"]
    assert ["Thing", 3] in facts["symbols"]
    assert ["Thing.go", 4] in facts["symbols"]
    assert facts["imports"] == [["abc", "abc", "abc", 1]]


def test_an_open_codebase_is_asked_in_place(codebase: Any) -> None:
    analyzer = CodebaseAnalyzer(codebase)
    question = Question(analyzer.root, "pkg.tools", "helper")
    assert question.ask(analyzer) == [(path.removeprefix("src/"), *rest) for path, *rest in HELPER]
    question = Question(analyzer.root, "pkg.tools", "Thing")
    assert question.ask(analyzer) == [
        ("pkg/a.py", 1, "import", "Thing"),
        ("pkg/a.py", 6, "annotation", "Thing"),
        ("pkg/a.py", 11, "annotation", "Thing"),
    ]
    for symbol in ("Thing.run", None):
        question = Question(analyzer.root, "pkg.tools", symbol)
        assert analyzer.find(question.sources, question.target, question.found) == question.found


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("sys.exit('\\nImportError: no module named graph_sitter\\n')", "it failed: ImportError: no module named"),
        ("os.kill(os.getpid(), 9)", "it failed: no message"),
        ("time.sleep(60)", r"it took longer than 0\.5 s"),
        ("sys.exit(0)", "it ended without an answer"),
    ],
)
def test_a_child_that_fails_is_an_error_with_its_reason(
    make_project: MakeProject, tmp_path: Path, code: str, reason: str
) -> None:
    question = Question(make_project(FILES), "pkg.tools", "helper")
    with pytest.raises(GraphError, match=reason):
        question.ask(GraphAnalyzer(command=fake(tmp_path, code), timeout=0.5 if "sleep" in code else 60))


def test_what_cannot_be_started_or_asked_is_an_error(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_project(FILES)
    with pytest.raises(GraphError, match="/does/not/exist can't be started: No such file"):
        Question(root, "pkg.tools", "helper").ask(GraphAnalyzer(command=["/does/not/exist"]))
    with pytest.raises(GraphError, match="no answer for a whole module"):
        Question(root, "pkg.new", None).ask(GraphAnalyzer())
    monkeypatch.setitem(sys.modules, "graph_sitter", None)
    with pytest.raises(GraphError, match=r"it isn't installed \(pip install 'autogen-cli\[graph\]'\)"):
        Question(root, "pkg.tools", "helper").ask(GraphAnalyzer())


def test_the_child_gets_a_private_copy_and_nothing_of_our_environment(
    make_project: MakeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEBASE_DISABLE_GRAPH", "true")
    monkeypatch.setenv("ENV", "production")
    seen = tmp_path / "seen.json"
    code = (
        "print('noise')\n"
        "root = pathlib.Path(request['root'])\n"
        "told = {'env': dict(os.environ), 'cwd': os.getcwd(), 'git': (root / '.git').is_dir(), 'request': request,\n"
        "        'files': {str(p.relative_to(root)): p.read_text() for p in root.rglob('*.py')}}\n"
        f"pathlib.Path({str(seen)!r}).write_text(json.dumps(told))\n"
    )
    question = Question(make_project(FILES), "pkg.tools", "helper")
    question.ask(GraphAnalyzer(command=fake(tmp_path, code)))
    told = json.loads(seen.read_text())
    assert not {"CODEBASE_DISABLE_GRAPH", "ENV", "AUTOGEN_HOME", "PYTHONPATH"} & set(told["env"])
    assert told["env"]["HOME"] == told["cwd"]
    assert told["git"]
    assert told["request"]["symbol"] == "helper"
    assert told["files"]["pkg/tools.py"].endswith("return helper(9)\ndef helper(*args, **keywords): ...\n")
    assert not Path(told["cwd"]).exists()


def test_an_answer_is_kept_until_a_file_it_came_from_changes(make_project: MakeProject, tmp_path: Path) -> None:
    root, kept, calls = make_project(FILES), tmp_path / "kept", tmp_path / "calls"
    command = fake(tmp_path, f"open({str(calls)!r}, 'a').write('x')")

    def ask(symbol: str = "helper") -> None:
        Question(root, "pkg.tools", symbol).ask(GraphAnalyzer(cache_dir=kept, command=command))

    ask()
    ask()
    assert calls.read_text() == "x"
    (root / "src/pkg/a.py").write_text(FILES["src/pkg/a.py"] + "\nh(7)\n")
    ask()
    assert calls.read_text() == "xx"
    (file,) = kept.iterdir()
    file.write_text("{damaged")
    ask()
    assert calls.read_text() == "xxx"
    file.write_text("[]")
    ask("helper")
    ask("Thing")
    assert calls.read_text() == "xxxxx"
    assert len(list(kept.iterdir())) == 2


def test_few_files_are_picked_those_that_matter_first(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = {f"src/pkg/crowd{number}.py": "def nobody(): ...\n" for number in range(5)}
    question = Question(make_project(FILES | crowd), "pkg.tools", "helper")
    picked = pick_files(question.sources, question.target, question.found)
    assert picked == [
        "src/pkg/__init__.py", "src/pkg/tools.py", "src/pkg/a.py", "tests/test_a.py", "src/pkg/other.py",
    ]  # fmt: skip
    monkeypatch.setattr("autogen_cli.context.graph_copy.MOST_FILES", 2)
    assert pick_files(question.sources, question.target, question.found) == picked[:2]


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("LIMIT", "LIMIT = None\n"),
        ("Other", "class Other: ...\n"),
        ("Thing.run", "    return self.run(1)\n  def run(self, *args, **keywords): ...\n\ndef own():\n"),
        ("Thing.go", "class Thing:\n  def go(self):\n    return self.run(1)\n\ndef own():\n    return helper(9)\n"),
    ],
)
def test_a_missing_symbol_has_a_stub_of_its_kind(make_project: MakeProject, symbol: str, expected: str) -> None:
    question = Question(make_project(FILES), "pkg.tools", symbol)
    copies = Copies(question.sources, question.target, ["src/pkg/tools.py"])
    assert expected in copies.files["pkg/tools.py"].decode()
    moved = int(symbol == "Thing.run")
    assert copies.restored([("pkg/tools.py", 8 + moved, "helper")]) == [("src/pkg/tools.py", 8, "helper")]


def test_copies_keep_their_paths_where_taking_the_source_folder_off_would_clash(make_project: MakeProject) -> None:
    root = make_project({"src/a.py": "", "a.py": "", "tests/b.py": "", "pyproject.toml": "", "src/pkg/__init__.py": ""})
    question = Question(root, "pkg.new", "helper")
    copies = Copies(question.sources, question.target, ["a.py", "src/a.py", "tests/b.py"])
    assert sorted(copies.files) == ["a.py", "pkg/new.py", "src/a.py", "tests/b.py"]
    assert copies.roots == ["src", "tests"]
    assert [copies.original(copy) for copy in ("src/a.py", copies.module)] == ["src/a.py", "src/pkg/new.py"]
    assert copies.files[copies.module] == b"def helper(*args, **keywords): ...\n"
