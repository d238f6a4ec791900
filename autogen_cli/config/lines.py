"""On which line of a TOML document each key stands: tomllib doesn't tell."""

from collections.abc import Iterator

type KeyPath = tuple[str, ...]

_LONGEST_STATEMENT = 200  # lines; reading stops there, since the time goes with the square


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line, from 1, of every key and table of a valid document, which is read again statement by statement."""
    import tomllib

    lines: dict[KeyPath, int] = {}
    header: KeyPath = ()
    pending: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        pending.append(line)
        statement = "\n".join(pending) + "\n"
        try:
            paths = list(_paths(tomllib.loads(statement)))
        except ValueError:  # goes on in the next line
            if len(pending) > _LONGEST_STATEMENT:
                break
            continue
        if statement.lstrip().startswith("["):
            header = paths[-1]
            paths = [()]
        for path in paths:
            lines.setdefault((*header, *path), number - len(pending) + 1)
        pending = []
    return lines


def _paths(value: object, above: KeyPath = ()) -> Iterator[KeyPath]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*above, name)
            yield from _paths(inner, (*above, name))
