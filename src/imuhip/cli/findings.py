"""What can be found of a session: gait where it has any, tests where markers name some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imuhip.cli.analyze import analyzed
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
    import imuhip
    from imuhip.analysis.trials import find_trials
    from imuhip.errors import AnalysisError, CalibrationError

    has_tests = bool(find_trials(recording.markers))
    analysis, no_gait = None, ""
    try:
        analysis = analyzed(recording, **options)
    except (AnalysisError, CalibrationError) as error:
        if not has_tests:
            raise
        no_gait = error.message
    if not has_tests:
        return analysis, None, no_gait
    with working("measuring the tests", 1.0):
        return analysis, imuhip.assess(recording, analysis=analysis), no_gait
