"""`autogen doctor`: each problem with its remedy, and a code that a script can use."""

from pathlib import Path

import pytest

from autogen_cli.providers.fake import FakeServer
from tests.conftest import RunAutogen


def findings(autogen: RunAutogen, cwd: Path) -> tuple[int, dict[str, dict[str, str]]]:
    ran = autogen("doctor", "--json", cwd=cwd)
    return ran.code, {finding["subject"]: finding for finding in ran.json["findings"]}


def test_a_fresh_machine_is_well(autogen: RunAutogen, tmp_path: Path) -> None:
    code, found = findings(autogen, tmp_path)
    assert code == 0
    assert found["provider"]["health"] == "note"
    assert "OPENAI_API_KEY" in found["provider"]["remedy"]
    assert {one["health"] for one in found.values()} <= {"ok", "note"}
    assert "scaffold" in autogen("doctor", cwd=tmp_path).out


def test_a_provider_that_answers_is_reachable(
    autogen: RunAutogen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "sk-" + "abcd1234" * 5
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with FakeServer(models=["a", "b"], api_key=key) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        code, found = findings(autogen, tmp_path)
    assert code == 0
    assert "2 models" in found["reachability"]["detail"]
    assert "OPENAI_API_KEY" in found["credentials"]["detail"]
    assert key not in str(found)


def test_a_provider_that_is_down_is_exit_code_5(
    autogen: RunAutogen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    code, found = findings(autogen, tmp_path)
    assert code == 5
    assert found["reachability"]["health"] == "problem"


def test_a_missing_key_is_exit_code_4(autogen: RunAutogen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGEN_PROVIDER", "openai")
    code, found = findings(autogen, tmp_path)
    assert code == 4
    assert "OPENAI_API_KEY" in found["reachability"]["remedy"]


def test_a_broken_configuration_is_exit_code_3(autogen: RunAutogen, tmp_path: Path) -> None:
    (tmp_path / "autogen.toml").write_text("provder = 'openai'\n")
    code, found = findings(autogen, tmp_path)
    assert code == 3
    assert "provider" in found["configuration"]["remedy"]


def test_an_untrusted_setting_is_named(autogen: RunAutogen, tmp_path: Path) -> None:
    (tmp_path / "autogen.toml").write_text('[openai]\nbase_url = "http://localhost:1/v1"\n')
    code, found = findings(autogen, tmp_path)
    assert code == 0
    assert "openai.base_url" in found["configuration"]["detail"]


def test_a_folder_that_cannot_be_used_is_a_problem(autogen: RunAutogen, tmp_path: Path, home: Path) -> None:
    (home / "autogen").mkdir()
    (home / "autogen" / "cache").write_text("a file where the folder should be")
    code, found = findings(autogen, tmp_path)
    assert code == 3
    assert found["cache folder"]["health"] == "problem"


def test_a_provider_that_is_left_alone_is_shown_and_reset(
    autogen: RunAutogen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.py").write_text("import b\n\nb.helper()\n")
    (tmp_path / "b.py").write_text("")
    monkeypatch.setenv("AUTOGEN_LIMITS_RETRIES", "0")
    with FakeServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    for _ in range(9):
        ran = autogen("generate", "b", "helper", "--no-cache", cwd=tmp_path)
    assert "is left alone" in ran.err
    assert findings(autogen, tmp_path)[1]["circuit breaker"]["health"] == "note"
    with FakeServer(port=int(server.base_url.rpartition(":")[2].removesuffix("/v1"))):
        assert "1 circuit breakers were reset" in autogen("doctor", "--reset", cwd=tmp_path).err
        assert autogen("generate", "b", "helper", "--no-cache", cwd=tmp_path).code == 0


def test_the_bridge_where_something_is_set_up_for_it(
    autogen: RunAutogen, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found() -> list[tuple[str, str]]:
        findings = autogen("doctor", "--json").json["findings"]
        return [(one["health"], one["detail"]) for one in findings if one["subject"] == "bridge"]

    assert found() == []
    monkeypatch.setenv("GITHUB_WEBHOOK_SECRET", "hook-secret-1")
    nothing = "github set up, 0 sources with code, 0 principals who may ask"
    assert found() == [("note", "github has no token to reply with"), ("note", nothing)]
    monkeypatch.setenv("GITHUB_TOKEN", "token-1234")
    monkeypatch.setenv("AUTOGEN_BRIDGE_REPOSITORIES", '{"github:o/n" = "/n"}')
    monkeypatch.setenv("AUTOGEN_SECURITY_ROLES", '{"github:7" = "generator", "user:me" = "admin"}')
    assert found() == [("ok", "github set up, 1 sources with code, 1 principals who may ask")]
    monkeypatch.setenv("GITHUB_TOKEN", "two words")
    assert found() == [("problem", "GITHUB_TOKEN holds characters that no key has")]
