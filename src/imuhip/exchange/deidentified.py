"""A recording for others: under another code, on another day, without what tells whose it is.

With a key the same person always gets the same code and the same shift of days, so that visits stay
together and keep their distance; without the key nobody can find the person again. Without a key
both are drawn anew for each file.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from functools import cache
from pathlib import Path
from typing import Final

from imuhip.analysis.trials import find_trials
from imuhip.core.series import Marker
from imuhip.errors import ConfigError
from imuhip.recording.deidentify import Deidentified, Kept, deidentify
from imuhip.recording.overview import read_overview

__all__ = ["KEY_BYTES", "deidentified_copy", "draw_alias", "own_words", "read_key"]

KEY_BYTES: Final = 16
"""Least length of a key."""
_SHIFT_DAYS: Final = (365, 3650)
"""Least and most days a date is moved back."""
_CODE: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,31}")
_MARKERS: Final = {
    "n_pose", "gait", "walk", "run", "stand", "still", "pause", "mark", "tap", "jump", "squat",
    "hinge", "leg_swing", "leg_swing_left", "leg_swing_right",
}  # fmt: skip
_PAIN: Final = re.compile(r"pain_(?:(?:left|right)_)?(?:[0-9]|10)")
_EVENTS: Final = {
    "back_filled", "bad_packet", "clock_restarted", "connected", "count_restarted", "disk_full",
    "host_stall", "lost", "recognised", "reconnected", "refused", "silent", "silent_at_stop",
}  # fmt: skip
_SETTINGS: Final = {
    "rate_hz": re.compile(r"[0-9.]{1,8}"),
    "radio": re.compile(r"auto|sim"),
    "missing": re.compile(r"(?:pelvis|thigh|shank|trunk|left|right|[_, ])*"),
    "activity": re.compile(r"walk|run|mixed|still"),
    "seed": re.compile(r"\d{1,12}"),
    "imported_clocks": re.compile(r"[a-z_]{1,20}"),
    "deidentified": re.compile(r"imuhip [0-9.]{1,20}"),
}
_MODELS: Final = {
    "imuhip", "imuhip sensor", "movella dot", "xsens dot", "movesense", "witmotion", "wt901ble",
    "wt901blecl", "wt9011", "bwt901ble", "nordic thingy:52", "thingy:52", "polar verity sense",
    "polar sense", "metamotion", "metamotion s", "metamotion r", "metamotionrl", "metamotions",
    "simulated",
}  # fmt: skip


@cache
def own_words() -> Kept:
    """Return which texts of a file are imuhip's own and may stay."""
    drivers = _driver_names()
    return Kept(
        marker=lambda name: name in _MARKERS or bool(_PAIN.fullmatch(name)) or _is_test(name),
        event=lambda kind: kind in _EVENTS,
        model=lambda model: model in drivers or model.casefold() in _MODELS,
        driver=lambda name: name in drivers,
        setting=lambda name, value: name in _SETTINGS and bool(_SETTINGS[name].fullmatch(value)),
    )


def _driver_names() -> frozenset[str]:
    from imuhip.sensors.registry import DRIVERS

    return frozenset(driver.model for driver in DRIVERS)


def _is_test(name: str) -> bool:
    return bool(find_trials([Marker(name, 0.0, 1.0)]))


def read_key(path: Path) -> bytes:
    """Return the key of a study: any file of 16 bytes or more, kept apart from the data.

    Raises
    ------
    ConfigError
        When it cannot be read or is too short.
    """
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise ConfigError(
            f"{path}: the key cannot be read ({error.strerror or error})",
            hint='python -c "import secrets; print(secrets.token_hex(32))" > study.key makes one',
            code="E783",
        ) from error
    if len(key) < KEY_BYTES:
        raise ConfigError(
            f"{path}: a key of {len(key)} bytes, at least {KEY_BYTES} are needed",
            hint='python -c "import secrets; print(secrets.token_hex(32))" > study.key makes one',
            code="E783",
        )
    return key


def draw_alias(subject: str | None, key: bytes | None) -> tuple[str, int]:
    """Return a new code and by how many days its dates are moved; always back.

    Parameters
    ----------
    subject : str, optional
        The present code; files of one code belong together.
    key : bytes, optional
        Of `read_key`; drawn anew without it.
    """
    if key is None or not subject:
        digest = secrets.token_bytes(32)
    else:
        digest = hmac.new(key, b"imuhip-subject:" + subject.encode(), hashlib.sha256).digest()
    least, most = _SHIFT_DAYS
    days = least + int.from_bytes(digest[8:16], "big") % (most - least + 1)
    return f"P{digest[:4].hex().upper()}", -days


def deidentified_copy(
    source: Path,
    folder: Path | None = None,
    *,
    out: Path | None = None,
    code: str | None = None,
    shift_days: int | None = None,
    key: bytes | None = None,
) -> Deidentified:
    """Write a copy of a recording that does not tell whose it is.

    Parameters
    ----------
    source : Path
        A finished session file; it is not changed.
    folder : Path, optional
        Where the copy goes under its new code and day; by default beside the source.
    out : Path, optional
        The copy's own name instead.
    code : str, optional
        The new code; drawn without it.
    shift_days : int, optional
        Added to its date; drawn without it.
    key : bytes, optional
        See `draw_alias`.

    Raises
    ------
    ConfigError
        When the code is not one of letters, digits, ``-`` and ``_``.
    RecordingError, DiskError
        As `imuhip.recording.deidentify.deidentify`.
    """
    if code is not None and not _CODE.fullmatch(code):
        raise ConfigError(
            f"--code {code!r:.60}: expected up to 32 letters, digits, - and _",
            hint="such as --code P017",
            code="E783",
        )
    drawn, days = draw_alias(read_overview(source).subject, key)
    subject, days = code or drawn, days if shift_days is None else shift_days
    path = out or _free_name(folder or source.parent, subject)
    return deidentify(source, path, subject=subject, shift_days=days, kept=own_words())


def _free_name(folder: Path, subject: str) -> Path:
    from imuhip.recording.naming import made_folder, numbered

    return made_folder(numbered(folder / f"{subject}.h5"))
