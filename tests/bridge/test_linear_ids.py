"""Ids of comments that Linear takes, and that we know again."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autogen_cli.bridge.linear_ids import comment_id_of, is_ours


@given(key=st.text(st.characters(codec="utf-8")))
def test_an_id_is_of_the_form_that_linear_asks_for_and_the_same_each_time(key: str) -> None:
    made = comment_id_of(key)
    assert made == comment_id_of(key) == str(UUID(made))
    assert UUID(made).version == 4
    assert is_ours(made)


def test_keys_have_ids_of_their_own() -> None:
    assert len({comment_id_of(f"li:org:comment/{number}") for number in range(1_000)}) == 1_000


@pytest.mark.parametrize("other", [*(str(uuid4()) for _ in range(20)), "", "comment-1", "x" * 36], ids=range(23))
def test_others_are_not_ours(other: str) -> None:
    assert not is_ours(other)
