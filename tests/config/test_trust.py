"""What a project's file may say before somebody has trusted it, and what trust is bound to."""

import json
import os
import stat
from pathlib import Path

import pytest

from autogen_cli.config import SETTINGS, load, value_of
from autogen_cli.config.files import find_project_file
from autogen_cli.config.trust import trust
from tests.config.conftest import WriteUserFile
from tests.conftest import MakeProject

PROTECTED = {
    "openai.base_url": "'https://evil.example/v1'",
    "codegen.base_url": "'https://evil.example'",
    "command.argv": "['sh', '-c', 'evil']",
    "cache.redis_url": "'redis://evil.example'",
    "cache.dir": "'/evil'",
    "budget.alert_argv": "['sh', '-c', 'evil']",
    "budget.alert_webhook": "'https://evil.example'",
    "checks.test": "'./evil'",
    "usage.retention_days": "1",
    "prices": "{ m = { input = 0, output = 0 } }",
    "codegen.price_per_run": "0",
    "security.roles": "{ 'user:mallory' = 'admin' }",
    "security.audit_key_file": "'/evil'",
    "security.allow_http": "['evil.example']",
    "bridge.host": "'0.0.0.0'",
    "bridge.port": "1",
    "bridge.workers": "64",
    "bridge.repositories": "{ 'github:o/n' = '/evil' }",
    "bridge.refresh_seconds": "0",
    "bridge.requests_per_day": "1_000_000",
    "bridge.mention": "'evil'",
    "bridge.max_body": "1_000_000_000",
    "bridge.body_seconds": "300",
    "bridge.slack_window": "86_400",
    "bridge.linear_window": "86_400",
    "bridge.lease_seconds": "86_400",
    "bridge.stop_seconds": "86_400",
    "bridge.metrics": "'all'",
    "bridge.github_url": "'https://evil.example'",
    "bridge.slack_url": "'https://evil.example'",
    "bridge.linear_url": "'https://evil.example'",
}


def trust_project(root: Path) -> None:
    file = find_project_file(root)
    assert file
    trust(file)


def test_every_protected_setting_is_tried() -> None:
    assert {key for key, declared in SETTINGS.items() if declared.protection == "always"} == set(PROTECTED)


@pytest.mark.parametrize("key", PROTECTED)
def test_a_protected_setting_waits_for_trust(key: str, make_project: MakeProject) -> None:
    root = make_project({"autogen.toml": f"# mine\n{key} = {PROTECTED[key]}\n", "pkg/x.py": ""})
    loaded = load(root / "pkg")
    assert value_of(loaded.config, key) == SETTINGS[key].default
    assert loaded.origins[key].kind == "default"
    hint = "it takes effect after `autogen config trust`"
    assert loaded.ignored == ((key, root / "autogen.toml", 2, hint),)
    trust_project(root)
    loaded = load(root / "pkg")
    assert value_of(loaded.config, key) != SETTINGS[key].default
    assert (loaded.origins[key].kind, loaded.ignored) == ("project", ())


def test_what_is_not_protected_takes_effect_beside_what_is(make_project: MakeProject) -> None:
    loaded = load(make_project({"autogen.toml": "[openai]\nbase_url = 'http://evil/v1'\nmodel = 'm'"}))
    assert (loaded.config.openai.model, len(loaded.ignored)) == ("m", 1)


def test_what_changes_nothing_needs_no_trust(make_project: MakeProject) -> None:
    root = make_project({"autogen.toml": "[openai]\nbase_url = 'https://api.openai.com/v1'"})
    loaded = load(root)
    assert (loaded.ignored, loaded.origins["openai.base_url"].kind) == ((), "project")


@pytest.mark.parametrize("source", ["user", "environment", "flag"])
def test_the_users_own_sources_need_no_trust(source: str, tmp_path: Path, write_user_file: WriteUserFile) -> None:
    url = "https://mine.example/v1"
    if source == "user":
        write_user_file(f"[openai]\nbase_url = '{url}'")
    environ = os.environ | ({"OPENAI_BASE_URL": url} if source == "environment" else {})
    overrides = {"openai.base_url": url} if source == "flag" else None
    loaded = load(tmp_path, environ=environ, overrides=overrides)
    assert (loaded.config.openai.base_url, loaded.origins["openai.base_url"].kind) == (url, source)


@pytest.mark.parametrize(
    ("user", "project", "ignored"),
    [
        ("", "budget.daily = 5", False),
        ("budget.daily = 5", "budget.daily = 4.99", False),
        ("budget.daily = 5", "budget.daily = 50", True),
        ("budget.daily = 5", "budget.daily = 'none'", True),
        ("", "budget.action = 'warn'", True),
        ("budget.action = 'warn'", "budget.action = 'refuse'", False),
        ("", "context.secrets = 'off'", True),
        ("", "context.secrets = 'refuse'", False),
        ("context.secrets = 'refuse'", "context.secrets = 'redact'", True),
        ("", "usage.enabled = false", True),
        ("usage.enabled = false", "usage.enabled = true", False),
        ("", "security.audit = false", True),
        ("", "security.generator_usd = 100", True),
        ("", "security.approver_usd = 'none'", True),
        ("", "security.generator_usd = 0", False),
        ("cache.encrypt = true", "cache.encrypt = false", True),
        ("", "cache.encrypt = true", False),
    ],
)
def test_a_guard_may_be_tightened_but_not_loosened(
    user: str, project: str, ignored: bool, make_project: MakeProject, write_user_file: WriteUserFile
) -> None:
    write_user_file(user)
    root = make_project({"autogen.toml": project})
    key = project.partition(" ")[0]
    assert [found.key for found in load(root).ignored] == ([key] if ignored else [])
    trust_project(root)
    loaded = load(root)
    assert (loaded.ignored, loaded.origins[key].kind) == ((), "project")


@pytest.mark.parametrize(
    ("before", "after", "trusted"),
    [
        ("checks.test = 'pytest'", "# reviewed\nchecks.test = 'pytest'\n", True),
        ("checks.test = 'pytest'", "[checks]\ntest = 'pytest'", True),
        ("checks.test = 'pytest'", "checks.test = 'evil'", False),
        ("checks.test = 'pytest'", "checks.test = 'pytest'\nopenai.base_url = 'http://evil/v1'", False),
        ("checks.test = 'pytest'", "checks.test = 'pytest'\nmodel = 'm'", False),
    ],
)
def test_trust_ends_when_a_setting_changes(before: str, after: str, trusted: bool, make_project: MakeProject) -> None:
    trust_project(make_project({"autogen.toml": before}))
    root = make_project({"autogen.toml": after})
    assert bool(load(root).ignored) is not trusted


def test_the_rest_of_a_pyproject_does_not_matter(make_project: MakeProject) -> None:
    text = "[tool.autogen.checks]\ntest = 'pytest'\n"
    trust_project(make_project({"pyproject.toml": text}))
    assert load(make_project({"pyproject.toml": text + "[project]\nname = 'x'\n"})).ignored == ()


def test_the_same_file_elsewhere_is_not_trusted(make_project: MakeProject) -> None:
    text = "command.argv = ['./generate']\n"
    root = make_project({"autogen.toml": text, "clone/autogen.toml": text})
    trust_project(root)
    assert load(root).ignored == ()
    assert [found.key for found in load(root / "clone").ignored] == ["command.argv"]


def test_trust_is_kept_privately_and_for_several_files(make_project: MakeProject, home: Path) -> None:
    text = "checks.test = 'pytest'\n"
    root = make_project({"autogen.toml": text, "b/autogen.toml": text})
    trust_project(root)
    trust_project(root / "b")
    assert (load(root).ignored, load(root / "b").ignored) == ((), ())
    store = home / "autogen/data/trusted.json"
    assert stat.S_IMODE(store.stat().st_mode) == 0o600
    assert json.loads(store.read_text()).keys() == {"schema", "files"}


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"files": []}', b'{"files": {"x": 1}}', b"\xff", b"[" * 100_000]
)
def test_a_damaged_store_trusts_nobody_and_is_mended(content: bytes, make_project: MakeProject, home: Path) -> None:
    root = make_project({"autogen.toml": "checks.test = 'pytest'\n"})
    store = home / "autogen/data/trusted.json"
    store.parent.mkdir(parents=True)
    store.write_bytes(content)
    assert len(load(root).ignored) == 1
    trust_project(root)
    assert load(root).ignored == ()
