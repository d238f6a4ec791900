"""What the tests of the configuration share."""

from collections.abc import Callable
from pathlib import Path

import pytest

type WriteUserFile = Callable[[str], Path]


@pytest.fixture
def write_user_file(home: Path) -> WriteUserFile:
    """Writes the user's config.toml and returns its path."""

    def write(text: str) -> Path:
        path = home / "autogen" / "config.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write
