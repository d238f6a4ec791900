"""The context engine: from a target to everything that says what it has to be, within a budget of tokens."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from autogen_cli.context import target as targets
from autogen_cli.context.analyzer import Analyzer, AnalyzerError
from autogen_cli.context.answers import (
    answer_from_json,
    answer_key,
    answer_to_json,
    needs_of,
    settings_stats,
    still_holds,
)
from autogen_cli.context.index import Index, index_name
from autogen_cli.context.project import Project
from autogen_cli.context.sources import Sources
from autogen_cli.errors import AutogenError, TargetError
from autogen_cli.models import CodeContext, Kind, Target

if TYPE_CHECKING:
    from autogen_cli.context.evidence import Found
    from autogen_cli.context.recent import Recent


type Phases = Callable[[Literal["index", "rank", "render"]], AbstractContextManager[object]]


class ContextEngine:
    """One project's context. index_dir: where the index is kept between runs; None keeps it in memory.

    include, exclude: patterns as in .gitignore. The project is read as it is when the engine is made.
    """

    def __init__(
        self,
        root: Path,
        *,
        index_dir: Path | None = None,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        analyzer: Analyzer | None = None,
    ) -> None:
        index = Index(index_dir, index_name(root.resolve(), (tuple(include), tuple(exclude))))
        if not index.tree:  # a new one: nothing has been counted yet
            from autogen_cli.context.tokens import load_beside

            load_beside()
        try:
            self.project = Project(root, include=include, exclude=exclude, listings=index.tree)
        except AutogenError:
            index.close()
            raise
        self.sources = Sources(self.project, index)
        self.analyzer = analyzer
        self._known: Recent | None = None
        self.keeps_answers = True  # until `close` they take memory, which many thousand of them are not worth

    @classmethod
    def from_codebase(cls, codebase: Any, *, index_dir: Path | None = None) -> Self:
        """The engine of a `graph_sitter.Codebase`, which then tells who uses a target; it isn't changed."""
        from autogen_cli.context.graph import CodebaseAnalyzer

        analyzer = CodebaseAnalyzer(codebase)
        return cls(analyzer.root, index_dir=index_dir, analyzer=analyzer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Writes the index. The engine can't be used afterwards."""
        self.sources.close()

    def resolve(self, module: str, symbol: str | None, kind: Kind | None = None) -> Target:
        """The file and the symbol that two names mean. TargetError where they can't mean any."""
        parts = targets.check_module_name(module)
        symbol_parts = targets.check_symbol(symbol) if symbol else ()
        symbol = ".".join(symbol_parts) or None
        source_root, path, exists = targets.locate_module(self.project, parts)
        if exists:
            self.sources.admit(path)
            self._check_module(path)
        definitions = {found.qualified_name: found for found in self.sources.facts(path).definitions}
        known = definitions.get(symbol) if symbol else None
        owner = ".".join(symbol_parts[:-1])
        if owner and owner not in definitions:
            hint = f"generate {module} {owner} first"
            raise TargetError(f"{path} has no class {owner} to put {symbol_parts[-1]} into", hint=hint)
        if kind is None and known and known.kind != "attribute":
            kind = known.kind
        return Target(
            root=self.project.root,
            source_root=self.project.root / source_root,
            module=module,
            path=self.project.root / path,
            symbol=symbol,
            kind=kind or (targets.kind_of_name(symbol_parts) if symbol_parts else "module"),
            module_exists=exists,
            symbol_exists=known is not None if symbol else bool(definitions),
            signature=targets.signature_of(self.sources.source(path), symbol) if symbol and known else "",
        )

    def _check_module(self, path: str) -> None:
        content = targets.read_module(self.project.root, path)
        if self.sources.facts(path).error_line:
            import ast

            try:
                ast.parse(content)
            except SyntaxError as exc:
                place = f"{path}:{exc.lineno}" if exc.lineno else path  # a NUL byte has no line
                message = f"{place} has a syntax error: {exc.msg}"
                raise TargetError(message, hint="mend it first") from exc
            except (ValueError, RecursionError, MemoryError) as exc:
                raise TargetError(f"{path} can't be parsed: {exc or 'it is nested too deeply'}") from exc

    def extract(self, target: Target, budget: int, phase: Phases = nullcontext) -> CodeContext:
        """The best `budget` tokens on a target that `resolve` gave. phase: gives what each phase runs within."""
        key = answer_key(target, budget)
        with phase("index"):
            known = None if self.analyzer else self._answered(key)
        warnings = [self.sources.index.warning] if self.sources.index.warning else []
        if known:
            context = known(target)
        else:
            if not self.keeps_answers:
                self.sources.be_frugal()
            self.sources.watch()
            context = self._make(target, budget, warnings, phase)
            if self.keeps_answers and not self.analyzer:
                needs = needs_of(self.sources, settings_stats(self.project.root))
                self.sources.keep_answer(key, answer_to_json(context, needs))
        skipped = tuple(f"{place}: {reason}" for place, reason in self.sources.skipped())
        return replace(context, warnings=tuple(warnings), skipped=skipped)

    def names_like(self, target: Target) -> list[str]:
        """What the target's module defines under a name that is nearly the target's: it may be what was meant."""
        import difflib

        known = [found.qualified_name for found in self.sources.facts(target.relative_path).definitions]
        return difflib.get_close_matches(target.symbol or "", known, n=1, cutoff=0.8)

    def _answered(self, key: str) -> Callable[[Target], CodeContext] | None:
        """An earlier answer that still holds."""
        kept = self.sources.index.answer(key)
        if kept is None:
            return None
        upto, data = kept
        try:
            needs, build = answer_from_json(data)
        except (ValueError, TypeError, KeyError):  # damaged: it is made anew
            return None
        return build if still_holds(needs, self.sources, upto) else None

    def _make(self, target: Target, budget: int, warnings: list[str], phase: Phases) -> CodeContext:
        from autogen_cli.context.evidence import call_site
        from autogen_cli.context.rank import candidates
        from autogen_cli.context.render import render

        with phase("index"):
            found = self._find(target, warnings)
            recent = self._recent()
        with phase("rank"):
            ranked = candidates(recent.names, target, found)
        with phase("render"):
            rendered = render(ranked, budget, self.sources.count)
        paths = {item.path for item in rendered.items} | {item.path for item in found}
        if target.module_exists:
            paths.add(target.relative_path)
        conventions, dependencies = recent.told(target.relative_path)
        return CodeContext(
            target=target,
            text=rendered.text,
            tokens=rendered.tokens,
            budget=budget,
            items=rendered.items,
            omitted=rendered.omitted,
            call_sites=tuple(call_site(item) for item in found if item.usage.kind == "use"),
            files=tuple(recent.file(path) for path in sorted(paths)),
            conventions=conventions,
            dependencies=dependencies,
        )

    def _recent(self) -> "Recent":
        """What is known from targets before. An answer that is kept notes all that it reads, so it starts anew."""
        from autogen_cli.context.recent import Recent

        if self._known is None or self.keeps_answers or self._known.is_over:
            self._known = Recent(self.sources)
        self._known.names.relieve()
        return self._known

    def _find(self, target: Target, warnings: list[str]) -> list["Found"]:
        from autogen_cli.context.evidence import Evidence

        found = Evidence(self.sources, target).find()
        if self.analyzer:
            try:
                return self.analyzer.find(self.sources, target, found)
            except AnalyzerError as exc:
                warnings.append(f"call sites are those of the index: {exc}")
        return found
