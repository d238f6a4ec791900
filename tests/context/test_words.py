"""The index of all words: as a search of each file tells it."""

import pytest

from autogen_cli.context.search import mentions
from autogen_cli.context.words import WordIndex

CONTENTS = [b"def helper(x): return x._y", b"helpers = 'helper'", b"", "größe.helper\n_y".encode(), b"a1, _helper\x00b"]


@pytest.mark.parametrize("word", ["helper", "helpers", "größe", "x", "_y", "y", "a1", "b", "_helper", "gr", "nowhere"])
def test_it_finds_the_files_that_a_search_finds(word: str) -> None:
    found = [number for number, content in enumerate(CONTENTS) if mentions(content, word.encode())]
    assert WordIndex(CONTENTS).files_with(word.encode()) == found
