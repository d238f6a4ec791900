"""Loads generated modules from their files, and adds names to modules that are loaded already."""

import ast
import sys
import threading
from collections import Counter
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType

from autogenlib._caller import find_caller
from autogenlib._library import Library
from autogenlib._state import Caller

_TURN = threading.RLock()  # threads that add names to loaded modules


def find(fullname: str) -> ModuleSpec | None:
    """How to load what an import statement asks for; None where the settings switch the hook off."""
    caller = find_caller()
    library = Library.of(caller)
    if library.mode == "off":
        return None
    path = library.path_of(fullname)
    parent, _, name = fullname.rpartition(".")
    if parent != "autogenlib" and caller.module == parent and name in caller.names and not path.exists():
        return ModuleSpec(fullname, _NameLoader(library, caller))
    spec = ModuleSpec(fullname, GeneratedLoader(library, caller), origin=str(path))
    spec.has_location = path.exists() or not _is_only_passed_through(fullname, caller)
    return spec


def _is_only_passed_through(fullname: str, caller: Caller) -> bool:
    return caller.module.startswith(f"{fullname}.")


class GeneratedLoader(Loader):
    """Runs a module's file, which is written first where there is none. source: the bytes that have run."""

    def __init__(self, library: Library, caller: Caller) -> None:
        self._library = library
        self._caller = caller
        self.source = b""

    def exec_module(self, module: ModuleType) -> None:
        fullname = module.__name__
        module.__path__ = [str(self._library.folder_of(fullname))]  # so that Python asks for names it doesn't have
        if not self._library.path_of(fullname).exists():
            if _is_only_passed_through(fullname, self._caller):
                return  # a folder of modules
            names = self._caller.names if self._caller.module == fullname else ()
            self._library.write_module(fullname, names, self._caller)
        module.__file__ = str(self._library.path_of(fullname))
        self.run(module, self._library.read(fullname))

    def run(self, module: ModuleType, source: bytes) -> None:
        """Runs the statements of `source` that haven't run yet, with the line numbers of the whole file."""
        with _TURN:
            path = str(self._library.path_of(module.__name__))
            whole = ast.parse(source, path)
            known = Counter(map(ast.dump, ast.parse(self.source).body))
            whole.body = [statement for statement in whole.body if not _take(known, ast.dump(statement))]
            exec(compile(whole, path, "exec", dont_inherit=True), vars(module))  # noqa: S102 - what the hook is for
            self.source = source


def _take(known: Counter[str], statement: str) -> bool:
    known[statement] -= 1
    return known[statement] >= 0


class _NameLoader(Loader):
    """For `from module import name` where the loaded module has no such name: adds it to the module.

    Python takes the name for a submodule then, looks for it here, and goes on to the module's attribute when it is told
    that there is no such submodule.
    """

    def __init__(self, library: Library, caller: Caller) -> None:
        self._library = library
        self._caller = caller

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        parent, _, name = spec.name.rpartition(".")
        module = sys.modules[parent]
        loader = module.__spec__ and module.__spec__.loader
        if not isinstance(loader, GeneratedLoader):  # a program has put another one in its place
            raise ImportError(  # noqa: TRY004 - import statements raise nothing else
                f"{parent} is not a generated module", name=parent
            )
        while name not in vars(module):
            source = self._library.read_if_there(parent)
            if source == loader.source:
                self._library.write_name(parent, name, self._caller, loaded=source)
            loader.run(module, self._library.read(parent))
        raise ModuleNotFoundError(f"{name} is a name in {parent}, not a module", name=spec.name)

    def exec_module(self, module: ModuleType) -> None:
        raise NotImplementedError  # unreachable: there is never a module
