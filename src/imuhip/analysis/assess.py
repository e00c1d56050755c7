"""The public way to tests: ``imuhip.assess(recording)``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from imuhip.analysis.input_check import check_input
from imuhip.analysis.reserves import GaitReserve, find_reserves
from imuhip.analysis.sensor_intrinsics import corrected_sensors
from imuhip.analysis.trial_clocks import on_one_clock
from imuhip.analysis.trials import Trial, find_trials, trial_motion
from imuhip.analysis.walked_axes import walked_right
from imuhip.assessment.measures import Measure, MeasureKey
from imuhip.assessment.norms import Norms, NormView, norms_for, shipped_norms
from imuhip.assessment.plausible import doubts
from imuhip.assessment.protocol import shipped_test, shipped_tests
from imuhip.assessment.trial import TrialMotion, TrialResult
from imuhip.assessment.ways import measure_trial
from imuhip.errors import AnalysisError, CalibrationError

if TYPE_CHECKING:
    import pandas as pd

    from imuhip.analysis.result import Analysis
    from imuhip.assessment.protocol import MovementTest
    from imuhip.assessment.repetitions import Repetition
    from imuhip.calibration.intrinsics import Intrinsics
    from imuhip.core.series import FloatArray, ImuSeries, Marker
    from imuhip.recording.session import Recording

__all__ = ["Assessment", "assess", "assess_trial"]

_MOVED_RAD = np.radians(12.0)
_UNWALKED = ("_list", "_twist")


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the tests of one recording gave.

    Parameters
    ----------
    trials : tuple of TrialResult
        In order of time; a test that could not be measured is there with a note and no measures.
    reserves : tuple of GaitReserve
        What gait uses of what the tests found; with an analysis alone.
    """

    trials: tuple[TrialResult, ...]
    reserves: tuple[GaitReserve, ...] = ()

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Return all measures; of a test done twice, those of the last time."""
        return _last_of_each(self.trials)

    @property
    def table(self) -> pd.DataFrame:
        """Return one row per measure of every trial."""
        import pandas as pd

        rows = [
            {"test": trial.test, "start_s": trial.start_s} | _row(measure)
            for trial in self.trials
            for measure in trial.measures
        ]
        columns = ["test", "start_s", "name", "side", "value", "sd", "unit", "n", "note"]
        return pd.DataFrame(rows, columns=columns)

    def norms(
        self, profile: str = "clinic", *, norms: Norms | None = None, **person: Any
    ) -> dict[MeasureKey, tuple[NormView, ...]]:
        """Return the norms that speak of each measure, by its key: test, name and side.

        Parameters
        ----------
        profile : str
            Whose rule: ``"clinic"`` or ``"measured"``, or one of `norms`.
        norms : Norms, optional
            Those that come with imuhip without it.
        **person
            ``sex``, ``age``, ``mode`` as in `imuhip.assessment.norms.norms_for`.

        Raises
        ------
        ConfigError
            For an unknown profile.
        """
        norms = norms or shipped_norms()
        norms.profile(profile)  # an unknown one is refused, whatever was measured
        found: dict[MeasureKey, tuple[NormView, ...]] = {}
        for trial in self.trials:
            position = shipped_test(trial.test).position
            for measure in trial.measures:
                name = _NORMED.get(measure.name)
                if name is not None:
                    found[measure.key] = norms_for(
                        norms, measure, name,
                        profile=profile, position=position, **person,
                    )  # fmt: skip
        return found

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON-safe values."""
        return {
            "trials": [trial.as_dict() for trial in self.trials],
            "reserves": [reserve.as_dict() for reserve in self.reserves],
        }


_NORMED: Mapping[str, str] = {
    "hip_internal_rotation_apparent": "hip_internal_rotation",
    "hip_internal_rotation_true": "hip_internal_rotation",
    "hip_external_rotation_apparent": "hip_external_rotation",
    "hip_external_rotation_true": "hip_external_rotation",
    "hip_flexion_pelvis_neutral": "hip_flexion",
    "hip_extension_of_hip": "hip_extension",
}
"""Which norm a measure is shown beside."""


def assess(
    recording: Recording,
    *,
    analysis: Analysis | None = None,
    intrinsics: Mapping[str, Intrinsics] | bool = True,
) -> Assessment:
    """Measure the tests of a recording.

    Parameters
    ----------
    recording : Recording
        With a marker per test, called as the test is (``"knee_to_chest_left"``), and a standing
        pose before it. A walk with the same straps tells which way the sensors face; without one,
        gravity in the test's posture does, and list and twist of standing tests are left out.
    analysis : Analysis, optional
        Of the same recording: its pose and gait are then used where no marker names them, sensors
        whose clocks it found apart are put on one, and what gait uses of the range that the tests
        found is told (`Assessment.reserves`).
    intrinsics : mapping of segment to Intrinsics, or bool
        As in `imuhip.analyze`.

    Returns
    -------
    Assessment

    Raises
    ------
    AnalysisError
        When no marker names a test, or the input is not in m/s² and rad/s.
    ConfigError
        When a sensor's calibration file cannot be used.
    """
    trials = find_trials(recording.markers)
    if not trials:
        raise _no_test(recording.markers)
    check_input(recording.sensors, recording.rate_hz)
    sensors, _ = corrected_sensors(recording, intrinsics)
    sync = {} if analysis is None else analysis.quality["sync"]
    sensors, late = on_one_clock(sensors, recording.markers, sync)
    markers = _markers(recording.markers, analysis)
    right_S = walked_right(sensors, markers, recording.rate_hz)
    results = tuple(
        _noting(assess_trial(sensors, markers, recording.rate_hz, trial, right_S), trial, late)
        for trial in trials
    )
    if analysis is None:
        return Assessment(results)
    return Assessment(results, find_reserves(_last_of_each(results), analysis.summary))


def _noting(result: TrialResult, trial: Trial, late: Mapping[str, str]) -> TrialResult:
    """Add what was put right of the clocks of this test's sensors."""
    told = tuple(late[s] for s in trial.test.segments(trial.side) if s in late)
    return replace(result, notes=(*result.notes, *told)) if told else result


def _last_of_each(trials: Sequence[TrialResult]) -> tuple[Measure, ...]:
    return tuple({m.key: m for trial in trials for m in trial.measures}.values())


def _no_test(markers: Sequence[Marker]) -> AnalysisError:
    """Return the error that says what the markers would have to be."""
    hint = (
        "Mark the seconds of a test by its name, such as knee_to_chest_left; "
        "`imuhip assess --list` names all tests."
    )
    names = sorted({marker.name for marker in markers})
    seen = ", ".join(names) or "none"
    said = f"no marker names a test (markers: {seen})"
    sided = [name for name in names if name in shipped_tests() and shipped_test(name).sides]
    if sided:
        said = f"{sided[0]} is done for each side, and its marker names none"
        hint = f"Call the marker {sided[0]}_left or {sided[0]}_right."
    elif find_trials([replace(m, end_s=m.start_s + 1.0) for m in markers]):
        said = f"the marker of a test marks an instant and no seconds (markers: {seen})"
        hint = "Begin the marker with the rest before the test and end it after the last repetition"
    return AnalysisError(said, hint=hint, code="E622")


def _markers(markers: Sequence[Marker], analysis: Analysis | None) -> tuple[Marker, ...]:
    """Return the markers, with what an analysis found where nobody named it."""
    named = {marker.name for marker in markers}
    found = () if analysis is None else analysis.activity
    return (*markers, *(m for m in found if m.name in ("n_pose", "gait") and m.name not in named))


def assess_trial(
    sensors: Mapping[str, ImuSeries],
    markers: Sequence[Marker],
    rate_hz: float,
    trial: Trial,
    right_S: Mapping[str, FloatArray],
) -> TrialResult:
    """Measure one performance; what keeps it from being measured is its note.

    Parameters
    ----------
    sensors : mapping of segment to ImuSeries
    markers : sequence of Marker
        With an ``n_pose`` before it.
    rate_hz : float
    trial : Trial
    right_S : mapping of segment to (3,) array
        From `imuhip.analysis.walked_axes`; empty where nobody walked.
    """
    test, side = trial.test, trial.side
    try:
        motion = trial_motion(sensors, markers, rate_hz, trial, right_S=right_S)
    except (AnalysisError, CalibrationError) as error:
        note = f"{error.message}. {error.hint}"
        return TrialResult(test.name, side, trial.start_s, trial.end_s, {}, (), (note,))
    repetitions, measures = measure_trial(motion, test)
    notes = [f"{why}; nothing is measured" for why in doubts(motion, test, repetitions)]
    if notes:
        measures = ()
    notes += _about_repetitions(repetitions, test)
    if not any(repetitions.values()):
        measures = ()
    notes += [f"{name} ended {np.degrees(by):.0f} deg from where it began: strap or posture moved"
              for name, by in _end_moved(motion, trial).items()]  # fmt: skip
    if test.position == "standing" and "pelvis" not in right_S:
        measures = tuple(m for m in measures if not m.name.endswith(_UNWALKED))
        notes.append("no walk with these straps: list and twist of the pelvis are not told")
    named = tuple(replace(measure, test=test.name) for measure in measures)
    return TrialResult(
        test.name, side, trial.start_s, trial.end_s, repetitions, named, tuple(notes)
    )


def _about_repetitions(
    repetitions: Mapping[str, tuple[Repetition, ...]], test: MovementTest
) -> list[str]:
    """Return that there were none, few or slow ones."""
    wanted = test.repetitions
    if not any(repetitions.values()):
        return [
            f"no repetition was found: nothing went out by {wanted.least_deg:g} deg or more and "
            "came back; nothing is measured"
        ]
    notes = []
    for direction, found in repetitions.items():
        what = f" {direction}" if direction else ""
        if 0 < len(found) < wanted.at_least:
            notes.append(
                f"{len(found)}{what} repetitions, at least {wanted.at_least} are needed "
                "for a result; they are shown one by one"
            )
        slow = sum(one.end_s - one.start_s > wanted.longest_s for one in found)
        if slow:
            notes.append(
                f"{slow} of {len(found)}{what} repetitions took longer than "
                f"{wanted.longest_s:g} s: two of them may have been taken for one"
            )
    return notes


def _end_moved(motion: TrialMotion, trial: Trial) -> dict[str, float]:
    """Return how far the tilt against gravity of each segment differs from first to last, rad."""
    moved = {}
    for segment in trial.test.segments(trial.side):
        up = motion.up_B(segment)
        by = float(np.arccos(np.clip(up[0] @ up[-1], -1.0, 1.0)))
        if by > _MOVED_RAD:
            moved[segment] = by
    return moved


def _row(measure: Measure) -> dict[str, Any]:
    row = measure.as_dict()
    row.pop("per_repetition")
    return row
