"""docs/reference.md: the public names of `autogenlib`; the site puts their signatures and docstrings in."""

from pathlib import Path

import autogenlib

PAGE = Path(__file__).parent.parent.parent / "docs" / "reference.md"
HEAD = """# Library reference

<!-- written by `make docs` from the names that autogenlib exports -->

Everything here is imported from `autogenlib`: `from autogenlib import AutogenClient`. [How to use it](library.md).
"""


def page() -> str:
    errors = [name for name in autogenlib.__all__ if _is_error(name)]
    switches = ["init", "register_autogenlib_extension", "run", "set_caching", "set_exception_handler"]
    others = [name for name in autogenlib.__all__ if name not in {*errors, *switches, "AutogenClient"}]
    parts = {"The client": ["AutogenClient"], "Functions": switches, "Parts": others, "Errors": errors}
    sections = [f"## {title}\n\n" + "\n".join(map(_entry, names)) for title, names in parts.items()]
    return "\n".join([HEAD, *sections])


def _is_error(name: str) -> bool:
    found = getattr(autogenlib, name)
    return isinstance(found, type) and issubclass(found, Exception)


def _entry(name: str) -> str:
    return f"::: {getattr(autogenlib, name).__module__}.{name}\n"
