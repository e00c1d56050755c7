"""How a person likes the window: its colours, the size of its text, its language.

Kept in ``settings.toml``, which people may edit. A file that is not understood, or is from a newer
imuhip, is explained and left as it is: what of it is understood counts, and what is changed in the
window then holds until it is closed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

from imuhip.app.models import wording_window as wording
from imuhip.app.models.palette import LIGHT, THEMES
from imuhip.errors import ConfigError
from imuhip.resources import settings_folder

__all__ = ["AUTOMATIC", "TEXT_PERCENT", "PreferenceFile", "Preferences", "settings_file"]

VERSION: Final = 1
TEXT_PERCENT: Final = range(100, 201, 10)
AUTOMATIC: Final = "auto"
"""The language of the computer, where there is a translation."""
_LARGEST_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Preferences:
    """What can be set.

    Parameters
    ----------
    theme : {"light", "dark"}
    text_percent : int
        Size of all text, from 100 to 200.
    language : str
        Such as ``"de"``, or ``"auto"``.
    """

    theme: str = LIGHT.name
    text_percent: int = TEXT_PERCENT[0]
    language: str = AUTOMATIC

    @property
    def text_scale(self) -> float:
        """Return the size of all text, 1 for 100 %."""
        return self.text_percent / 100.0

    def enlarged(self, steps: int) -> Preferences:
        """Return the next larger text, or smaller for negative `steps`, within its limits."""
        wanted = self.text_percent + steps * TEXT_PERCENT.step
        return replace(self, text_percent=min(max(wanted, TEXT_PERCENT[0]), TEXT_PERCENT[-1]))


def settings_file() -> Path:
    """Return where the window's settings are kept."""
    return settings_folder() / "settings.toml"


class PreferenceFile:
    """Preferences and their file; reading and writing never raise.

    Parameters
    ----------
    path : Path or None
        Need not exist. None keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.problem: ConfigError | None = None
        self.preferences = Preferences()
        if path is not None:
            self.preferences, self.problem = _read(path)

    def change(self, preferences: Preferences) -> None:
        """Take other preferences, and keep them unless that would destroy what is in the file."""
        if preferences == self.preferences:
            return
        self.preferences = preferences
        if self.path is None:
            return
        # Somebody may have edited it meanwhile.
        self.problem = _read(self.path)[1] or _written(self.path, preferences)


def _read(path: Path) -> tuple[Preferences, ConfigError | None]:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
        if len(content) > _LARGEST_BYTES:
            raise ValueError(wording.SETTINGS_TOO_LARGE)
        table = tomllib.loads(content.decode("utf-8"))
    except FileNotFoundError:
        return Preferences(), None
    except (OSError, ValueError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Preferences(), _not_understood(path, why)
    version = table.pop("version", VERSION)
    found, wrong = _understood(table)
    if isinstance(version, int) and not isinstance(version, bool) and version > VERSION:
        message = wording.SETTINGS_NEWER.format(path=path, version=version, known=VERSION)
        return found, ConfigError(message, hint=wording.SETTINGS_NEWER_HINT, code="E750")
    if version != VERSION:
        wrong = [f"version = {version!r}", *wrong]
    return found, _not_understood(path, ", ".join(wrong)) if wrong else None


def _understood(table: Mapping[str, Any]) -> tuple[Preferences, list[str]]:
    """Return what is understood, and every entry that is not."""
    good, wrong = {}, []
    for name, value in table.items():
        if name in {field.name for field in fields(Preferences)} and _is_valid(name, value):
            good[name] = value
        else:
            wrong.append(f"{name} = {value!r:.40}")
    return replace(Preferences(), **good), wrong


def _is_valid(name: str, value: Any) -> bool:
    if name == "theme":
        return value in THEMES
    if name == "text_percent":
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole and TEXT_PERCENT[0] <= value <= TEXT_PERCENT[-1]
    return isinstance(value, str) and value.isascii() and value.isalpha()


def _not_understood(path: Path, why: str) -> ConfigError:
    message = wording.SETTINGS_NOT_UNDERSTOOD.format(path=path, why=why)
    return ConfigError(message, hint=wording.SETTINGS_NOT_UNDERSTOOD_HINT, code="E751")


def _written(path: Path, preferences: Preferences) -> ConfigError | None:
    lines = [f"version = {VERSION}"]
    for field in fields(Preferences):
        value = getattr(preferences, field.name)
        lines.append(f"{field.name} = {value}" if isinstance(value, int) else
                     f'{field.name} = "{value}"')  # fmt: skip
    fresh = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text("\n".join(lines) + "\n", encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        message = wording.SETTINGS_NOT_KEPT.format(path=path, why=error.strerror or error)
        return ConfigError(message, hint=wording.SETTINGS_NOT_KEPT_HINT, code="E752")
    return None
