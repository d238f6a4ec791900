"""What every check looks at: the code, the module before and after, and the project around it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from autogen_cli.files import read_file
from autogen_cli.generation.checks.coming import Coming
from autogen_cli.generation.checks.modules import Modules, python_files
from autogen_cli.generation.checks.receivers import Receivers
from autogen_cli.generation.insert import Edit
from autogen_cli.generation.insert.module import Module
from autogen_cli.generation.snippet import Snippet
from autogen_cli.generation.statements import DEFINITIONS
from autogen_cli.models import CallSite, CheckResult, CheckStatus, CodeContext, Target


@dataclass(frozen=True, slots=True)
class Subject:
    """answer: the code as it came. shown: the part of it that is put in, which lines count from.

    before, after: the module without and with it. declared: normalized names of distributions, None where nothing
    declares any. coming: what counts as existing.
    """

    target: Target
    context: CodeContext
    edit: Edit
    answer: Snippet
    shown: Snippet
    before: Module
    after: Module
    modules: Modules
    receivers: Receivers
    declared: frozenset[str] | None
    coming: Coming

    def symbols(self) -> Iterator["Subject"]:
        """The subject for each symbol that calls may mean: itself, or every definition of a whole module.

        A site doesn't say which of a module's names it uses; one that could mean several is left out.
        """
        if self.target.kind != "module":
            yield self
            return
        definitions = [s for s in self.shown.tree.body if isinstance(s, DEFINITIONS)]
        called: dict[str, list[CallSite]] = {s.name: [] for s in definitions}
        for site in self.context.call_sites:
            names = [name for name in called if re.search(rf"\b{name}\s*\(", site.text)]
            if len(names) == 1:
                called[names[0]].append(site)
        for definition in definitions:
            yield replace(
                self,
                target=replace(self.target, symbol=definition.name, kind="function"),
                context=replace(self.context, call_sites=tuple(called[definition.name])),
                shown=replace(self.shown, definition=(definition,)),
            )


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, or may be."""

    detail: str
    line: int | None = None
    status: CheckStatus = "fail"


def verdict(name: str, findings: Iterable[Finding], good: str = "") -> CheckResult:
    """The worst of a check's findings, its detail naming all that are as bad; a pass when there are none."""
    found = list(findings)
    status: CheckStatus = next((s for s in ("fail", "warn") if any(f.status == s for f in found)), "pass")
    worst = [f for f in found if f.status == status]
    if not worst:
        return CheckResult(name=name, status="pass", detail=good)
    detail = "; ".join(dict.fromkeys(f.detail for f in worst))
    return CheckResult(name=name, status=status, detail=detail, line=worst[0].line)


def sources(subject: Subject) -> Iterator[bytes]:
    """The module as it was, then every other Python file of the project."""
    yield subject.edit.before or b""
    for file in python_files(subject.target.root):
        if file != subject.target.path:
            try:
                yield read_file(file)
            except OSError:
                continue
