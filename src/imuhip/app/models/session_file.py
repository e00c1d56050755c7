"""What a finished session file holds, read and measured once; for a worker, as it takes seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from imuhip.analysis.analyze import analyze
from imuhip.analysis.assess import Assessment, assess
from imuhip.analysis.gait_measures import gait_measures
from imuhip.analysis.result import Analysis
from imuhip.analysis.trials import find_trials
from imuhip.app.models import wording
from imuhip.app.models import wording_review as words
from imuhip.app.models.wording_texts import said
from imuhip.assessment.measures import Measure, MeasureKey
from imuhip.assessment.norms import NormView
from imuhip.assessment.pain import PainBeside, find_pain, pain_beside, pain_measures
from imuhip.core.segments import SIDES
from imuhip.errors import ImuhipError
from imuhip.recording.reader import open_recording
from imuhip.recording.session import Recording

__all__ = ["PROFILES", "SessionFile", "norm_source", "norm_text", "read_session", "stride_lines"]

PROFILES: Final = ("clinic", "measured")


@dataclass(frozen=True)
class SessionFile:
    """A session and everything measured of it.

    Parameters
    ----------
    path : Path
    recording : Recording
    assessment : Assessment
        Empty where no test was marked.
    analysis : Analysis or None
        None where there was no gait to analyse; `no_gait` says why.
    no_gait : str
    gait : tuple of Measure
    pain : tuple of PainBeside
    norms : mapping of profile to the norms of each measure
    """

    path: Path
    recording: Recording
    assessment: Assessment
    analysis: Analysis | None
    no_gait: str
    gait: tuple[Measure, ...]
    pain: tuple[PainBeside, ...]
    norms: Mapping[str, Mapping[MeasureKey, tuple[NormView, ...]]]

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Return all of it, as `imuhip.compare` would."""
        said = pain_measures([beside.pain for beside in self.pain])
        return (*self.assessment.measures, *self.gait, *said)


def read_session(path: Path) -> SessionFile:
    """Open a file and measure its tests, its gait and what was said of pain.

    Raises
    ------
    ImuhipError
        When it cannot be read.
    """
    recording = open_recording(path)
    tests = assess(recording) if find_trials(recording.markers) else Assessment(())
    analysis: Analysis | None = None
    gait: tuple[Measure, ...] = ()
    no_gait = ""
    try:
        analysis = analyze(recording)
        gait = gait_measures(analysis)
    except ImuhipError as error:  # a session of tests need not hold a walk
        no_gait = error.message
    return SessionFile(
        path=path,
        recording=recording,
        assessment=tests,
        analysis=analysis,
        no_gait=no_gait,
        gait=gait,
        pain=pain_beside(find_pain(recording.markers), tests.trials),
        norms={profile: tests.norms(profile) for profile in PROFILES},
    )


def stride_lines(analysis: Analysis) -> list[str]:
    """Return how many strides of each side are used, and why others are not."""
    lines = []
    for side in SIDES:
        rows = analysis.strides[analysis.strides["side"] == side]
        used = rows["valid"].astype(bool)
        why = Counter(str(text) for text in rows["exclusion"][~used])
        reasons = ", ".join(f"{n} {said(text)}" for text, n in sorted(why.items()))
        told = words.STRIDES_EXCLUDED if why else words.STRIDES
        lines.append(
            told.format(
                side=wording.words(side),
                n=int(used.sum()),
                excluded=int((~used).sum()),
                reasons=reasons,
            )
        )
    return lines


def norm_text(views: tuple[NormView, ...]) -> str:
    """Return where a measure stands beside its norms, by sign and word."""
    return "; ".join(_norm(view) for view in views)


def norm_source(views: tuple[NormView, ...]) -> str:
    """Return whose norms they are, and how good their evidence is."""
    return "; ".join(
        words.NORM_SOURCE.format(
            source=view.norm.source,
            population=said(view.norm.population),
            evidence=view.norm.evidence,
        )
        for view in views
    )


def _norm(view: NormView) -> str:
    norm = view.norm
    if norm.normal_from is not None:
        limits = []
        if norm.limited_to is not None:
            limits.append(words.LIMITED.format(degrees=f"{norm.limited_to:g}"))
        upper = "" if norm.normal_to is None else f"{norm.normal_to:g}"
        normal = words.NORMAL_BETWEEN if upper else words.NORMAL_FROM
        limits.append(normal.format(low=f"{norm.normal_from:g}", high=upper))
        standing = wording.STANDINGS[view.standing]
        if view.standing == "between" and norm.limited_to is None:
            standing = wording.BELOW
        return f"{standing}: {', '.join(limits)}"
    if norm.mean is not None:
        return f"{norm.mean:g}{f' ± {norm.sd:g}' if norm.sd else ''}°"
    return words.BETWEEN.format(low=f"{norm.low:g}", high=f"{norm.high:g}")
