"""What is needed to make the page again: versions, settings, checksums."""

from __future__ import annotations

import platform
from dataclasses import asdict
from importlib import metadata
from typing import TYPE_CHECKING

import imuhip
from imuhip.recording.digest import file_digest, samples_digest

if TYPE_CHECKING:
    from imuhip.analysis.result import Analysis
    from imuhip.analysis.settings import Settings
    from imuhip.recording.session import Recording
    from imuhip.report.trials import NormChoice

__all__ = ["norm_rows", "provenance_rows"]

_PACKAGES = ("numpy", "scipy", "vqf", "ahrs", "h5py", "pandas", "matplotlib", "jinja2")


def provenance_rows(
    recording: Recording, analysis: Analysis | None, settings: Settings | None
) -> list[tuple[str, str]]:
    """Return (name, value) of everything the result depends on.

    Raises
    ------
    RecordingError
        When the session file is there but cannot be read.
    """
    return [
        ("imuhip, this page", imuhip.__version__),
        ("imuhip, recording", recording.software_version or "not recorded"),
        ("Python", f"{platform.python_version()} on {platform.system()}"),
        ("Packages", ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)),
        *_settings_rows(analysis, settings),
        *_input_rows(recording),
        *(
            (f"Recording setting: {key}", value)
            for key, value in sorted(recording.settings.items())
        ),
    ]


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _settings_rows(analysis: Analysis | None, settings: Settings | None) -> list[tuple[str, str]]:
    stated = None if analysis is None else analysis.summary.get("settings")
    chosen = asdict(settings) if settings is not None else stated
    if not isinstance(chosen, dict) or not chosen:
        return [("Analysis settings", "not stated")]
    return [
        (f"Analysis: {str(key).replace('_', ' ')}", _words(value)) for key, value in chosen.items()
    ]


def norm_rows(norms: NormChoice) -> list[tuple[str, str]]:
    """Return whose norms the tests stand beside, as the command's options name them."""
    age = "not given" if norms.age is None else f"{norms.age} years"
    chosen = f"{', '.join(norms.profiles)}; sex {norms.sex}; age {age}; mode {norms.mode}"
    return [("Norms", chosen)]


def _words(value: object) -> str:
    if value is None:
        return "not given"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _input_rows(recording: Recording) -> list[tuple[str, str]]:
    path = recording.path
    if path is None or not path.is_file():
        return [
            ("Input", "arrays in memory, no file"),
            ("SHA-256 of the samples", samples_digest(recording)),
        ]
    # the name only: folders can hold people's names
    return [
        ("Input file", f"{path.name} ({path.stat().st_size / 1e6:.1f} MB, {recording.state})"),
        ("SHA-256 of the input file", file_digest(path)),
    ]
