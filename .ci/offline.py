"""A hook of mkdocs: the built pages ask nobody else for anything. Called by `make site`.

The theme would load scripts from unpkg.com for browsers without ResizeObserver, and to draw diagrams.
"""

from pathlib import Path
from typing import Any


def on_post_build(config: Any) -> None:
    for script in Path(config["site_dir"]).glob("assets/javascripts/bundle.*.js"):
        script.write_text(script.read_text(encoding="utf-8").replace("https://unpkg.com/", "absent/"), encoding="utf-8")
