"""The modules that a project's programs import from `autogenlib`: files below `.autogen/lib`, and their lock file."""

import ast
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autogen_cli.errors import TargetError
from autogen_cli.generation.insert.edit import Edit

NAMESPACE = "autogenlib"
LOCK_NAME = "autogen.lock"
SCHEMA = "autogen.lib/1"


class GeneratedLibrary:
    """The library of the project at `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".autogen" / "lib"
        self.lock_path = self.folder / LOCK_NAME

    def path_of(self, fullname: str) -> Path:
        """The module's file; where there is none, the one that would be written."""
        package = self.folder_of(fullname) / "__init__.py"
        return package if package.exists() else self.folder_of(fullname).with_suffix(".py")

    def folder_of(self, fullname: str) -> Path:
        """Where the modules below a module are."""
        return self.folder.joinpath(*fullname.split("."))

    def locked(self) -> dict[str, str]:
        """The digest of each module's file. Raises TargetError where the lock file is damaged."""
        try:
            found: Any = json.loads(self.lock_path.read_bytes())
            return {str(name): str(entry["sha256"]) for name, entry in found["modules"].items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
            hint = f"remove it, and review {self.folder}"
            raise TargetError(f"{self.lock_path} can't be used: {exc}", hint=hint) from exc

    def lock_edit(self, sources: Mapping[str, bytes]) -> Edit:
        """The edit of the lock file after which it holds the digests of these modules' files as well."""
        digests = self.locked() | {name: digest(source) for name, source in sources.items()}
        document = {"schema": SCHEMA, "modules": {name: {"sha256": digests[name]} for name in sorted(digests)}}
        before = self.lock_path.read_bytes() if self.lock_path.exists() else None
        after = (json.dumps(document, indent=2) + "\n").encode()
        return Edit(root=self.root, path=self.lock_path, before=before, after=after)


def digest(source: bytes) -> str:
    return hashlib.sha256(source).hexdigest()


def is_module_name(fullname: str) -> bool:
    """Whether a name can be a generated module's: `autogenlib.totp`, `autogenlib.security.totp`."""
    package, *names = fullname.split(".")
    return package == NAMESPACE and bool(names) and all(name.isidentifier() and name[0] != "_" for name in names)


def problem_of(code: str) -> str | None:
    """Why text is no module's source; None if it is."""
    try:
        ast.parse(code)
    except (SyntaxError, ValueError, RecursionError) as exc:
        return f"it isn't Python: {exc}"
    return None
