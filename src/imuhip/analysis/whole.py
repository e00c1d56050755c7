"""Everything one recording gives: its gait where there is some, its tests where some are marked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imuhip.analysis.analyze import analyze
from imuhip.analysis.assess import assess
from imuhip.analysis.trials import find_trials
from imuhip.errors import AnalysisError, CalibrationError

if TYPE_CHECKING:
    from imuhip.analysis.assess import Assessment
    from imuhip.analysis.result import Analysis
    from imuhip.recording.session import Recording

__all__ = ["Whole", "analyze_whole"]


@dataclass(frozen=True)
class Whole:
    """What a recording gave.

    Parameters
    ----------
    analysis : Analysis, optional
        None where there is no gait; then there are tests.
    assessment : Assessment, optional
        None where no marker names a test.
    no_gait : str
        Why there is no analysis; empty where there is one.
    """

    analysis: Analysis | None
    assessment: Assessment | None
    no_gait: str = ""


def analyze_whole(recording: Recording, options: Mapping[str, Any]) -> Whole:
    """Analyse gait and measure tests; a session of tests need not hold a walk.

    Parameters
    ----------
    recording : Recording
    options : mapping
        Keywords of `imuhip.analyze`.

    Raises
    ------
    AnalysisError, CalibrationError
        When there is neither gait nor a test.
    ConfigError
        For options that cannot be.
    """
    tests = bool(find_trials(recording.markers))
    analysis, no_gait = None, ""
    try:
        analysis = analyze(recording, **options)
    except (AnalysisError, CalibrationError) as error:
        if not tests:
            raise
        no_gait = error.message
    intrinsics = options.get("intrinsics", True)
    assessment = assess(recording, analysis=analysis, intrinsics=intrinsics) if tests else None
    return Whole(analysis, assessment, no_gait)
