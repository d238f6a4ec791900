"""`autogen config`, as a person or a script meets it."""

from pathlib import Path

import pytest

from autogen_cli.config import SETTINGS
from autogen_cli.config.describe import example, schema
from tests.config.conftest import WriteUserFile
from tests.conftest import MakeProject, RunAutogen

COMMANDS = (
    ("show",),
    ("get", "model"),
    ("set", "model", "m"),
    ("unset", "model"),
    ("init",),
    ("path",),
    ("trust",),
)


@pytest.fixture
def project(make_project: MakeProject) -> Path:
    text = "[cache]\nttl = 60\n\n[openai]\nbase_url = 'https://evil.example/v1'\n"
    return make_project({"autogen.toml": text, "pkg/x.py": ""})


def test_show_prints_every_setting(project: Path, autogen: RunAutogen) -> None:
    ran = autogen("config", "show", cwd=project / "pkg")
    assert ran.code == 0
    rows = dict(line.split(maxsplit=1) for line in ran.out.splitlines())
    assert list(rows) == list(SETTINGS)
    assert (rows["cache.ttl"], rows["model"], rows["fallback"]) == ("60.0", "none", '["scaffold"]')
    ignored = f"openai.base_url in {project}/autogen.toml:5 is ignored"
    assert ran.err == f"warning: {ignored}: it takes effect after `autogen config trust`\n"


def test_show_says_where_values_come_from(
    project: Path, autogen: RunAutogen, write_user_file: WriteUserFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_file = write_user_file("provider = 'scaffold'")
    monkeypatch.setenv("AUTOGEN_MODEL", "m")
    monkeypatch.setenv("COLUMNS", "300")
    out = autogen("config", "show", "--origin", cwd=project).out
    rows = [line.split(maxsplit=2) for line in out.splitlines()]
    found = {row[0]: (row[1], row[2].strip()) for row in rows if row and row[0] in {"provider", "model", "cache.ttl"}}
    assert found == {
        "provider": ("scaffold", f"user {user_file}:1"),
        "model": ("m", "environment AUTOGEN_MODEL"),
        "cache.ttl": ("60.0", f"project {project}/autogen.toml:2"),
    }


def test_show_as_json(project: Path, autogen: RunAutogen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGEN_PRICES", "{m = {input = 0.10}}")
    found = autogen("config", "show", "--json", cwd=project).json
    file = str(project / "autogen.toml")
    assert found["schema"] == "autogen.config/1"
    settings = {one["key"]: one for one in found["settings"]}
    assert list(settings) == list(SETTINGS)
    origin = {"kind": "project", "variable": None, "file": file, "line": 2}
    assert settings["cache.ttl"] == {"key": "cache.ttl", "value": 60.0, "origin": origin}
    assert settings["prices"]["value"] == {"m": {"input": 0.1, "output": None, "cached_input": None}}
    assert settings["prices"]["origin"]["variable"] == "AUTOGEN_PRICES"
    hint = "it takes effect after `autogen config trust`"
    assert found["ignored"] == [{"key": "openai.base_url", "file": file, "line": 5, "hint": hint}]
    assert found["files"] == [file]


def test_no_secret_is_shown(project: Path, autogen: RunAutogen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary0123456789abcdef")
    monkeypatch.setenv("AUTOGEN_CACHE_REDIS_URL", "redis://me:canary@host/0")
    monkeypatch.setenv("AUTOGEN_COMMAND_ARGV", "curl,-H,Authorization: Bearer sk-canary0123456789abcdef")
    for words in (
        ("show",),
        ("show", "--origin"),
        ("show", "--json"),
        ("get", "cache.redis_url"),
        ("get", "command.argv"),
    ):
        ran = autogen("config", *words, cwd=project)
        assert ran.code == 0
        assert "canary" not in ran.out + ran.err


@pytest.mark.parametrize(
    ("key", "out"),
    [("cache.ttl", "60.0\n"), ("provider", "auto\n"), ("model", "none\n"), ("fallback", '["scaffold"]\n')],
)
def test_get_prints_the_value_alone(key: str, out: str, project: Path, autogen: RunAutogen) -> None:
    assert autogen("config", "get", key, cwd=project).out == out
    found = autogen("config", "get", key, "--json", cwd=project).json
    assert (found["schema"], found["key"]) == ("autogen.config_value/1", key)


def test_set_writes_the_users_file_and_unset_takes_it_out_again(project: Path, autogen: RunAutogen, home: Path) -> None:
    path = home / "autogen/config.toml"
    ran = autogen("config", "set", "model", "m", cwd=project)
    assert (ran.code, ran.out, ran.err) == (0, "", f"model = m in {path}\n")
    assert path.read_text() == 'model = "m"\n'
    assert autogen("config", "get", "model", cwd=project).out == "m\n"
    assert autogen("config", "unset", "model", cwd=project).err == f"model is no longer in {path}\n"
    assert autogen("config", "unset", "model", cwd=project).err == f"model was not in {path}\n"
    found = autogen("config", "unset", "model", "--json", cwd=project).json
    assert found == {"schema": "autogen.config_unset/1", "key": "model", "file": str(path), "removed": False}


def test_set_in_the_project_says_when_trust_is_needed(project: Path, autogen: RunAutogen) -> None:
    ran = autogen("config", "set", "--project", "checks.test", "pytest -q", cwd=project / "pkg")
    assert ran.err.splitlines() == [
        f"checks.test = pytest -q in {project}/autogen.toml",
        "checks.test counts in a project's file only after `autogen config trust`",
    ]
    assert 'test = "pytest -q"' in (project / "autogen.toml").read_text()
    found = autogen("config", "set", "--project", "cache.ttl", "5", "--json", cwd=project).json
    assert (found["value"], found["file"]) == (5.0, str(project / "autogen.toml"))


def test_trust_lists_what_it_lets_through(project: Path, autogen: RunAutogen) -> None:
    ran = autogen("config", "trust", cwd=project)
    assert ran.code == 0
    assert ran.err.splitlines() == [
        'openai.base_url = "https://evil.example/v1"',
        f"{project}/autogen.toml is trusted until one of its settings changes",
    ]
    assert autogen("config", "get", "openai.base_url", cwd=project).out == "https://evil.example/v1\n"
    found = autogen("config", "trust", "--json", cwd=project).json
    assert found["settings"] == {"openai.base_url": "https://evil.example/v1"}


def test_trust_that_is_not_given_changes_nothing(
    project: Path, autogen: RunAutogen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autogen_cli.cli.output.Output.confirm", lambda *_, **__: False)
    assert autogen("config", "trust", cwd=project).code == 0
    assert "evil" not in autogen("config", "get", "openai.base_url", cwd=project).out


def test_init_writes_a_file_that_explains_itself(make_project: MakeProject, autogen: RunAutogen, home: Path) -> None:
    root = make_project({"pyproject.toml": ""})
    for words, path in (((), home / "autogen/config.toml"), (("--project",), root / "autogen.toml")):
        ran = autogen("config", "init", *words, cwd=root)
        assert ran.err == f"{path} is new: take away the # in front of what you want to set\n"
        assert path.read_text() == example()
        assert autogen("config", "init", *words, "--json", cwd=root).json["error"]["exit_code"] == 3
    (home / "autogen/config.toml").unlink()
    found = autogen("config", "init", "--json", cwd=root).json
    assert found == {"schema": "autogen.config_init/1", "file": f"{home}/autogen/config.toml"}
    found = autogen("config", "init", "--root", str(root), "--project", "--json").json
    assert found["error"]["hint"] == "change it with `autogen config set`"


def test_path_names_files_and_folders(project: Path, autogen: RunAutogen, home: Path) -> None:
    ran = autogen("config", "path", cwd=project / "pkg")
    assert dict(line.split(maxsplit=1) for line in ran.out.splitlines()) == {
        "user": f"{home}/autogen/config.toml",
        "project": f"{project}/autogen.toml",
        "cache": f"{home}/autogen/cache",
        "data": f"{home}/autogen/data",
        "logs": f"{home}/autogen/logs",
    }
    found = autogen("config", "path", "--json", "--root", str(home)).json
    assert (found["schema"], found["project"]) == ("autogen.config_paths/1", None)


def test_schema_prints_the_schema(autogen: RunAutogen) -> None:
    assert autogen("config", "schema").json == schema()


@pytest.mark.parametrize(
    ("words", "code", "err"),
    [
        (("get", "cache.tll"), 3, "error: cache.tll is not a setting: did you mean cache.ttl?\n"),
        (("set", "cache.ttl", "x"), 3, "error: cache.ttl must be a number or \"none\", not 'x'\n"),
        (("set", "a\nb", "x"), 3, "error: 'a\\nb' is not a key: write it as in a TOML file: cache.enabled\n"),
        (("get",), 2, "error: Missing argument 'key'."),
        (("show", "--root", "nowhere"), 9, "error: nowhere is not a folder: give the project's folder with --root\n"),
    ],
)
def test_mistakes_are_one_line(words: tuple[str, ...], code: int, err: str, project: Path, autogen: RunAutogen) -> None:
    ran = autogen("config", *words, cwd=project)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith(err)
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_broken_project_file_stops_only_what_reads_it(
    words: tuple[str, ...], make_project: MakeProject, autogen: RunAutogen
) -> None:
    root = make_project({"autogen.toml": "[cache]\nttl = soon\n"})
    ran = autogen("config", *words, cwd=root)
    reads = words[0] in {"show", "get", "path", "trust"}
    assert ran.code == (3 if reads else 0)
    assert not reads or ran.err == f"error: {root}/autogen.toml:2 is not valid TOML: Invalid value\n"


def test_trust_without_a_project_file_is_an_error(make_project: MakeProject, autogen: RunAutogen) -> None:
    ran = autogen("config", "trust", cwd=make_project({"pyproject.toml": ""}))
    assert (ran.code, ran.out) == (3, "")
    assert ran.err == "error: no project file was found: make one with `autogen config init --project`\n"
