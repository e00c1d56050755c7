"""``imuhip doctor``: what works on this computer, and what to do about what does not."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from typing import Final

from imuhip.cli.options import JsonOption
from imuhip.cli.output import print_json, say

__all__ = ["Examination", "doctor"]

_RUN: Final = ("numpy", "scipy", "pandas", "h5py", "bleak", "vqf", "ahrs", "matplotlib", "typer")
_EXTRAS: Final = (("bumble", "sim"), ("PySide6-Essentials", "app"), ("pyqtgraph", "app"))
_ADAPTER_S: Final = 1.0
_NEEDED_GB: Final = 1.0
"""An hour of three sensors takes about 0.1 GB."""


@dataclass(frozen=True, slots=True)
class Examination:
    """One thing looked at."""

    subject: str
    fine: bool
    found: str
    advice: str = ""


def doctor(json: JsonOption = False) -> None:
    """Look at versions, Bluetooth, virtual sensors, the window and the disk."""
    import asyncio

    examined = [
        *_versions(),
        asyncio.run(_adapter()),
        _window(),
        _kit(),
        _disk(),
    ]
    if json:
        print_json(examined)
        return
    for one in examined:
        say(f"{'ok  ' if one.fine else 'LOOK'}  {one.subject}: {one.found}")
        if one.advice:
            say(f"      -> {one.advice}")


def _versions() -> list[Examination]:
    import imuhip

    system = f"Python {platform.python_version()} on {platform.system()} {platform.release()}"
    found = [Examination("imuhip", True, f"{imuhip.__version__}, {system}")]
    versions = {name: _version(name) for name in _RUN}
    missing = [name for name, version in versions.items() if version is None]
    listed = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    advice = f"install again: {sys.executable} -m pip install imuhip" if missing else ""
    found.append(Examination("packages", not missing, listed, advice))
    for name, extra in _EXTRAS:
        version = _version(name)
        advice = "" if version else f'for this: pip install "imuhip[{extra}]"'
        found.append(Examination(name, version is not None, version or "not installed", advice))
    return found


def _version(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None


async def _adapter() -> Examination:
    from imuhip.errors import ImuhipError
    from imuhip.radio.open_radio import open_radio

    try:
        radio = await open_radio("auto")
        try:
            seen = await radio.scan(_ADAPTER_S)
        finally:
            await radio.close()
    except ImuhipError as error:
        return Examination("Bluetooth", False, error.message, error.hint)
    return Examination(
        "Bluetooth", True, f"reachable; {len(seen)} devices heard in {_ADAPTER_S:g} s"
    )


def _window() -> Examination:
    import os

    if _version("PySide6-Essentials") is None:
        return Examination("window", False, "Qt is not installed; everything else works without")
    headless = (
        sys.platform.startswith("linux")
        and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
        and not os.environ.get("QT_QPA_PLATFORM")
    )
    if headless:
        return Examination(
            "window",
            False,
            "no display (neither DISPLAY nor WAYLAND_DISPLAY is set)",
            "start it in a desktop session; recording and analysis do not need one",
        )
    return Examination("window", True, "a display is there")


def _kit() -> Examination:
    from imuhip.cli.kit_memory import kit_file, recall_kit
    from imuhip.errors import ConfigError

    if not kit_file().exists():
        return Examination("kit", True, "none remembered yet; imuhip record --assign does")
    try:
        kit = recall_kit()
    except ConfigError as error:
        return Examination("kit", False, error.message, error.hint)
    listed = ", ".join(f"{segment} {sensor.address}" for segment, sensor in kit.items())
    return Examination("kit", True, listed)


def _disk() -> Examination:
    import shutil
    from pathlib import Path

    free_gb = shutil.disk_usage(Path.cwd()).free / 1e9
    fine = free_gb >= _NEEDED_GB
    advice = "" if fine else f"free some space: {_NEEDED_GB:g} GB is comfortable"
    return Examination("disk", fine, f"{free_gb:.1f} GB free here", advice)
