"""What has to hold for any module and any answer: a verdict or a refusal, a module that is still one, and no file
changed before it is written.
"""

import ast
import contextlib
import random
from dataclasses import replace
from pathlib import Path

from autogen_cli.errors import AutogenError, TargetError
from autogen_cli.generation.fit import Fit, fit_answer
from autogen_cli.generation.insert import apply_edits
from autogen_cli.generation.source import parse, read_source
from autogen_cli.generation.statements import bound_names
from autogen_cli.models import Argument, CallSite, CodeContext, Kind, Target

SLOW = ("security", "style")  # they start ruff


def judge(root: Path, before: bytes, answer: str, symbol: str | None, kind: Kind, chance: random.Random) -> Fit | None:
    """Sends an answer for `pkg/mod.py` through extraction, insertion and checks, and then to disk."""
    path = root / "pkg" / "mod.py"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(before)
    target = Target(
        root=root, source_root=root, module="pkg.mod", path=path, symbol=symbol, kind=kind, module_exists=True,
        symbol_exists=False,
    )  # fmt: skip
    context = CodeContext(target=target, text="", tokens=0, budget=0, call_sites=tuple(_sites(target, chance)))
    skip = () if chance.random() < 0.01 else SLOW
    force = chance.random() < 0.3
    try:
        fit = fit_answer(answer, target, context, force=force, complete=chance.random() < 0.5, skip=skip)
    except AutogenError:
        fit = None
    assert files(root) == {path: before}
    if fit is None or fit.edit is None:
        return fit
    assert fit.edit.before == before
    assert fit.edit.diff() or fit.edit.after == before
    with contextlib.suppress(RecursionError):  # of `ast.dump`, here
        _still_a_module(fit, before, symbol, force=force)
    _refused_when_changed(fit, path)
    path.write_bytes(before)
    apply_edits([fit.edit])
    assert files(root) == {path: fit.edit.after}
    return fit


def files(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def _still_a_module(fit: Fit, before: bytes, symbol: str | None, *, force: bool) -> None:
    assert fit.edit
    old, new = (parse(read_source(data, "mod.py").text) for data in (before, fit.edit.after))
    if symbol and not force:
        assert bound_names(*old.body) <= bound_names(*new.body)
        assert symbol.partition(".")[0] in bound_names(*new.body)
        kept = [ast.dump(s) for s in new.body]
        lost = [s for s in old.body if ast.dump(s) not in kept and not isinstance(s, ast.Import | ast.ImportFrom)]
        changed = {"__all__", symbol.partition(".")[0]}
        assert [ast.dump(s) for s in lost if not bound_names(s) & changed] == []
    if fit.accepted:
        parse(fit.code)


def _refused_when_changed(fit: Fit, path: Path) -> None:
    """Somebody else writes the file between the look and the edit."""
    assert fit.edit
    changed = (fit.edit.before or b"") + b"# changed\n"
    path.write_bytes(changed)
    try:
        apply_edits([fit.edit])
    except TargetError:
        assert path.read_bytes() == changed
    else:
        raise AssertionError("an edit of a file that changed was written")


def _sites(target: Target, chance: random.Random) -> list[CallSite]:
    plain = CallSite(path="pkg/use.py", line=1, text=f"x = {target.name}(1, b=2)", uses=("assigned",), names=("x",))
    given = [
        (),
        (Argument(text="1"),),
        (Argument(text="1"), Argument(text="2", name="b")),
        (Argument(text="rest", star="*"), Argument(text="more", star="**")),
        (Argument(text="ﬁ", name="ﬁeld"),),
        None,
    ]
    some = [replace(plain, arguments=each, awaited=chance.random() < 0.2) for each in given]
    own = replace(plain, path=target.relative_path, line=chance.randint(0, 400), arguments=(), enclosing="f")
    return chance.sample([*some, own], chance.randint(0, 4))
