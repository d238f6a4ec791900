import pytest

from autogen_cli.context.tokens import count_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [  # published counts of o200k_base
        ("", 0),
        ("hello world", 2),
        ("tiktoken is great!", 6),
        ("antidisestablishmentarianism", 6),
        ("2 + 2 = 4", 7),
    ],
)
def test_tokens_are_counted_by_o200k_base(text: str, tokens: int) -> None:
    assert count_tokens(text) == tokens


def test_a_control_token_in_the_text_counts_as_the_text_it_is() -> None:
    assert count_tokens("<|endoftext|>") > 1


def test_counts_of_lines_add_up_to_no_less_than_the_whole() -> None:
    lines = ["def f(x: int) -> str:\n", "    return str(x)\n", "\n", "größe = '日本語 🎉'\n"]
    assert 0 < count_tokens("".join(lines)) <= sum(map(count_tokens, lines))
