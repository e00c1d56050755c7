"""``imuhip doctor``: what works on this computer, and what to do about what does not."""

from __future__ import annotations

import platform
import sys
from typing import TYPE_CHECKING, Final

from imuhip.cli.examination import Examination
from imuhip.cli.options import JsonOption
from imuhip.cli.output import print_json, say

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["doctor"]

_RUN: Final = ("numpy", "scipy", "pandas", "h5py", "bleak", "vqf", "ahrs", "matplotlib", "typer")
_EXTRAS: Final = (("bumble", "sim"), ("PySide6-Essentials", "app"), ("pyqtgraph", "app"))
_LEAST_PYTHON: Final = (3, 11)
_ADAPTER_S: Final = 1.0
_NEEDED_GB: Final = 1.0
_GB_PER_HOUR: Final = 0.12
"""What an hour of three sensors takes at most while it is recorded."""


def doctor(json: JsonOption = False) -> None:
    """Look at versions, Bluetooth, permissions, virtual sensors, the window and the disk.

    Nothing is changed. It works without Bluetooth and says what is missing.
    """
    import asyncio

    bluetooth = asyncio.run(_adapter())
    examined = [*_versions(), bluetooth, *_system(), _window(), _kit(), *_folders(), _disk()]
    if json:
        print_json(examined)
        return
    for one in examined:
        say(f"{'ok  ' if one.fine else 'LOOK'}  {one.subject}: {one.found}")
        if one.advice:
            say(f"      -> {one.advice}")
    say()
    for line in _summary(examined):
        say(line)


def _summary(examined: list[Examination]) -> list[str]:
    """Return in plain words what can be done on this computer."""
    fine = {one.subject: one.fine for one in examined}
    lines = ["analysis, reports and checks: " + ("work" if fine["packages"] else "need packages")]
    if not fine["Bluetooth"]:
        lines.append("recording your sensors: NOT possible here as it is; the LOOK lines say why")
    else:
        lines.append("recording your sensors: works as far as can be seen without one")
    virtual = "works: imuhip demo" if fine["bumble"] else 'needs: pip install "imuhip[sim]"'
    lines.append(f"trying everything without sensors: {virtual}")
    return lines


def _system() -> list[Examination]:
    """Return what the operating system has to say, where it is the one to ask."""
    if sys.platform.startswith("linux"):
        from imuhip.cli.doctor_linux import examine_linux

        return examine_linux()
    if sys.platform == "darwin":
        advice = "System Settings, Privacy & Security, Bluetooth: allow your terminal"
        return [Examination("permission", True, f"asked for by macOS at the first scan; {advice}")]
    return [
        Examination("permission", True, "Settings, Bluetooth & devices: Bluetooth has to be on")
    ]


def _folders() -> list[Examination]:
    """Return whether recordings and settings can be written."""
    from pathlib import Path

    from imuhip.cli.kit_memory import kit_file

    places = (("recordings", Path.cwd() / "recordings"), ("settings", kit_file().parent))
    return [_folder(subject, path) for subject, path in places]


def _folder(subject: str, path: Path) -> Examination:
    import os

    there = path
    while not there.exists():
        there = there.parent
    if there.is_dir() and os.access(there, os.W_OK):
        return Examination(subject, True, f"{path} can be written")
    advice = (
        "change to another folder"
        if subject == "recordings"
        else ("name another one in the environment variable IMUHIP_SETTINGS_DIR")
    )
    return Examination(subject, False, f"{path} cannot be written", advice)


def _versions() -> list[Examination]:
    import imuhip

    system = f"{platform.system()} {platform.release()}, {platform.machine()}"
    found = [Examination("imuhip", True, f"{imuhip.__version__} on {system}")]
    versions = {name: _version(name) for name in _RUN}
    missing = [name for name, version in versions.items() if version is None]
    listed = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    advice = f"install again: {sys.executable} -m pip install imuhip" if missing else ""
    found += [Examination("packages", not missing, listed, advice), _python()]
    for name, extra in _EXTRAS:
        version = _version(name)
        advice = "" if version else f'for this: pip install "imuhip[{extra}]"'
        found.append(Examination(name, version is not None, version or "not installed", advice))
    return found


def _python() -> Examination:
    found = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info >= _LEAST_PYTHON:  # an old one may run from a checkout
        return Examination("Python", True, found)
    least = ".".join(map(str, _LEAST_PYTHON))
    return Examination("Python", False, found, f"install Python {least} or newer")


def _version(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None


async def _adapter() -> Examination:
    from imuhip.errors import ImuhipError
    from imuhip.radio.open_radio import open_radio
    from imuhip.sensors.registry import driver_for

    try:
        radio = await open_radio("auto")
        try:
            seen = await radio.scan(_ADAPTER_S)
        finally:
            await radio.close()
    except ImuhipError as error:
        return Examination("Bluetooth", False, error.message, error.hint)
    known = sum(driver_for(one) is not None for one in seen.values())
    return Examination(
        "Bluetooth",
        True,
        f"reachable; {len(seen)} devices heard in {_ADAPTER_S:g} s, {known} of them sensors"
        " imuhip knows",
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
    listed = ", ".join(f"{segment} {s.serial or s.address}" for segment, s in kit.items())
    return Examination("kit", True, listed)


def _disk() -> Examination:
    import shutil
    from pathlib import Path

    free_gb = shutil.disk_usage(Path.cwd()).free / 1e9
    fine = free_gb >= _NEEDED_GB
    advice = "" if fine else f"free some space: {_NEEDED_GB:g} GB is comfortable"
    hours = free_gb / _GB_PER_HOUR
    found = f"{free_gb:.1f} GB free here, about {hours:.0f} h of three sensors"
    return Examination("disk", fine, found, advice)
