"""What a row tells of its context."""

from pathlib import Path

from autogen_cli.models import CodeContext, ContextItem, Target
from autogen_cli.service.batch.brief import brief

TARGET = Target(
    root=Path("/p"), source_root=Path("/p"), module="a", path=Path("/p/a.py"), symbol="x", kind="function",
    module_exists=True, symbol_exists=False,
)  # fmt: skip


def item(kind: str, path: str, line: int, symbol: str, tokens: int) -> ContextItem:
    return ContextItem(kind=kind, path=path, line=line, symbol=symbol, tokens=tokens, reason="why", text="text")


def test_pieces_of_one_kind_and_file_become_one_item() -> None:
    pieces = (item("definition", "a.py", 7, "A", 10), item("definition", "b.py", 1, "B", 5))
    pieces += (item("definition", "a.py", 3, "A.run", 4), item("test", "a.py", 9, "test_a", 2))
    context = CodeContext(target=TARGET, text="all of it", tokens=21, budget=30, items=pieces, omitted=pieces[:1])
    found = brief(context)
    assert [(each.kind, each.path, each.line, each.symbol, each.tokens, each.text) for each in found.items] == [
        ("definition", "a.py", 7, "A and 1 more", 14, ""),
        ("definition", "b.py", 1, "B", 5, ""),
        ("test", "a.py", 9, "test_a", 2, ""),
    ]
    assert (found.text, found.tokens, [each.symbol for each in found.omitted]) == ("", 21, ["A"])
    assert brief(found) == found
