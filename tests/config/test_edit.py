"""Editing keeps what a person wrote, and never makes a file worse."""

import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autogen_cli.config import load
from autogen_cli.config.describe import example
from autogen_cli.config.edit import file_to_change, init, set_value, unset_value
from autogen_cli.config.files import write_atomically
from autogen_cli.errors import ConfigError
from tests.conftest import MakeProject

WRITTEN = """\
# My settings.
provider = "openai"  # for now

[cache]  # answers
# half an hour
ttl = 1800  # seconds
dir = 'store'

[prices."gpt-5"]
input = 1.25
"""


@pytest.mark.parametrize(
    ("key", "value", "before", "after"),
    [
        ("provider", "scaffold", 'provider = "openai"  # for now', 'provider = "scaffold"  # for now'),
        ("cache.ttl", "60", "ttl = 1800  # seconds", "ttl = 60.0  # seconds"),
        ("cache.ttl", "none", "ttl = 1800  # seconds", 'ttl = "none"  # seconds'),
        ("cache.enabled", "off", "dir = 'store'\n", "dir = 'store'\nenabled = false\n"),
        ("model", 'a"b', "# for now\n", '# for now\nmodel = "a\\"b"\n'),
        ("fallback", "a,b", "# for now\n", '# for now\nfallback = ["a", "b"]\n'),
        ('prices."gpt-5".output', "10", "input = 1.25\n", "input = 1.25\noutput = 10\n"),
        ("prices.m.input", "0.10", "input = 1.25\n", "input = 1.25\n\n[prices.m]\ninput = 0.10\n"),
        ("security.roles.bob", "viewer", "input = 1.25\n", 'input = 1.25\n\n[security.roles]\nbob = "viewer"\n'),
        ("budget.daily", "5", "input = 1.25\n", "input = 1.25\n\n[budget]\ndaily = 5\n"),
    ],
)
def test_setting_a_value_changes_its_line_alone(key: str, value: str, before: str, after: str, tmp_path: Path) -> None:
    path = tmp_path / "autogen.toml"
    path.write_text(WRITTEN)
    change = set_value(path, key, value)
    assert (change.key, change.file) == (key, path)
    assert path.read_text() == WRITTEN.replace(before, after)
    load(tmp_path)


def test_a_whole_table_takes_the_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "autogen.toml"
    path.write_text(WRITTEN)
    set_value(path, "prices", "{m = {input = 1}}")
    kept = WRITTEN.replace('[prices."gpt-5"]\ninput = 1.25\n', "")
    assert path.read_text() == kept.replace("# for now\n", "# for now\nprices = { m = { input = 1 } }\n")


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("cache.enabled = true\ncache.ttl = 5 # t\n", "cache.enabled = true\ncache.ttl = 6.0 # t\n"),
        ("cache = {}\n", "cache = {ttl = 6.0}\n"),
        ("cache = { ttl = 5, enabled = true }\n", "cache = { ttl = 6.0, enabled = true }\n"),
        ("[cache]\r\nttl = 5\r\n# end\r\n", "[cache]\r\nttl = 6.0\r\n# end\r\n"),
        ("[cache]\r\nenabled = true\r\n", "[cache]\r\nenabled = true\r\nttl = 6.0\r\n"),
        ("[prices.a]\n[cache]\n[prices.b]\n", "[prices.a]\n[cache]\nttl = 6.0\n[prices.b]\n"),
        ("", "[cache]\nttl = 6.0\n"),
    ],
)
def test_every_layout_is_kept(text: str, after: str, tmp_path: Path) -> None:
    path = tmp_path / "autogen.toml"
    path.write_bytes(text.encode())
    set_value(path, "cache.ttl", "6")
    assert path.read_bytes() == after.encode()


def test_a_pyproject_is_edited_below_its_table(make_project: MakeProject) -> None:
    root = make_project({"pyproject.toml": "[project]\nname = 'x'\n\n[tool.autogen]\nmodel = 'm'\n\n[tool.ruff]\n"})
    path = file_to_change(root, project=True)
    set_value(path, "model", "n")
    set_value(path, "cache.ttl", "5")
    loaded = load(root)
    assert (loaded.config.model, loaded.config.cache.ttl) == ("n", 5)
    assert path.read_text().startswith("[project]\nname = 'x'\n\n[tool.autogen]\nmodel = \"n\"\n")
    assert unset_value(path, "model")
    assert load(root).config.model is None


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("cache.tll", "5", "cache.tll is not a setting: did you mean cache.ttl?"),
        ("openai.api_key", "canary", "openai.api_key is not a setting: credentials never come from here: run"),
        ("cache", "5", "cache is not a setting: did you mean cache."),
        ("cache.ttl.x", "5", "cache.ttl.x is not a setting: did you mean cache.ttl?"),
        ("prices.m", "5", "prices.m is not a setting: did you mean prices?"),
        ("prices.m.inptu", "5", "prices.m.inptu is not a setting"),
        ("security.roles.bob.x", "viewer", "security.roles.bob.x is not a setting: did you mean security.roles?"),
        ("a b", "5", "'a b' is not a key: write it as in a TOML file: cache.enabled"),
        ("a = 1\nb", "5", "'a = 1\\nb' is not a key"),
        ("cache.ttl", "0", "cache.ttl must be more than 0, not 0.0"),
        ("security.roles.bob", "root", "security.roles.bob must be one of viewer, generator, approver, admin"),
        ("prices", "{m = {input = -1}}", "prices.m.input must be at least 0, not -1"),
        ("cache.redis_url", "redis://:pw@host", "{path}:8: cache.redis_url holds a user or a password, which never"),
    ],
)
def test_nothing_wrong_is_written(key: str, value: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "autogen.toml"
    path.write_text(WRITTEN)
    with pytest.raises(ConfigError) as refused:
        set_value(path, key, value)
    assert str(refused.value).startswith(message.replace("{path}", str(path)))
    assert "canary" not in str(refused.value)
    assert path.read_text() == WRITTEN
    assert list(tmp_path.iterdir()) == [path]


def test_a_broken_file_can_be_mended_one_key_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "autogen.toml"
    path.write_text("[context]\ntokens = 'many'\n")
    with pytest.raises(ConfigError, match=r"autogen\.toml:2: context\.tokens must be an integer"):
        set_value(path, "model", "m")
    set_value(path, "context.tokens", "5")
    path.write_text("[context]\ntokns = 5\n")
    with pytest.raises(ConfigError, match=r"autogen\.toml:2: context\.tokns is not a setting"):
        set_value(path, "model", "m")
    assert unset_value(path, "context.tokns")
    assert path.read_text() == "[context]\n"


@pytest.mark.parametrize("text", ["prices.a.input = 2\nmodel = 'm'\n", "fallback = " + "[" * 300 + "]" * 300])
def test_a_layout_that_an_edit_would_harm_is_left_alone(text: str, tmp_path: Path) -> None:
    path = tmp_path / "autogen.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"autogen\.toml can't be edited without harm: change it in an editor"):
        set_value(path, "prices.b.output", "5")
    assert path.read_text() == text


def test_a_last_line_without_an_end_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "autogen.toml"
    path.write_text("prices.a.input = 2")
    set_value(path, "model", "m")
    assert path.read_text() == 'prices.a.input = 2\nmodel = "m"\n'


def test_a_scalar_in_the_place_of_a_table_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "autogen.toml"
    path.write_text("cache = 5\n")
    with pytest.raises(ConfigError, match=r"autogen\.toml:1: cache must be a table"):
        set_value(path, "cache.ttl", "5")
    assert not unset_value(path, "cache.ttl")
    assert unset_value(path, "cache")
    assert path.read_text() == ""


@pytest.mark.parametrize("key", ["cache.enabled", "limits.retries", "nothing", "prices.other.input"])
def test_unsetting_what_is_not_there_writes_nothing(key: str, tmp_path: Path) -> None:
    path = tmp_path / "autogen.toml"
    assert not unset_value(path, key)
    assert not path.exists()
    path.write_text(WRITTEN)
    assert not unset_value(path, key)
    assert path.read_text() == WRITTEN


def test_unsetting_takes_out_the_key_alone(tmp_path: Path) -> None:
    path = tmp_path / "autogen.toml"
    path.write_text(WRITTEN)
    assert unset_value(path, "cache.ttl")
    assert unset_value(path, 'prices."gpt-5".input')
    assert path.read_text() == WRITTEN.replace("ttl = 1800  # seconds\n", "").replace("input = 1.25\n", "")


def test_links_and_modes_are_kept(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles.toml", tmp_path / "autogen.toml"
    real.write_text("model = 'a'\n")
    real.chmod(0o640)
    link.symlink_to(real)
    set_value(link, "model", "b")
    assert link.is_symlink()
    assert real.read_text() == 'model = "b"\n'
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_where_nothing_can_be_written_nothing_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"config\.toml can't be written: File exists"):
        set_value(tmp_path / "file" / "config.toml", "model", "m")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError, match=r"folder is not a file"):
        set_value(tmp_path / "folder", "model", "m")
    assert sorted(found.name for found in tmp_path.iterdir()) == ["file", "folder"]


def test_the_file_to_change(make_project: MakeProject, home: Path) -> None:
    root = make_project({"x.py": "", "pkg/pyproject.toml": "[tool.autogen]\nmodel = 'm'\n", "pkg/deep/x.py": ""})
    assert file_to_change(root, project=False) == home / "autogen/config.toml"
    assert file_to_change(root, project=True) == root / "autogen.toml"
    assert file_to_change(root / "pkg/deep", project=True) == root / "pkg/pyproject.toml"


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "folder" / "x").mkdir(parents=True)
    with pytest.raises(ConfigError, match="folder can't be written: Is a directory"):
        write_atomically(tmp_path / "folder", "text", mode=0o600)
    assert [found.name for found in tmp_path.iterdir()] == ["folder"]


def test_init_writes_the_example_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "autogen.toml"
    init(path)
    assert path.read_text() == example()
    with pytest.raises(ConfigError, match=r"autogen\.toml exists already: change it with `autogen config set`"):
        init(path)


BLOCKS = (
    *(
        "# c",
        "model = 'm'  # d",
        "cache.ttl = 5\ncache.enabled = true",
        "cache = { ttl = 5 }",
        "[cache]\nttl = 5",
        "[cache]",
    ),
    *("[prices.a]\ninput = 1", "prices = { a = { input = 1 } }", "prices.a.input = 1", "prices.b = {}", "[prices.b]"),
    *("[security]\nroles = { bob = 'admin' }", "[security.roles]\nal = 'admin'", "[security]", "[ 'budget' ]\ndaily=1"),
)
EDITS = {"model": "n", "cache.ttl": "6", "prices.b.output": "7", "security.roles.bob": "viewer", "budget.daily": "8"}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(BLOCKS), unique=True, max_size=5), st.sampled_from(list(EDITS)), st.booleans())
def test_no_edit_touches_another_setting(tmp_path: Path, blocks: list[str], key: str, take_out: bool) -> None:
    path = tmp_path / "autogen.toml"
    path.write_text("\n".join(blocks))
    try:
        before = others(path, key)
    except tomllib.TOMLDecodeError:
        return  # the blocks contradict each other
    try:
        unset_value(path, key) if take_out else set_value(path, key, EDITS[key])
    except ConfigError:
        assert path.read_text() == "\n".join(blocks)
        return
    assert others(path, key) == before
    assert "# c" not in blocks or "# c" in path.read_text()


def others(path: Path, key: str) -> dict[str, object]:
    """Every setting in the file as `table.name.entry`, save one."""
    found: dict[str, object] = {}
    pending = list(tomllib.loads(path.read_text()).items())
    while pending:
        name, value = pending.pop()
        if isinstance(value, dict):
            pending += [(f"{name}.{inner}", item) for inner, item in value.items()]
        elif name != key:
            found[name] = value
    return found
