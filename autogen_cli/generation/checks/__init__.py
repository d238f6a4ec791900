"""Checks on generated code, none of which executes it."""

from autogen_cli.generation.checks.run import CHECKS, run_checks

__all__ = ["CHECKS", "run_checks"]
