"""The offline provider: a documented stub that every caller's call fits, worked out from the call sites alone."""

from autogen_cli.models import CodeContext, Completion, CompletionRequest, Kind
from autogen_cli.providers.base import Capabilities
from autogen_cli.providers.scaffold.evidence import read_uses
from autogen_cli.providers.scaffold.functions import Project
from autogen_cli.providers.scaffold.modules import definition_lines, module_lines
from autogen_cli.providers.scaffold.precedents import Scopes, read_precedents
from autogen_cli.providers.scaffold.render import description, docstring, import_lines, read_style

_RAISING: dict[Kind, str] = {
    "function": "it raises NotImplementedError",
    "method": "it raises NotImplementedError",
    "class": "its methods raise NotImplementedError",
    "constant": "its value is a placeholder",
    "module": "its functions and methods raise NotImplementedError, its constants are placeholders",
}
_QUIET: dict[Kind, str] = {**_RAISING, "class": "its body is empty", "module": "its names are placeholders"}


class ScaffoldProvider:
    """Never fails and costs nothing. What it answers binds to all call sites of the context, and raises
    NotImplementedError when it is run; constants hold a placeholder.
    """

    name = "scaffold"
    capabilities = Capabilities(idempotent=True, offline=True)

    async def complete(self, request: CompletionRequest) -> Completion:
        target, found = request.context.target, len(request.context.call_sites)
        basis = f"from {found} call site{'s' if found > 1 else ''}" if found else "and no call site was found"
        code = scaffold(request.context)
        effects = _RAISING if "raise NotImplementedError" in code else _QUIET
        return Completion(
            text=f"```python\n{code}```\n",
            model=None,
            finish_reason="stop",
            warnings=(f"{target.symbol or target.module} is a scaffold {basis}: {effects[target.kind]}",),
        )

    async def close(self) -> None:
        """Nothing is held open."""


def scaffold(context: CodeContext) -> str:
    """The stub's source: imports, then the target's definition; of a module its docstring first."""
    target = context.target
    precedents = read_precedents(context)
    uses = read_uses(context.call_sites, target.name, Scopes(context, precedents).of)
    project = Project(read_style(context), precedents, target.signature)
    if target.symbol:
        head: list[str] = []
        lines = definition_lines(target.kind, target.symbol, uses, project, module=target.module)
    else:
        lines = module_lines(target.module, uses, project)
        head = docstring(description((), () if lines else uses, project.style.width)[: None if not lines else 1])
    body = "\n".join(lines).strip("\n")
    imports = "\n".join(import_lines(body))
    gap = "\n\n" if body.startswith("#") or not imports else "\n\n\n"
    return "\n\n".join(part for part in ("\n".join(head), gap.join(filter(None, (imports, body)))) if part) + "\n"
