"""Puts generated code into a module without changing anything else in it."""

from autogen_cli.generation.insert.edit import Edit
from autogen_cli.generation.insert.plan import plan_edit
from autogen_cli.generation.insert.write import apply_edits

__all__ = ["Edit", "apply_edits", "plan_edit"]
