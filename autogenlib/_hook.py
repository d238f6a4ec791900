"""The import hook: a module below `autogenlib` that isn't there is written when it is first imported."""

from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType


class GeneratedFinder:
    """Finds `autogenlib.<name>` in the project's `.autogen/lib`. Everything else is left to Python.

    A name with a capital or an underscore in front is no module's: whoever mistypes a class of the library gets
    Python's ImportError, and no bill.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, *names = fullname.split(".", 2)
        if package != "autogenlib" or not names or names[0].startswith("_") or names[0] != names[0].lower():
            return None
        from autogenlib._loader import find

        return find(fullname)
