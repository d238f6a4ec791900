"""Finds the code in what a model answered."""

import re
import textwrap

from autogen_cli.errors import RejectedError
from autogen_cli.generation.snippet import read_snippet
from autogen_cli.models import Target

_THINK = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)
_FENCE = re.compile(
    r"^[ \t]*(?P<fence>`{3,}|~{3,})[^\n`]*\n(?P<code>.*?)^[ \t]*(?P=fence)`*[ \t]*$", re.DOTALL | re.MULTILINE
)


def extract_code(answer: str, target: Target) -> str:
    """The code that defines the target. Raises RejectedError when there is none, or several that disagree."""
    text = _THINK.sub("", answer.replace("\r\n", "\n"))
    blocks = [textwrap.dedent(match["code"]) for match in _FENCE.finditer(text)] or [textwrap.dedent(text)]
    fitting = [block for block in blocks if _defines(block, target)]
    if not fitting and len(blocks) == 1 and _FENCE.search(text):
        return blocks[0].strip("\n") + "\n"
    if not fitting:
        raise RejectedError(f"the answer holds no code that defines {target.symbol or target.module}")
    if len({block.strip() for block in fitting}) > 1:
        raise RejectedError(f"the answer holds {len(fitting)} definitions of {target.symbol} that disagree")
    return fitting[0].strip("\n") + "\n"


def _defines(block: str, target: Target) -> bool:
    try:
        snippet = read_snippet(block, target)
    except SyntaxError:
        return False
    return bool(snippet.definition) or (target.kind == "module" and bool(snippet.tree.body))
