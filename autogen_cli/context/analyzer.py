"""What may stand beside the index in telling who uses a target."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from autogen_cli.context.evidence import Found
    from autogen_cli.context.sources import Sources
    from autogen_cli.models import Target


class AnalyzerError(Exception):
    """An analyzer gave no answer; the text says why. The engine goes on with the index."""


class Analyzer(Protocol):
    """Another way to find who uses the target."""

    def find(self, sources: "Sources", target: "Target", found: Sequence["Found"]) -> list["Found"]:
        """The usages of `target`; `found` are those of the index. Raises AnalyzerError when it can't tell."""
        ...
