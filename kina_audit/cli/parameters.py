"""Commands as functions: their annotated parameters are the command line's, and their docstring is its help.

click does the work; reading the annotations with one more library, or with ``inspect``, would be a tenth of a short run.
"""

import os
from collections.abc import Callable
from pathlib import Path
from types import UnionType
from typing import Any, get_args

import click

from kina_audit.base.datatype import datatype
from kina_audit.cli.help import Grouped, WithHelp, WithText


class _PathType(click.ParamType):  # type: ignore[type-arg]  # Which click has from 8.4 on.
    """Click's own, which looks for a translation of its name when it is made: a start that is given no path needs none."""

    name = "path"
    envvar_list_splitter = os.path.pathsep

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path.

        Raises:
            click.BadParameter: it is there, and cannot be read.
        """
        return click.Path(path_type=Path).convert(value, param, ctx)


_TYPES: dict[Any, "click.ParamType[Any]"] = {str: click.STRING, Path: _PathType()}
_RANGES: dict[Any, Callable[..., "click.ParamType[Any]"]] = {int: click.IntRange, float: click.FloatRange}


_NO_DEFAULT = object()


@datatype
class Parameter:
    """A parameter of a function whose annotation is ``Annotated`` with an `Argument` or an `Option`."""

    name: str
    annotation: Any
    default: Any = _NO_DEFAULT


def parameters_of(function: Callable[..., Any]) -> list[Parameter]:
    """What a function takes, in its order; what was made of another one may say so itself, as ``parameters``."""
    stated: list[Parameter] | None = vars(function).get("parameters")
    if stated is not None:
        return stated
    code, types = function.__code__, function.__annotations__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    defaults = function.__defaults__ or ()
    given = dict(zip(names[code.co_argcount - len(defaults) :], defaults, strict=False)) | (
        function.__kwdefaults__ or {}
    )
    return [Parameter(name, types[name], given.get(name, _NO_DEFAULT)) for name in names]


class Argument:
    """An argument, as the metadata of an ``Annotated`` parameter; without a default it is required.

    Attributes:
        help: what it is.
        metavar: what stands for it in the usage; None: its name.
        show_default: whether the help names the default.
    """

    def __init__(self, help: str, metavar: str | None = None, *, show_default: bool = True) -> None:  # noqa: A002
        self.help, self.metavar, self.show_default = help, metavar, show_default

    def built(self, parameter: Parameter, kind: Any, *, many: bool) -> click.Parameter:
        """Click's own."""
        return WithHelp(
            [parameter.name], type=_TYPES[kind], metavar=self.metavar, nargs=-1 if many else 1,
            told=self.help, show_default=self.show_default, **_default(parameter, many=many),
        )  # fmt: skip


class Option:
    """An option, as the metadata of an ``Annotated`` parameter, whose type and default are the option's.

    Attributes:
        names: ``--long``, and ``-l`` where there is a short one.
        help: one line.
        metavar: what stands for its value.
        group: the heading that it stands under in the help.
        envvar: an environment variable that gives it, too.
        least, most: bounds of a number.
        checked: takes the value and gives it back, or raises `click.BadParameter`.
    """

    def __init__(
        self, *names: str, help: str, metavar: str | None = None, group: str = "", envvar: str | None = None,  # noqa: A002
        least: float | None = None, most: float | None = None, checked: Callable[[Any], Any] | None = None,
    ) -> None:  # fmt: skip
        self.names, self.help, self.metavar, self.group, self.envvar = names, help, metavar, group, envvar
        self.least, self.most, self.checked = least, most, checked

    def built(self, parameter: Parameter, kind: Any, *, many: bool) -> click.Parameter:
        """Click's own."""
        checked = self.checked
        stated: dict[str, Any] = {"is_flag": True} if kind is bool else {"type": self._type(kind)}
        if checked is not None:
            stated["callback"] = lambda _context, _parameter, value: checked(value)
        option = WithText(
            [*self.names, parameter.name], text=self.help, metavar=self.metavar, envvar=self.envvar, multiple=many,
            show_default=bool(parameter.default), show_envvar=self.envvar is not None, **stated,
            **_default(parameter, many=many),
        )  # fmt: skip
        option.group = self.group  # type: ignore[attr-defined]  # What `Grouped` reads.
        return option

    def _type(self, kind: Any) -> "click.ParamType[Any]":
        return _RANGES[kind](min=self.least, max=self.most) if kind in _RANGES else _TYPES[kind]


option = Option
"""As commands write it."""


def _default(parameter: Parameter, *, many: bool) -> dict[str, Any]:
    """What click is told of the default: an empty list is no default, and what has none is required."""
    if parameter.default is _NO_DEFAULT:
        return {"required": True}
    return {"required": False} if many else {"required": False, "default": parameter.default}


def command(function: Callable[..., int], name: str, *, short_help: str | None = None) -> click.Command:
    """The command that a function is: it gets one value a parameter, None where a list is empty and may be None.

    Args:
        function: its docstring is the help.
        name: as it is typed.
        short_help: what stands beside it in a list of commands; None: the first sentence of the docstring.
    """
    parameters, lists = _parameters(function)

    def run(**values: Any) -> int:
        return function(**{n: (list(v) or None) if n in lists else v for n, v in values.items()})

    return Grouped(name, params=parameters, callback=run, help=function.__doc__ or "", short_help=short_help)


def _parameters(function: Callable[..., Any]) -> tuple[list[click.Parameter], set[str]]:
    """What click parses, and the names of what comes as a list."""
    found, lists = [], set()
    for parameter in parameters_of(function):
        kind, stated = get_args(parameter.annotation)
        if isinstance(kind, UnionType):
            (kind,) = (k for k in get_args(kind) if k is not type(None))
        many = get_args(kind)
        if many:
            lists.add(parameter.name)
            (kind,) = many
        found.append(stated.built(parameter, kind, many=bool(many)))
    return found, lists
