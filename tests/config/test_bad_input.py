"""Whatever is wrong with a file or a variable: one line that says where, what, and what to do."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from autogen_cli.config import SETTINGS, load
from autogen_cli.config.describe import example as example_file
from autogen_cli.config.fields import nearest
from autogen_cli.config.files import LARGEST_FILE, SettingsFile
from autogen_cli.config.lines import key_lines
from autogen_cli.errors import ConfigError
from tests.conftest import MakeProject

NOT_OURS = "is not one of autogen's"
NOT_A_URL = "must be an http:// or https:// URL without user, password, query or fragment"
NEVER = "credentials never come from here:"
KEYS_HINT = f"{NEVER} run `autogen auth login openai`, or set OPENAI_API_KEY in the environment"
BOTH_KEYS_HINT = (
    f"{NEVER} run `autogen auth login openai` or `autogen auth login codegen`, "
    "or set OPENAI_API_KEY or CODEGEN_API_TOKEN in the environment"
)
PASSWORD = "holds a user or a password, which never come from a file: set AUTOGEN_CACHE_REDIS_URL in the environment"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[cache]\nenabeld = true", ":2: cache.enabeld is not a setting: did you mean cache.enabled?"),
        ("\n[cahce]\nenabled = true", ":2: cahce is not a setting: did you mean cache?"),
        ("tokens = 5", ":1: tokens is not a setting: did you mean context.tokens?"),
        ("timeout = 5", ":1: timeout is not a setting: did you mean openai.timeout or codegen.timeout or "),
        ("[usage]\nzzzz = 5", ":2: usage.zzzz is not a setting: known are usage.enabled, usage.retention_days"),
        ("'cache.enabled' = true", ':1: "cache.enabled" is not a setting: did you mean cache.enabled?'),
        ("[cache.enabled]\nx = 1", ":1: cache.enabled must be true or false, not a table"),
        ("cache = 5", ":1: cache must be a table: write [cache] and its settings below"),
        ("[context]\ntokens = '6k'", ":2: context.tokens must be an integer, not '6k'"),
        ("[context]\ntokens = true", ":2: context.tokens must be an integer, not true"),
        ("[context]\ntokens = 1979-05-27", ":2: context.tokens must be an integer, not a date"),
        ("[context]\ntokens = 0", ":2: context.tokens must be at least 1, not 0"),
        ("context.tokens = 0x" + "f" * 5000, ":1: context.tokens must fit into 64 bits"),
        ("[context]\nanalyzer = 'indx'", ":2: context.analyzer must be one of index, graph-sitter, not 'indx'"),
        ("[openai]\ntimeout = inf", ":2: openai.timeout must be a finite number"),
        ("[budget]\ndaily = 1e999999", ":2: budget.daily must be a finite number"),
        ("[budget]\ndaily = -1", ":2: budget.daily must be at least 0, not -1"),
        ("fallback = [\n  'a',\n  5,\n]", ":1: fallback.1 must be a string, not 5"),
        ("[prices.'gpt-5']\n# a comment\ninput = 'x'", ":3: prices.gpt-5.input must be a number or \"none\", not 'x'"),
        ("[prices.m]\ninptu = 1", ":2: prices.m.inptu is not a setting: did you mean input?"),
        ("[security]\nroles = { bob = 'x' }", ":2: security.roles.bob must be one of viewer, generator, approver, "),
        ("[openai]\nbase_url = 'ftp://host'", f":2: openai.base_url {NOT_A_URL}"),
        ("[cache]\nredis_url = 'redis://:pw@host'", f":2: cache.redis_url {PASSWORD}"),
        ("[openai]\napi_key = 'sk-canary'", f":2: openai.api_key is not a setting: {KEYS_HINT}"),
        ("token = 'sk-canary'", f":1: token is not a setting: {BOTH_KEYS_HINT}"),
        ("[credentials]\nOPENAI_API_KEY = 'sk-canary'", ":1: credentials is not a setting: known are provider, "),
        ('"a\\nb\\u001b[31m" = 1', ':1: "a\\nb\\u001b[31m" is not a setting'),
        ("model = ''", ":1: model must not be empty"),
        ("model = 'a\\n", ":1 is not valid TOML: Expected \"'\""),
        ("[cache]\n\nttl 5", ":3 is not valid TOML: Expected '=' after a key in a key/value pair"),
        ("[cache]\nttl = 5\nttl = 6", ":3 is not valid TOML: Cannot overwrite a value"),
        ("[cache]\nttl =", ":2 is not valid TOML: Invalid value"),
        ("x = " + "9" * 5000, " is not valid TOML: Exceeds the limit"),
        ("x = " + "[" * 100_000, " is nested too deeply"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_one_line(text: str, message: str, make_project: MakeProject) -> None:
    root = make_project({"autogen.toml": text})
    with pytest.raises(ConfigError) as refused:
        load(root)
    found = str(refused.value)
    assert found.startswith(f"{root / 'autogen.toml'}{message}")
    assert "\n" not in found
    assert "canary" not in found
    assert refused.value.exit_code == 3


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"pyproject.toml": "[tool]\nautogen = 5"}, "pyproject.toml: [tool.autogen] must be a table"),
        ({"pyproject.toml": "[tool.autogen.cache]\nttl = 0"}, "pyproject.toml:2: cache.ttl must be more than 0"),
        ({"pyproject.toml": "[tool.autogen"}, "pyproject.toml:1 is not valid TOML: Expected ']' at the end of a table"),
        ({"autogen.toml": b"# caf\xe9\nmodel = 'a'"}, "autogen.toml:1 is not UTF-8: save the file as UTF-8"),
        ({"autogen.toml": b"model = 'a'\n# caf\xe9"}, "autogen.toml:2 is not UTF-8: save the file as UTF-8"),
        ({"autogen.toml/x": ""}, "autogen.toml is not a file: remove it or rename it"),
        ({"autogen.toml": b"#" * (LARGEST_FILE + 1)}, "autogen.toml is larger than 1 MiB: no settings file is"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_one_line(
    files: dict[str, str | bytes], message: str, make_project: MakeProject
) -> None:
    root = make_project(files)
    with pytest.raises(ConfigError) as refused:
        load(root)
    assert str(refused.value).startswith(f"{root}/{message}")


def test_a_byte_order_mark_is_no_mistake(make_project: MakeProject) -> None:
    assert load(make_project({"autogen.toml": b"\xef\xbb\xbfmodel = 'a'"})).config.model == "a"


def test_a_pipe_does_not_hang_us(make_project: MakeProject) -> None:
    root = make_project({"x.py": ""})
    os.mkfifo(root / "autogen.toml")
    with pytest.raises(ConfigError, match="is not a file"):
        load(root)


def test_a_link_that_leads_nowhere_counts_as_no_file_and_a_loop_does_not(make_project: MakeProject) -> None:
    root = make_project({"x.py": ""})
    (root / "autogen.toml").symlink_to(root / "gone.toml")
    assert load(root).files == ()
    (root / "autogen.toml").unlink()
    (root / "autogen.toml").symlink_to(root / "autogen.toml")
    with pytest.raises(ConfigError, match=r"autogen\.toml can't be read: Too many levels of symbolic links"):
        load(root)


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("AUTOGEN_CACH_TTL", "5", f"the variable 'AUTOGEN_CACH_TTL' {NOT_OURS}: did you mean AUTOGEN_CACHE_TTL?"),
        ("AUTOGEN_OPENAI_API_KEY", "canary", f"the variable 'AUTOGEN_OPENAI_API_KEY' {NOT_OURS}: {KEYS_HINT}"),
        ("AUTOGEN_TOKEN", "canary", f"the variable 'AUTOGEN_TOKEN' {NOT_OURS}: {BOTH_KEYS_HINT}"),
        ("AUTOGEN_CACHE_TTL", "long", "AUTOGEN_CACHE_TTL must be a number or \"none\", not 'long'"),
        ("AUTOGEN_CACHE_ENABLED", "2", "AUTOGEN_CACHE_ENABLED must be true or false, not '2'"),
        ("AUTOGEN_PRICES", "{m = {input = 'x'}}", "AUTOGEN_PRICES.m.input must be a number or \"none\", not 'x'"),
        ("AUTOGEN_MODEL", "\udcff", "AUTOGEN_MODEL must be text: it holds a zero byte or is not UTF-8"),
        ("OPENAI_BASE_URL", "host", f"OPENAI_BASE_URL {NOT_A_URL}"),
        ("CODEGEN_ORG_ID", "acme", "CODEGEN_ORG_ID must be an integer or \"none\", not 'acme'"),
    ],
)  # fmt: skip
def test_a_wrong_variable_is_one_line(variable: str, text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, environ=os.environ | {variable: text})
    assert str(refused.value) == message


@pytest.mark.parametrize("variable", ["AUTOGEN_HOME", "AUTOGEN_USE_DOCKER", "autogen_x", "OPENAI_ORGANIZATION"])
def test_other_known_variables_are_no_mistake(variable: str, tmp_path: Path) -> None:
    assert load(tmp_path, environ=os.environ | {variable: str(tmp_path)}).ignored == ()


LINES = st.sampled_from(
    [
        *example_file().replace("\n#", "\n").split("\n"),
        "[",
        "]",
        "[[x]]",
        '"""',
        "'",
        "=",
        "{",
        "a.b.c = 1",
        "\x1b",
        "\r",
    ]
)


def refusal(start: Path, environ: Mapping[str, str]) -> str:
    """The message of the ConfigError; empty where the configuration loads, and then it is whole."""
    try:
        loaded = load(start, environ=environ)
    except ConfigError as exc:
        return str(exc)
    assert set(loaded.origins) == set(SETTINGS)
    assert all(origin.line for origin in loaded.origins.values() if origin.kind == "project")
    return ""


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINES, max_size=12).map("\n".join).map(str.encode) | st.binary(max_size=200))
@example(b"a = '''\n'''\n[b]\n")
def test_no_file_can_cause_more_than_a_config_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "autogen.toml").write_bytes(content)
    assert "\n" not in refusal(tmp_path, os.environ)


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.text(st.characters(codec="ascii", exclude_characters="=\0"), min_size=1), st.text(max_size=30))
)
def test_no_environment_can_cause_more_than_a_config_error(environment: dict[str, str]) -> None:
    named = {f"AUTOGEN_{name.upper()}": text for name, text in environment.items()}
    known = dict(zip(["AUTOGEN_PRICES", "AUTOGEN_FALLBACK", "AUTOGEN_CACHE_DIR"], environment.values(), strict=False))
    for environ in (named, known):
        assert "\n" not in refusal(Path("/"), {"AUTOGEN_HOME": "/nowhere"} | environ)


DOCUMENT = '''\
a = 1            # line 1

[b]              # line 3
c = [            # line 4
  "x",
]
d = """          # line 7
e = 5
"""
f.g = { h = 1 }  # line 10
["i.j"]          # line 11
[[k]]            # line 12
l = 1            # line 13
'''


def test_keys_are_found_on_their_lines() -> None:
    assert key_lines(DOCUMENT) == {
        ("a",): 1, ("b",): 3, ("b", "c"): 4, ("b", "d"): 7, ("b", "f"): 10, ("b", "f", "g"): 10,
        ("b", "f", "g", "h"): 10, ("i.j",): 11, ("k",): 12, ("k", "l"): 13,
    }  # fmt: skip
    assert key_lines(DOCUMENT.replace("\n", "\r\n")) == key_lines(DOCUMENT)
    assert tomllib.loads(DOCUMENT)


def test_a_huge_statement_costs_line_numbers_not_time() -> None:
    text = "a = 1\nb = '''\n" + "x\n" * 100_000 + "'''\nc = 1\n"
    assert key_lines(text) == {("a",): 1}
    file = SettingsFile(Path("autogen.toml"), "project", text)
    assert str(file.error(("c",), "is wrong")) == "autogen.toml: c is wrong"


def test_a_hint_lists_a_few_names_and_points_to_many() -> None:
    assert nearest("zzz", ["one", "two"]) == "known are one, two"
    assert nearest("zzz", [f"name{number}" for number in range(60)]) == "`autogen config show` lists them all"
