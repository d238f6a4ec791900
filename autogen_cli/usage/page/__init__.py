"""The page that `usage --html` writes: one file, no network, readable without JavaScript."""

from autogen_cli.usage.page.document import page

__all__ = ["page"]
