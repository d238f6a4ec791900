"""What a setting is, and what a table of settings is.

A `Table` reads like a frozen dataclass, and type checkers take it for one. It isn't, because making these dataclasses
would cost every start 7 ms instead of 0.3 (CPython 3.13), and because a constructor that checks types and limits gives
code that builds a configuration by hand the same errors as a file.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal, Self, dataclass_transform, get_args

from autogen_cli.config.values import MismatchError, convert, parse
from autogen_cli.errors import ConfigError

type Protection = Literal["always", "loosening"]


class Setting:
    """One declared setting; `kind` is its annotated type."""

    kind: Any = None

    def __init__(
        self,
        doc: str,
        *,
        default: Any,
        example: Any = None,
        minimum: float | None = None,
        above: float | None = None,
        maximum: float | None = None,
        pattern: tuple[str, str] | None = None,
        protection: Protection | None = None,
        variable: str | None = None,
    ) -> None:
        self.doc = doc
        self.default = default
        self.example = default if example is None else example
        self.minimum = minimum
        self.above = above
        self.maximum = maximum
        self.pattern = pattern
        self.protection = protection
        self.variable = variable

    def convert(self, value: object) -> Any:
        """`value`, as TOML or Python gives it, typed and within the limits. Raises MismatchError."""
        return self._within_limits(convert(self.kind, value))

    def parse(self, text: str) -> Any:
        """Text, as a variable or a command line gives it, typed and within the limits. Raises MismatchError."""
        return self._within_limits(parse(self.kind, text))

    def loosens(self, value: Any, below: Any) -> bool:
        """Whether `value` allows what `below` did not: more money, a later choice, a guard turned off."""
        if isinstance(value, bool):
            return below is True and value is False
        if isinstance(value, str):
            choices = get_args(self.kind)
            return bool(choices.index(value) > choices.index(below))
        return below is not None and (value is None or value > below)

    def _within_limits(self, value: Any) -> Any:
        if value is None:
            return None
        if self.minimum is not None and value < self.minimum:
            raise MismatchError(f"must be at least {self.minimum}, not {value}")
        if self.above is not None and value <= self.above:
            raise MismatchError(f"must be more than {self.above}, not {value}")
        if self.maximum is not None and value > self.maximum:
            raise MismatchError(f"must be at most {self.maximum}, not {value}")
        if self.pattern and not re.fullmatch(self.pattern[0], value):
            raise MismatchError(f"must be {self.pattern[1]}")
        return value


def setting(doc: str, *, default: Any, **details: Any) -> Any:
    """Declares one setting of a table.

    example: a valid value to show where the default is none. minimum, above, maximum: limits of a number, `above`
    exclusive. pattern: what a string has to match, and the same in words. protection: which values of a project file
    need trust: any, or those that loosen what the sources below say. variable: a name in the environment that other
    programs share.
    """
    return Setting(doc, default=default, **details)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(setting,))
class Table:  # noqa: PLW1641 - mappings are among the values: no hash
    """A frozen set of settings, declared as annotated class attributes; every one has a default."""

    __settings__: ClassVar[dict[str, Setting]]
    __tables__: ClassVar[dict[str, "Table"]]

    def __init_subclass__(cls) -> None:
        cls.__settings__, cls.__tables__ = {}, {}
        for name, kind in cls.__annotations__.items():
            declared = cls.__dict__[name]
            if isinstance(declared, Setting):
                declared.kind = kind
                cls.__settings__[name] = declared
            else:
                cls.__tables__[name] = declared

    def __init__(self, **values: Any) -> None:
        try:
            self.__dict__.update(self._complete(values))
        except MismatchError as exc:
            place = ".".join((type(self).__name__, *exc.path))
            raise ConfigError(f"{place} {exc.problem}", hint=exc.hint) from exc

    @classmethod
    def from_toml(cls, value: object) -> Self:
        """The table that TOML (or a mapping, or a table made in Python) describes. Raises MismatchError."""
        if isinstance(value, cls):
            return value
        if not isinstance(value, Mapping):
            raise MismatchError("must be a table")
        table = cls.__new__(cls)
        table.__dict__.update(cls._complete(value))
        return table

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        return {name: declared.default for name, declared in cls.__settings__.items()} | cls.__tables__

    @classmethod
    def _complete(cls, values: Mapping[str, object]) -> dict[str, Any]:
        found = cls._defaults()
        for name, value in values.items():
            if name not in found:
                raise MismatchError("is not a setting", path=(name,), hint=nearest(name, found))
            try:
                declared = cls.__settings__.get(name)
                found[name] = declared.convert(value) if declared else type(cls.__tables__[name]).from_toml(value)
            except MismatchError as exc:
                raise MismatchError(exc.problem, path=(name, *exc.path), hint=exc.hint) from exc
        return found

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} can't be changed: make a new one")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and type(self) is type(other) and self.__dict__ == other.__dict__

    def __repr__(self) -> str:
        defaults = self._defaults()
        changed = (f"{name}={value!r}" for name, value in self.__dict__.items() if value != defaults[name])
        return f"{type(self).__name__}({', '.join(changed)})"


_LISTED = 20  # names that a line may hold


def nearest(name: str, known: Iterable[str], *, otherwise: Iterable[str] = ()) -> str:
    """A hint that names the known name most like `name`; where none is like it, all of `otherwise` (or of `known`)."""
    names = list(known)
    if close := difflib.get_close_matches(name, names, n=1):
        return f"did you mean {close[0]}?"
    listed = list(otherwise or names)
    return f"known are {', '.join(listed)}" if len(listed) <= _LISTED else "`autogen config show` lists them all"
