"""What every benchmark gets: a private copy of the project, folders of its own, and how much to do."""

import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from autogen_cli.bench.truth import OUTSIDE, Deleted, TruthReader
from autogen_cli.context.project import Project, join
from autogen_cli.errors import TargetError

_DECLARATIONS = (".toml", ".cfg", ".txt", ".lock", ".ini", ".gitignore")


@dataclass
class Workbench:
    """root: the user's project, which is only read. copy: its Python files and declarations.

    rounds: pairs of runs. sample: functions to leave out, drawn by `seed`. rows: of a batch of symbols.
    say: takes a line of progress.
    """

    root: Path
    copy: Path
    folder: Path
    rounds: int
    sample: int
    seed: int
    rows: int
    say: Callable[[str], None]
    files: int
    skipped: list[str] = field(default_factory=list)

    def skip(self, what: str, why: str) -> None:
        """Notes what can't be measured on this project."""
        self.skipped.append(f"{what}: {why}")

    def fresh_folder(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self.folder))

    def modules(self) -> list[str]:
        """Modules by name, those of tests and scripts last. TargetError where the project has none."""
        project = Project(self.copy)
        paths = sorted(project.files, key=lambda path: (bool(OUTSIDE.search(path)), path))
        names = [project.module_of(path) for path in paths]
        found = [name for name in names if name and all(part.isidentifier() for part in name.split("."))]
        if not found:
            raise TargetError(f"{self.root} has no Python module", hint="give a project's folder")
        return found

    @cached_property
    def reader(self) -> TruthReader:
        self.say(f"reading {self.files} files")
        return TruthReader(self.copy)

    @cached_property
    def targets(self) -> list[Deleted]:
        """Real functions that can be left out."""
        return self.reader.targets()

    def questions(self, most: int) -> list[Deleted]:
        """The targets, or a draw of `most` where there are more."""
        found = self.targets
        drawn = found if len(found) <= most else random.Random(self.seed).sample(found, most)  # noqa: S311 - a sample, no secret
        return sorted(drawn, key=lambda target: (target.path, target.first))


@contextmanager
def open_workbench(
    root: Path, *, rounds: int, sample: int, seed: int, rows: int, say: Callable[[str], None]
) -> Iterator[Workbench]:
    """Copies the project; everything goes when the block ends. TargetError where `root` is no folder."""
    project = Project(root)
    with tempfile.TemporaryDirectory(prefix="autogen-bench-") as folder:
        copy = Path(folder) / "project" / project.root.name
        copy_project(project, copy)
        yield Workbench(project.root, copy, Path(folder), rounds, sample, seed, rows, say, len(project.files))


def copy_project(project: Project, copy: Path) -> None:
    """The Python files that autogen would read, with their times, and what declares dependencies and settings."""
    copy.mkdir(parents=True)
    declarations = [entry.name for entry in project.root.iterdir() if entry.name.endswith(_DECLARATIONS)]
    marks = [join(folder, name) for folder, listing in project.listings.items() for name in listing.marks]
    for path in (*project.files, *declarations, *marks):
        source, target = project.root / path, copy / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_file():
            shutil.copy2(source, target)
