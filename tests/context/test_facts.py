from autogen_cli.context.facts import Definition, FileFacts, Import, facts_from_json, facts_to_json
from autogen_cli.context.syntax import read_facts

SOURCE = (
    "from .a import b as c\n__all__ = ['ä']\nclass C(B):\n    def m(self, x: int = 1) -> 'C':\n        return self.y\n"
    "print(1)\nx = = 2\n"
)


def test_facts_go_to_json_and_back() -> None:
    facts = read_facts(SOURCE.encode())
    text = facts_to_json(facts)
    again = facts_from_json(text)
    assert facts_to_json(again) == text
    assert "ä" in text
    assert all(isinstance(d, Definition) for d in again.definitions)
    assert all(isinstance(i, Import) for i in again.imports)
    assert again.imports[0].bound == "c"
    assert (list(again.exports), again.error_line) == (["ä"], 7)


def test_no_facts_go_to_json_and_back() -> None:
    assert facts_to_json(facts_from_json(facts_to_json(FileFacts()))) == "[[],[],[],[],[],0]"


def test_the_qualified_name_goes_through_the_owner() -> None:
    assert Definition("m", "A.B", "method", 1, 1, "").qualified_name == "A.B.m"
    assert Definition("f", "", "function", 1, 1, "").qualified_name == "f"
