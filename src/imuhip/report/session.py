"""A session as pages of several sessions, and the checklist, take it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from imuhip.analysis.compare import Measured
from imuhip.assessment.pain import find_pain
from imuhip.core.series import ImuSeries
from imuhip.recording.session import Truth
from imuhip.report.together import all_measures

if TYPE_CHECKING:
    from imuhip.analysis.assess import Assessment
    from imuhip.analysis.result import Analysis
    from imuhip.analysis.settings import Settings
    from imuhip.recording.session import Recording

__all__ = ["Session"]


@dataclass(frozen=True)
class Session:
    """A recording and what was made of it, as the pages take it.

    Parameters
    ----------
    recording : Recording
    analysis : Analysis, optional
        Of its gait.
    assessment : Assessment, optional
        Of its tests.
    no_gait : str
        Why there is no analysis.
    settings : Settings, optional
        The analysis was made with.
    """

    recording: Recording
    analysis: Analysis | None
    assessment: Assessment | None
    no_gait: str = ""
    settings: Settings | None = None

    def without_samples(self) -> Session:
        """Return what a page of many visits needs, in little memory: no samples, no curves."""
        sensors = {
            name: ImuSeries(one.time_s[[0, -1]], one.acc[[0, -1]], one.gyr[[0, -1]])
            for name, one in self.recording.sensors.items()
            if len(one) > 1
        }
        truth = self.recording.truth_motion
        light = replace(
            self.recording,
            sensors=sensors or self.recording.sensors,
            truth_motion=truth and Truth(truth.time_s[:1], truth.angles_rad[:1]),
        )
        if self.analysis is None:
            return replace(self, recording=light)
        angles, strides = self.analysis.angles.iloc[:0], self.analysis.strides.iloc[:0]
        analysis = replace(
            self.analysis, angles=angles, strides=strides, orientations={}, seconds=None
        )
        return replace(self, recording=light, analysis=analysis)

    @property
    def measured(self) -> Measured:
        """Return all its measures, for `imuhip.compare`."""
        said = find_pain(self.recording.markers)
        measures = all_measures(self.analysis, self.assessment, said)
        trials = () if self.assessment is None else self.assessment.trials
        return Measured(measures, trials, self.no_gait)

    @property
    def quality(self) -> Mapping[str, Any]:
        """Return the quality of the analysis; empty without one."""
        return {} if self.analysis is None else self.analysis.quality

    @property
    def summary(self) -> Mapping[str, Any]:
        """Return the summary of the analysis; empty without one."""
        return {} if self.analysis is None else self.analysis.summary
