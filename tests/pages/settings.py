"""The tables of docs/configuration.md, from the declarations; what stands above them is written by hand."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

from autogen_cli.config.describe import facts
from autogen_cli.config.fields import Setting
from autogen_cli.config.settings import AutogenConfig

PAGE = Path(__file__).parent.parent.parent / "docs" / "configuration.md"
MARK = "<!-- below: written by `make docs` from the declarations -->\n"


def page() -> str:
    return PAGE.read_text(encoding="utf-8").partition(MARK)[0] + MARK + "\n" + "\n".join(_tables())


def _tables() -> Iterator[str]:
    mapped = {name: found for name, found in AutogenConfig.__settings__.items() if name == "prices"}
    yield "### Above all tables\n"
    yield from _table("", {name: found for name, found in AutogenConfig.__settings__.items() if name not in mapped})
    for name, inner in AutogenConfig.__tables__.items():
        yield f"### {name}\n\n{_doc(inner)}\n"
        yield from _table(f"{name}.", inner.__settings__)
    for name, found in mapped.items():
        inner = get_args(found.kind)[1]
        yield f'### {name}."name-of-a-model"\n\n{_doc(inner)}\n'
        yield from _table("", inner.__settings__, variables=False)


def _table(prefix: str, settings: Mapping[str, Setting], *, variables: bool = True) -> Iterator[str]:
    yield "| setting | what it is |\n|---|---|"
    for name, found in settings.items():
        variable = f"<br>`AUTOGEN_{prefix.replace('.', '_').upper()}{name.upper()}`" if variables else ""
        yield f"| `{name}`{variable} | {found.doc}<br>{'; '.join(facts(found))} |".replace("*", "\\*")
    yield ""


def _doc(table: object) -> str:
    return (table.__doc__ or "").partition("\n\n")[0].replace("\n    ", " ")
