"""The facts about one Python file, as plain values: what an analyzer fills and everything else reads.

All are named tuples of strings, numbers and sequences, so that they go to JSON and back without ceremony (a tuple
may come back as a list). Lines are 1-based. Any analyzer that fills `FileFacts` and `Usage` can stand in for the
tree-sitter one (`syntax.py`).
"""

from collections.abc import Sequence
from sys import intern
from typing import Any, Literal, NamedTuple

type DefinitionKind = Literal["function", "class", "constant", "method", "attribute"]
type UsageKind = Literal["use", "import", "export", "annotation"]


class Definition(NamedTuple):
    """A name that a file defines, at module level or in a class.

    owner: qualified name of the class around it, "" at module level.
    signature: the lines that define the name, dedented, without body: `def f(a, b=1) -> C: ...`, `class A(B): ...`,
        `NAME = value`, `name: Type`; long values are cut to `...`.
    bases: base classes of a class as written. returns: return annotation of a function as written.
    parameters: (name, annotation, mark) of a function, without self and cls; the mark is `*`, `**`, or `=` where there
        is a default.
    names, attributes: what the body of a function loads, or the methods of a class together; sorted.
    """

    name: str
    owner: str
    kind: DefinitionKind
    line: int
    end_line: int
    signature: str
    doc: str = ""
    decorators: Sequence[str] = ()
    bases: Sequence[str] = ()
    returns: str = ""
    parameters: Sequence[Sequence[str]] = ()
    names: Sequence[str] = ()
    attributes: Sequence[str] = ()

    @property
    def qualified_name(self) -> str:
        return f"{self.owner}.{self.name}" if self.owner else self.name


class Import(NamedTuple):
    """One imported name. `import a.b` has name "" and binds `a`; `import a.b as c` binds `c`; a star has name `*`.

    level: leading dots. bound: the local name. scope: qualified name of the function or class that it stands in,
    "" at module level. typing_only: under `if TYPE_CHECKING`.
    """

    module: str
    level: int
    name: str
    bound: str
    line: int
    scope: str = ""
    typing_only: bool = False


class FileFacts(NamedTuple):
    """exports: `__all__` as far as it is literal. names, attributes: loaded by module-level code outside definitions.

    error_line: first line of a syntax error, 0 when there is none; the other facts are then what could be read.
    """

    definitions: Sequence[Definition] = ()
    imports: Sequence[Import] = ()
    exports: Sequence[str] = ()
    names: Sequence[str] = ()
    attributes: Sequence[str] = ()
    error_line: int = 0


class Usage(NamedTuple):
    """One occurrence of a name in a file, before it is known whether it means the target.

    text: the statement (of a compound one its header) as written, dedented.
    name: the name as it is used here (an alias where the import renames it).
    receiver: what stands before the dot, as written; "" for a bare name. receiver_type: the class of the receiver
        where an annotation or an assignment in the same function tells it.
    arguments: (text, keyword, star) each; None when the name isn't called.
    uses, names, members: see `models.CallSite`.
    """

    kind: UsageKind
    line: int
    text: str
    name: str
    receiver: str = ""
    receiver_type: str = ""
    enclosing: str = ""
    arguments: Sequence[Sequence[str]] | None = None
    awaited: bool = False
    uses: Sequence[str] = ()
    names: Sequence[str] = ()
    members: Sequence[str] = ()


def facts_to_json(facts: FileFacts) -> str:
    import json

    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))


def facts_from_json(text: str) -> FileFacts:
    import json

    definitions, imports, *rest = json.loads(text)
    return FileFacts(tuple(map(_lean, definitions)), tuple(map(Import._make, imports)), *rest)


def _lean(fields: list[Any]) -> Definition:
    """A definition whose names share their memory with those of others, and whose empty parts take none."""
    name, owner, kind, *middle, decorators, bases, returns, parameters, names, attributes = fields
    line, end_line, signature, doc = middle
    return Definition(
        intern(name), intern(owner), kind, line, end_line, signature, doc, decorators or (), bases or (), returns,
        tuple([tuple(map(intern, each)) for each in parameters]), tuple(map(intern, names)),
        tuple(map(intern, attributes)),
    )  # fmt: skip
