"""Who imports, and with which statement: read from the bytecode, so that it works without source as well."""

import dis
import importlib
import sys
from importlib.util import resolve_name
from pathlib import Path
from types import FrameType

from autogenlib._state import Caller

_OURS = str(Path(__file__).parent)
_MACHINERY = ("<frozen importlib", str(Path(importlib.__file__).parent))


def find_caller() -> Caller:
    """The nearest code outside of the import machinery and of this package's own files."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_machinery(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is None:  # an embedding program imports from C
        return Caller(path="")
    module, names = _statement(frame)
    return Caller(path=frame.f_code.co_filename, module=module, names=names)


def _is_machinery(filename: str) -> bool:
    return filename.startswith(_MACHINERY) or str(Path(filename).parent) == _OURS


def _statement(frame: FrameType) -> tuple[str, tuple[str, ...]]:
    """Module and names of the import that the frame is at; ("", ()) where it calls `import_module` or the like."""
    before: list[object] = []
    for instruction in dis.get_instructions(frame.f_code):
        if instruction.offset == frame.f_lasti and instruction.opname == "IMPORT_NAME":
            level, names = before[-2:]
            dots = "." * level if isinstance(level, int) else ""
            module = resolve_name(dots + instruction.argval, frame.f_globals.get("__package__") or "")
            return module, names if isinstance(names, tuple) else ()
        if instruction.opname.startswith("LOAD_"):
            before.append(instruction.argval)
    return "", ()
