from decimal import Decimal
from pathlib import Path

import pytest

from autogen_cli.cache.base import KeyInputs, cache_key, entry_from_json, entry_to_json
from autogen_cli.models import Prompt

ASKED = {
    "provider": "openai",
    "model": "m-1",
    "parameters": {"temperature": 0.0, "max_output_tokens": 100},
    "prompt": Prompt(system="be brief", user="write f"),
}


@pytest.mark.parametrize(
    "change",
    [
        {"provider": "command"},
        {"model": "m-2"},
        {"model": None},
        {"parameters": {"temperature": 0.1, "max_output_tokens": 100}},
        {"parameters": {}},
        {"prompt": Prompt(system="be brief", user="write g")},
        {"prompt": Prompt(system="be briefwrite ", user="f")},
    ],
)
def test_every_part_of_the_question_changes_the_key(change):
    assert cache_key(**{**ASKED, **change}) != cache_key(**ASKED)


def test_the_key_does_not_depend_on_the_order_of_parameters():
    swapped = dict(reversed(ASKED["parameters"].items()))

    assert cache_key(**{**ASKED, "parameters": swapped}) == cache_key(**ASKED)
    assert len(cache_key(**ASKED)) == 40


def test_a_prompt_with_a_lone_surrogate_has_a_key():
    assert cache_key(**{**ASKED, "prompt": Prompt(system="", user="\ud800")})


@pytest.mark.parametrize(
    "damage",
    [{"files": 3}, {"files": [["one"]]}, {"cost_usd": "much"}, {"value": "text"}, {"unknown": 1}],
)
def test_a_document_that_is_no_entry_is_none(make_entry, damage):
    assert entry_from_json({**entry_to_json(make_entry()), **damage}) is None
    assert entry_from_json({}) is None


def test_an_unknown_cost_stays_unknown(make_entry):
    entry = make_entry(cost_usd=None)

    assert entry_from_json(entry_to_json(entry)) == entry


def test_parameters_that_json_does_not_know_have_a_key_and_come_back_as_text():
    inputs = KeyInputs(**{**ASKED, "parameters": {"price": Decimal("0.1"), "path": Path("a")}})

    assert len(inputs.key) == 40
    assert inputs.parts()[3] == {"price": "0.1", "path": "a"}
