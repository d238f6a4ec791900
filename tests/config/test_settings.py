"""The declarations, and tables made in Python."""

import copy
import pickle
import tomllib
from collections.abc import Mapping
from decimal import Decimal

import pytest

from autogen_cli.config import (
    SETTINGS,
    AutogenConfig,
    BridgeConfig,
    BudgetConfig,
    CacheConfig,
    ContextConfig,
    OpenAIConfig,
    PriceConfig,
    value_of,
)
from autogen_cli.config.environment import HOME, variable_name
from autogen_cli.config.fields import Table
from autogen_cli.config.values import to_toml
from autogen_cli.errors import ConfigError


@pytest.mark.parametrize("key", SETTINGS)
def test_every_default_and_example_is_valid(key: str) -> None:
    declared = SETTINGS[key]
    assert declared.convert(declared.default) == declared.default
    shown = tomllib.loads(f"value = {to_toml(declared.example)}", parse_float=Decimal)["value"]
    assert declared.convert(shown) == declared.example
    assert declared.doc.endswith(".")


def test_no_two_settings_share_a_variable() -> None:
    names = [variable_name(key) for key in SETTINGS] + [found.variable for found in SETTINGS.values() if found.variable]
    assert len({*names, HOME}) == len(names) + 1


def test_the_settings_of_the_design_have_their_defaults() -> None:
    config = AutogenConfig()
    assert config.provider == "auto"
    assert config.fallback == ("scaffold",)
    assert (config.context.tokens, config.context.analyzer, config.context.secrets) == (6000, "index", "redact")
    assert (config.cache.memory_entries, config.cache.encrypt) == (1000, False)
    assert (config.limits.max_concurrent, config.limits.retries) == (5, 3)
    assert config.checks.repair == 1
    assert config.codegen.transport == "auto"
    assert config.budget.action == "refuse"


def test_whatever_redirects_credentials_or_runs_programs_is_protected() -> None:
    always = {key for key, declared in SETTINGS.items() if declared.protection == "always"}
    assert {"openai.base_url", "codegen.base_url", "command.argv", "cache.redis_url", "checks.test"} <= always
    assert always == {
        *("openai.base_url", "codegen.base_url", "command.argv", "cache.redis_url", "checks.test"),
        *("budget.alert_argv", "budget.alert_webhook"),
        *("cache.dir", "usage.retention_days", "prices", "codegen.price_per_run"),
        *(f"bridge.{name}" for name in BridgeConfig.__settings__),
        *("security.roles", "security.audit_key_file", "security.allow_http"),
    }


@pytest.mark.parametrize(
    ("table", "values", "message"),
    [
        (CacheConfig, {"memory_entries": "x"}, "CacheConfig.memory_entries must be an integer, not 'x'"),
        (CacheConfig, {"memory_entrys": 1}, "CacheConfig.memory_entrys is not a setting: did you mean memory_entries?"),
        (ContextConfig, {"tokens": 0}, "ContextConfig.tokens must be at least 1, not 0"),
        (CacheConfig, {"ttl": 0}, "CacheConfig.ttl must be more than 0, not 0.0"),
        (OpenAIConfig, {"temperature": 3}, "OpenAIConfig.temperature must be at most 2, not 3.0"),
        (
            OpenAIConfig,
            {"base_url": "https://me:pass@host/v1"},
            "OpenAIConfig.base_url must be an http:// or https:// URL without user, password, query or fragment",
        ),
        (
            AutogenConfig,
            {"prices": {"m": {"inptu": 1}}},
            "AutogenConfig.prices.m.inptu is not a setting: did you mean input?",
        ),
        (AutogenConfig, {"prices": {"m": 1}}, "AutogenConfig.prices.m must be a table"),
        (AutogenConfig, {"cache": {"ttl": "x"}}, "AutogenConfig.cache.ttl must be a number or \"none\", not 'x'"),
        (
            BudgetConfig,
            {"zzz": 1},
            "BudgetConfig.zzz is not a setting: known are per_run, daily, monthly, action, alert_argv, alert_webhook",
        ),
    ],
)
def test_tables_made_in_python_are_checked_too(table: type[Table], values: Mapping[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        table(**values)
    assert str(refused.value) == message


def test_tables_are_values() -> None:
    table = CacheConfig(ttl=3)
    assert table == CacheConfig(ttl=3.0)
    assert table != CacheConfig()
    assert table != ContextConfig()
    assert table != "table"
    assert repr(table) == "CacheConfig(ttl=3.0)"
    assert pickle.loads(pickle.dumps(table)) == copy.deepcopy(table) == table
    with pytest.raises(AttributeError, match="can't be changed"):
        table.__setattr__("ttl", 4.0)
    with pytest.raises(TypeError, match="unhashable"):
        hash(table)


def test_tables_nest() -> None:
    config = AutogenConfig(cache=CacheConfig(enabled=False), prices={"m": PriceConfig(input=Decimal(1))})
    assert config.cache.enabled is False
    assert config.prices["m"].input == 1
    assert config.prices["m"].output is None
    assert config.context == ContextConfig()
    assert AutogenConfig().prices == {}


def test_values_are_found_by_key() -> None:
    config = AutogenConfig(model="m", cache=CacheConfig(ttl=5))
    assert value_of(config, "model") == "m"
    assert value_of(config, "cache.ttl") == 5
    with pytest.raises(ConfigError, match=r"cache\.tll is not a setting: did you mean cache\.ttl\?"):
        value_of(config, "cache.tll")
