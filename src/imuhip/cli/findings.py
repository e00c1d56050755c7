"""What can be found of a session: gait where it has any, tests where markers name some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imuhip.cli.analyze import SPEED_TIMES_REAL_TIME
from imuhip.cli.output import working

if TYPE_CHECKING:
    from imuhip.analysis.assess import Assessment
    from imuhip.analysis.result import Analysis
    from imuhip.recording.session import Recording

__all__ = ["findings"]


def findings(
    recording: Recording, options: dict[str, Any]
) -> tuple[Analysis | None, Assessment | None, str]:
    """Return gait, tests, and why there is no gait; a session of tests need not hold a walk.

    Raises
    ------
    AnalysisError, CalibrationError
        When there is neither.
    """
    from imuhip.analysis.whole import analyze_whole

    expected_s = recording.duration_s / SPEED_TIMES_REAL_TIME
    with working(f"analysing {recording.duration_s:.0f} s", expected_s):
        found = analyze_whole(recording, options)
    return found.analysis, found.assessment, found.no_gait
