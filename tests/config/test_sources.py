"""Which source wins, and what is remembered about it."""

import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from autogen_cli.config import PriceConfig, folders, load, value_of
from autogen_cli.errors import ConfigError
from tests.config.conftest import WriteUserFile
from tests.conftest import MakeProject

SOURCES = ("flag", "environment", "project", "user", "default")


@pytest.mark.parametrize("winner", range(len(SOURCES)))
def test_each_source_wins_over_those_below(
    winner: int, make_project: MakeProject, write_user_file: WriteUserFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = SOURCES[winner:]
    root = make_project({"autogen.toml": "\n[context]\ntokens = 30\n" if "project" in given else ""})
    user_file = write_user_file("[context]\n\ntokens = 40" if "user" in given else "")
    if "environment" in given:
        monkeypatch.setenv("AUTOGEN_CONTEXT_TOKENS", "20")
    loaded = load(root, overrides={"context.tokens": 10 if "flag" in given else None})
    expected = {
        "flag": (10, "flag", None),
        "environment": (20, "environment AUTOGEN_CONTEXT_TOKENS", None),
        "project": (30, f"project {root / 'autogen.toml'}:3", 3),
        "user": (40, f"user {user_file}:3", 3),
        "default": (6000, "default", None),
    }[SOURCES[winner]]
    origin = loaded.origins["context.tokens"]
    assert (loaded.config.context.tokens, str(origin), origin.line) == expected
    assert origin.kind == SOURCES[winner]
    assert loaded.files == (root / "autogen.toml", user_file)


def test_pyproject_holds_settings_too(make_project: MakeProject) -> None:
    root = make_project(
        {"pyproject.toml": '[project]\nname = "x"\n[tool.autogen]\nmodel = "m"\n[tool.autogen.cache]\nttl = 5\n'}
    )
    loaded = load(root)
    assert (loaded.config.model, loaded.config.cache.ttl) == ("m", 5)
    assert str(loaded.origins["cache.ttl"]) == f"project {root / 'pyproject.toml'}:6"


@pytest.mark.parametrize(
    ("files", "start", "found"),
    [
        ({"autogen.toml": "model = 'a'", "pkg/deep/x.py": ""}, "pkg/deep", "a"),
        ({"autogen.toml": "model = 'a'", "pkg/autogen.toml": "model = 'b'"}, "pkg", "b"),
        ({"autogen.toml": "model = 'a'", "pkg/pyproject.toml": "[project]\nname = 'autogen-user'"}, "pkg", "a"),
        ({"autogen.toml": "model = 'a'", "pyproject.toml": "[tool.autogen]\nmodel = 'b'"}, ".", "a"),
        ({"autogen.toml": "model = 'a'", "pkg/.git/HEAD": ""}, "pkg", None),
        ({"autogen.toml": "model = 'a'", "pkg/.git": "gitdir: elsewhere"}, "pkg", None),
        ({"autogen.toml": "model = 'a'", "pkg/x.py": ""}, "pkg/x.py", "a"),
        ({"autogen.toml": "model = 'a'"}, "not/there/yet", "a"),
    ],
)
def test_the_project_file_is_found_upward(
    files: Mapping[str, str], start: str, found: str | None, make_project: MakeProject
) -> None:
    root = make_project(dict(files))
    assert load(root / start).config.model == found


def test_the_search_ends_at_home(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_project({"autogen.toml": "model = 'a'", "me/work/x.py": ""})
    assert load(root / "me/work").config.model == "a"
    monkeypatch.setenv("HOME", str(root / "me"))
    assert load(root / "me/work").config.model is None


def test_tables_of_names_are_merged_entry_by_entry(
    make_project: MakeProject, write_user_file: WriteUserFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_user_file('[prices."a.1"]\ninput = 1.10\n[prices.b]\ninput = 2\n')
    monkeypatch.setenv("AUTOGEN_PRICES", "{b = {output = 3}}")
    loaded = load(make_project({"x.py": ""}))
    assert loaded.config.prices == {
        "a.1": PriceConfig(input=Decimal("1.10")),
        "b": PriceConfig(output=Decimal(3)),
    }
    assert str(loaded.origins["prices"]) == "environment AUTOGEN_PRICES"


@pytest.mark.parametrize(
    ("variable", "text", "key", "value"),
    [
        ("AUTOGEN_MODEL", "m", "model", "m"),
        ("AUTOGEN_CACHE_ENABLED", "off", "cache.enabled", False),
        ("AUTOGEN_BUDGET_DAILY", "0.30", "budget.daily", Decimal("0.30")),
        ("AUTOGEN_FALLBACK", "command,scaffold", "fallback", ("command", "scaffold")),
        ("AUTOGEN_COMMAND_ARGV", '["llm", "-m", "a,b"]', "command.argv", ("llm", "-m", "a,b")),
        ("AUTOGEN_SECURITY_ROLES", '{alice = "admin"}', "security.roles", {"alice": "admin"}),
        ("OPENAI_BASE_URL", "http://localhost:1/v1", "openai.base_url", "http://localhost:1/v1"),
        ("CODEGEN_ORG_ID", "42", "codegen.org_id", 42),
        ("AUTOGEN_CACHE_REDIS_URL", "redis://me:secret@host/0", "cache.redis_url", "redis://me:secret@host/0"),
        ("AUTOGEN_MODEL", "", "model", None),
        ("AUTOGEN_LIMITS_RETRIES", "  ", "limits.retries", 3),
    ],
)
def test_variables_are_typed(variable: str, text: str, key: str, value: object, tmp_path: Path) -> None:
    loaded = load(tmp_path, environ=os.environ | {variable: text})
    assert value_of(loaded.config, key) == value
    assert loaded.origins[key].variable == (variable if text.strip() else None)


def test_our_own_variable_wins_over_the_shared_one(tmp_path: Path) -> None:
    both = {"OPENAI_BASE_URL": "http://shared/v1", "AUTOGEN_OPENAI_BASE_URL": "http://ours/v1"}
    loaded = load(tmp_path, environ=os.environ | both)
    assert loaded.config.openai.base_url == "http://ours/v1"
    assert loaded.origins["openai.base_url"].variable == "AUTOGEN_OPENAI_BASE_URL"


def test_none_unsets_what_a_lower_source_has_set(
    make_project: MakeProject, write_user_file: WriteUserFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_user_file("[cache]\nttl = 5\n")
    assert load(make_project({"autogen.toml": "[cache]\nttl = 'none'"})).config.cache.ttl is None
    monkeypatch.setenv("AUTOGEN_CACHE_TTL", "none")
    assert load(make_project({"autogen.toml": "[cache]\nttl = 7"})).config.cache.ttl is None


def test_relative_paths_are_counted_from_whoever_says_them(
    tmp_path: Path, home: Path, write_user_file: WriteUserFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_file = write_user_file("[cache]\ndir = 'store'")
    monkeypatch.chdir(tmp_path)
    assert load(tmp_path).config.cache.dir == user_file.parent / "store"
    assert load(tmp_path, overrides={"cache.dir": Path("here")}).config.cache.dir == tmp_path / "here"
    assert load(tmp_path, overrides={"cache.dir": "~/there"}).config.cache.dir == home / "there"


def test_flags_are_typed_like_text_or_like_values(tmp_path: Path) -> None:
    overrides = {"budget.per_run": "0.5", "context.tokens": 9, "fallback": ["openai"], "model": None}
    config = load(tmp_path, overrides=overrides).config
    assert (config.budget.per_run, config.context.tokens, config.fallback) == (Decimal("0.5"), 9, ("openai",))
    assert config.model is None


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("context.tokens", 0, "context.tokens (flag) must be at least 1, not 0"),
        ("codegen.org_id", "mine", "codegen.org_id (flag) must be an integer or \"none\", not 'mine'"),
        ("fallback", ["a", 1], "fallback.1 (flag) must be a string, not 1"),
        ("context.token", 5, "context.token is not a setting: did you mean context.tokens?"),
    ],
)
def test_flags_that_do_not_fit_are_refused(key: str, value: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, overrides={key: value})
    assert str(refused.value) == message


def test_autogen_home_moves_every_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for chosen in (str(tmp_path / "all"), "all"):
        assert folders({"AUTOGEN_HOME": chosen}) == (
            tmp_path / "all",
            tmp_path / "all/cache",
            tmp_path / "all/data",
            tmp_path / "all/logs",
        )


def test_autogen_home_of_a_user_who_does_not_exist_is_an_error() -> None:
    with pytest.raises(ConfigError, match="AUTOGEN_HOME starts with the home folder of a user who does not exist"):
        folders({"AUTOGEN_HOME": "~nobody-of-this-name/x"})


def test_without_autogen_home_the_platform_decides(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUTOGEN_HOME")
    places = folders()
    assert len(set(places)) == 4
    assert all(place.is_relative_to(home) for place in places)


def test_a_second_table_beside_the_projects_file_is_reported(make_project: MakeProject) -> None:
    root = make_project(
        {"autogen.toml": "model = 'a'\n", "pyproject.toml": "[project]\n\n[tool.autogen]\nmodel = 'b'\n"}
    )
    loaded = load(root)
    assert loaded.config.model == "a"
    hint = "autogen.toml beside it is what counts"
    assert loaded.ignored == (("[tool.autogen]", root / "pyproject.toml", 3, hint),)


@pytest.mark.parametrize("pyproject", ["", "[tool.other]\nautogen = 1\n", "[tool.autogen\n"])
def test_another_pyproject_beside_it_is_no_matter(make_project: MakeProject, pyproject: str) -> None:
    loaded = load(make_project({"autogen.toml": "model = 'a'\n", "pyproject.toml": pyproject}))
    assert (loaded.config.model, loaded.ignored) == ("a", ())
