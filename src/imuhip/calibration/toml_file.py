"""Files people may edit: read with every problem told at once, each with its place in the file."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Any, TypeVar

import cattrs

from imuhip.errors import ConfigError

__all__ = ["checked_converter", "read_structured", "unusable"]

T = TypeVar("T")

_LARGEST_BYTES = 131_072


def checked_converter(*, positive: bool = False) -> cattrs.Converter:
    """Return a converter that takes no unknown entries and no value of another kind.

    Parameters
    ----------
    positive : bool
        Whether numbers must be above zero (whole ones from 1), as durations and limits must.
    """

    def number(value: Any, _: type) -> float:
        real = isinstance(value, int | float) and not isinstance(value, bool)
        if not (real and math.isfinite(value) and (value > 0 or not positive)):
            raise ValueError(f"expected a {'positive ' * positive}number, got {value!r}")
        return float(value)

    def whole(value: Any, _: type) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < positive:
            raise ValueError(f"expected a whole number from {int(positive)}, got {value!r}")
        return value

    def text(value: Any, _: type) -> str:
        if not (isinstance(value, str) and value.strip()):
            raise ValueError(f"expected text, got {value!r}")
        return value

    def yes_or_no(value: Any, _: type) -> bool:
        if not isinstance(value, bool):
            raise ValueError(f"expected true or false, got {value!r}")
        return value

    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_structure_hook(float, number)
    converter.register_structure_hook(int, whole)
    converter.register_structure_hook(bool, yes_or_no)
    converter.register_structure_hook(str, text)
    return converter


def read_structured(path: Path, kind: type[T], converter: cattrs.Converter, hint: str) -> T:
    """Read a TOML file into `kind`.

    Parameters
    ----------
    path : Path
    kind : type
        An attrs class.
    converter : cattrs.Converter
        With the hooks that check its values; they raise ValueError.
    hint : str
        What to do about a broken file.

    Raises
    ------
    ConfigError
        When it cannot be read; the message lists every problem with its place.
    """
    try:
        size = path.stat().st_size
        if size > _LARGEST_BYTES:
            raise unusable(path, [f"{size} bytes long, {_LARGEST_BYTES} are allowed"], hint)
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise unusable(path, [str(error.strerror or error)], hint) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise unusable(path, [f"not TOML: {error}"], hint) from error
    try:
        return converter.structure(content, kind)
    except cattrs.BaseValidationError as error:
        told = cattrs.transform_error(error, format_exception=_told)
        raise unusable(path, told, hint) from error


def unusable(path: Path, problems: list[str], hint: str) -> ConfigError:
    """Return the error that lists the problems of a file."""
    listed = "".join(f"\n  {problem}" for problem in problems)
    return ConfigError(
        f"{path}: {len(problems)} problem{'s' * (len(problems) != 1)}:{listed}", hint=hint
    )


def _told(error: BaseException, type_: type | None) -> str:
    """Say what is wrong with one entry in the words of the file, not of Python."""
    if isinstance(error, KeyError):
        return f"entry {error.args[0]!r} missing"
    if isinstance(error, cattrs.ForbiddenExtraKeysError):
        return f"unknown entries: {', '.join(sorted(error.extra_fields))}"
    if isinstance(error, ValueError):
        return str(error)
    if isinstance(error, TypeError | AttributeError):
        return "expected a table of entries"
    return str(cattrs.v.format_exception(error, type_))
