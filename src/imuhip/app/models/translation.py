"""Another language in place of the English strings of `wording` and the modules ``wording_*``.

A language is a file ``translations/de.toml``: a table for each module, an entry for each of its
constants, in the same shape and with the same gaps. What a language lacks stays English. The table
``texts`` holds sentences that come from the rooms beneath, by their English: prompts of protocols,
names of measures, what the live analysis says. Why not Qt's own way: models know no Qt, and most
words are found by models (docs/decisions/0019-strings-in-toml.md).
"""

from __future__ import annotations

import pkgutil
import string
import tomllib
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from imuhip.app import models
from imuhip.app.models.preferences import AUTOMATIC
from imuhip.app.models.wording_texts import TEXTS

__all__ = [
    "ENGLISH",
    "constants",
    "differences",
    "language_for",
    "languages",
    "read_language",
    "use",
    "wording_modules",
]

ENGLISH: Final = "en"
_FOLDER: Final = Path(__file__).resolve().parents[1] / "translations"
_TEXTS: Final = "texts"


@cache
def wording_modules() -> dict[str, ModuleType]:
    """Return every module of strings by its name."""
    names = [module.name for module in pkgutil.iter_modules(models.__path__)]
    wanted = [name for name in names if name == "wording" or name.startswith("wording_")]
    return {name: import_module(f"{models.__name__}.{name}") for name in sorted(wanted)}


@cache
def constants() -> dict[str, dict[str, Any]]:
    """Return the English strings of every module, as they stand in its source."""
    return {
        name: {
            key: value
            for key, value in vars(module).items()
            if key.isupper() and not key.startswith("_") and _strings(value)
        }
        for name, module in wording_modules().items()
    }


def languages() -> dict[str, str]:
    """Return what each language calls itself, by its code; English first."""
    found = {path.stem: str(read_language(path.stem)["name"]) for path in _FOLDER.glob("*.toml")}
    return {ENGLISH: "English", **dict(sorted(found.items()))}


def read_language(code: str) -> dict[str, Any]:
    """Return the file of a language."""
    with (_FOLDER / f"{code}.toml").open("rb") as file:
        return tomllib.load(file)


def language_for(wanted: str, computer: str) -> str:
    """Return the language for a setting: itself, that of the computer, or English.

    Parameters
    ----------
    wanted : str
        A code, or ``"auto"``.
    computer : str
        Such as ``"de_CH"``.
    """
    code = computer.replace("-", "_").split("_")[0].lower() if wanted == AUTOMATIC else wanted
    return code if code in languages() else ENGLISH


def use(code: str) -> None:
    """Let every string be in this language from here on; widgets made before keep theirs."""
    told = {} if code == ENGLISH else read_language(code)
    for name, english in constants().items():
        table = told.get(name, {})
        for key, value in english.items():
            # A different gap would be an error in the middle of a session; English is not.
            sound = key in table and not differences(key, value, table[key])
            setattr(wording_modules()[name], key, _shaped(value, table[key]) if sound else value)
    TEXTS.clear()
    TEXTS.update(told.get(_TEXTS, {}))


def differences(place: str, english: Any, other: Any) -> list[str]:
    """Return where a translation has another shape or other gaps than the English."""
    if isinstance(english, str):
        if not isinstance(other, str):
            return [f"{place}: no text"]
        wanted, found = _gaps(english), _gaps(other)
        return [] if found is not None and found == wanted else [f"{place}: gaps {found}"]
    if isinstance(english, dict):
        if not isinstance(other, dict) or {str(key) for key in english} != set(other):
            return [f"{place}: other keys"]
        pairs = [(str(key), value, other[str(key)]) for key, value in english.items()]
    else:
        if not isinstance(other, list) or len(other) != len(english):
            return [f"{place}: not {len(english)} texts"]
        pairs = [(str(k), *pair) for k, pair in enumerate(zip(english, other, strict=True))]
    return [told for key, one, two in pairs for told in differences(f"{place}.{key}", one, two)]


def _shaped(english: Any, other: Any) -> Any:
    """Return a translation in the shape of the English: tuples, and keys that are no strings."""
    if isinstance(english, dict):
        return {key: _shaped(value, other[str(key)]) for key, value in english.items()}
    if isinstance(english, tuple):
        return tuple(_shaped(*pair) for pair in zip(english, other, strict=True))
    return other


def _gaps(text: str) -> list[str] | None:
    try:
        return sorted(gap for _, gap, _, _ in string.Formatter().parse(text) if gap is not None)
    except ValueError:
        return None


def _strings(value: Any) -> bool:
    """Return whether a constant is made of strings alone, and there are some."""
    if isinstance(value, dict):
        return bool(value) and all(_strings(one) for one in value.values())
    if isinstance(value, tuple):
        return bool(value) and all(_strings(one) for one in value)
    return isinstance(value, str)
