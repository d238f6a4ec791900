"""HTML in pieces. Text is escaped unless it is `Html` already, and only what is built here is."""

import re
from html import escape


class Html(str):
    """Markup. Whatever text went into it has been escaped."""

    __slots__ = ()


def tag(name: str, *children: str, **attributes: str | float | None) -> Html:
    """An element with its children in a row; `class_` is `class`, `data_value` is `data-value`, None is left out."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{given}>{join(*children)}</{name}>")


def join(*children: str) -> Html:
    return Html("".join(child if isinstance(child, Html) else escape(child) for child in children))


def breakable(name: str) -> Html:
    """A dotted name that may break behind its dots and underscores."""
    return Html(re.sub(r"([._])(?=\w)", r"\1<wbr>", escape(name)))


def share(part: float) -> str:
    """0 to 1 as a length of SVG."""
    return f"{100 * part:.2f}%"
