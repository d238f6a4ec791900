"""Names that the code uses and that nothing defines."""

import ast
import builtins
import symtable

from autogen_cli.generation.checks.subject import Subject, verdict
from autogen_cli.generation.statements import bound_names
from autogen_cli.models import CheckResult

_MODULE_NAMES = {"__file__", "__name__", "__doc__", "__package__", "__path__", "__spec__", "__builtins__"}


def undefined(subject: Subject) -> CheckResult:
    module = subject.after or subject.before
    if any(isinstance(n, ast.ImportFrom) and n.names[0].name == "*" for n in ast.walk(module)):
        return CheckResult(name="names", status="pass", detail="a star import may define anything")
    known = {name for tree in (module, subject.snippet.tree) for s in tree.body for name in bound_names(s)}
    known |= set(dir(builtins)) | _MODULE_NAMES
    missing = _free(symtable.symtable(subject.code, "<answer>", "exec")) - known
    lines = {n.id: n.lineno for n in ast.walk(subject.snippet.tree) if isinstance(n, ast.Name)}
    return verdict(
        "names",
        [
            CheckResult(name="names", status="fail", detail=f"{n} is not defined", line=lines.get(n))
            for n in sorted(missing)
        ],
    )


def _free(table: symtable.SymbolTable) -> set[str]:
    """Names that this scope or one inside it looks up at module level."""
    inner = {name for child in table.get_children() for name in _free(child)}
    top = table.get_type() == "module"
    own = {s.get_name() for s in table.get_symbols() if s.is_referenced() and (s.is_global() or top)}
    return own | inner
