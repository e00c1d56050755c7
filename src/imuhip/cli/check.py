"""``imuhip check``: whether a recording can be trusted, and what speaks against it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from imuhip.cli.options import JsonOption
from imuhip.cli.output import print_json, quoted, working

if TYPE_CHECKING:
    from imuhip.core.series import ImuSeries
    from imuhip.recording.session import DeviceRecord, Recording

__all__ = [
    "VERDICTS",
    "Calibration",
    "Checked",
    "Finding",
    "SensorFacts",
    "check",
    "checked",
    "next_step",
    "sensor_facts",
]

PathArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="A session file (.h5), or a folder of them.")
]
VERDICTS: Final = ("good", "doubtful", "unusable")
GAP_S: Final = 0.05
"""A gap longer than this is never interpolated, so it counts."""
LIMITS: Final = {
    "loss_percent": ("% of samples lost", 1.0, 5.0),
    "longest_gap_s": ("s without a sample", 0.25, 2.0),
    "rate_error_percent": ("% off its nominal rate", 1.0, 5.0),
}
"""What is measured, and from where a recording is doubtful or unusable."""
CLOCK_WORDS: Final = "ms uncertainty of its clock"
"""Judged by what the model can do, and unusable from 2.5 times that."""
TELLING_EVENTS: Final = ("silent_at_stop", "disk_full", "host_stall")
"""Events of a recording that speak against it by themselves."""
END_LAG_S: Final = 0.5
GRADE_LEVEL: Final = {"A": 0, "B": 0, "C": 1, "D": 2}
EXIT_UNUSABLE: Final = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that speaks against a recording; level is an index of `VERDICTS`."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class SensorFacts:
    """What became of one sensor's samples."""

    samples: int
    lost: int
    loss_percent: float
    gaps: int
    longest_gap_s: float
    rate_hz: float
    rate_error_percent: float
    clock_uncertainty_ms: float | None
    duplicated: int
    reordered: int
    reconnects: int
    bad_packets: int
    backfilled: int = 0
    loss_is_estimated: bool = False
    """The sensor numbers nothing: what was lost can only be told from its pauses."""
    clock_limit_ms: float = 2.0
    """As well as sensors of this model can be timed."""


@dataclass(slots=True)
class Calibration:
    """What the analysis says of pose and gait."""

    grade: str | None
    findings: list[Finding] = field(default_factory=list)
    evidence: dict[str, Any] = field(default_factory=dict)
    sync: dict[str, Any] = field(default_factory=dict)
    """How late sensors are against their neighbours, by the motion itself."""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """Everything that was found about one file."""

    recording: Recording
    facts: dict[str, SensorFacts]
    calibration: Calibration
    findings: list[Finding]

    @property
    def verdict(self) -> str:
        """Return the worst word a finding asks for."""
        return VERDICTS[max((finding.level for finding in self.findings), default=0)]

    def as_dict(self, file: Path) -> dict[str, Any]:
        """Return the same for ``--json``."""
        from imuhip.core.annotation import exclusions_of, tags_of

        notes = self.recording.annotations
        return {
            "file": file,
            "state": self.recording.state,
            "duration_s": self.recording.duration_s,
            "sensors": self.facts,
            "events": self.recording.events,
            "grade": self.calibration.grade,
            "calibration": self.calibration.evidence,
            "sync": self.calibration.sync,
            "excluded_by_hand": exclusions_of(notes),
            "tags": tags_of(notes),
            "findings": [finding.text for finding in self.findings],
            "verdict": self.verdict,
            "next": next_step(self, file),
        }


def check(file: PathArgument, json: JsonOption = False) -> None:
    """Count samples, losses and gaps, judge clocks and calibration, and give a verdict.

    Good, doubtful or unusable; the exit code is 1 for an unusable recording. A folder is checked
    file by file, one line each; the exit code is then 3 when one is unusable.
    """
    from imuhip.cli.check_words import check_folder, tell

    if file.is_dir():
        check_folder(file, json=json)
        return
    found = checked(file)
    if json:
        print_json(found.as_dict(file))
    else:
        tell(found, file)
    if found.verdict == VERDICTS[2]:
        raise typer.Exit(EXIT_UNUSABLE)


def checked(file: Path) -> Checked:
    """Open and judge a recording.

    Raises
    ------
    RecordingError
        When it cannot be read.
    """
    import imuhip

    recording = imuhip.open(file)
    facts = {
        segment: sensor_facts(series, recording.rate_hz, recording.devices.get(segment))
        for segment, series in recording.sensors.items()
    }
    findings = [f for segment, one in facts.items() for f in _judged(segment, one)]
    findings += _endings(recording)
    if recording.state != "complete":
        findings.append(Finding(1, f"the file was {recording.state}; its end is missing"))
    with working(f"analysing {recording.duration_s:.0f} s", recording.duration_s / 150):
        calibration = _calibrated(recording)
    return Checked(recording, facts, calibration, findings + calibration.findings)


def next_step(found: Checked, file: Path) -> str:
    """Return what to do with a file after this verdict."""
    path = quoted(file)
    if found.verdict != VERDICTS[2]:
        return f"imuhip report {path}"
    if found.calibration.grade is None:
        return found.calibration.advice or "record again: a still pose, then 20 strides"
    return "record again, the computer nearer and the reasons above dealt with; imuhip doctor helps"


def sensor_facts(series: ImuSeries, rate_hz: float, device: DeviceRecord | None) -> SensorFacts:
    """Count what is there, what is missing, and how well it is timed."""
    import numpy as np

    from imuhip.sensors.clock_limits import clock_limit_s

    if device is not None and device.driver:
        rate_hz = device.config.rate_hz  # models of other rates may share a recording
    present_s = series.time_s[series.valid]
    step_s = np.diff(present_s)
    # Steps of one period are no gap; a gap is the time beyond it.
    gaps_s = step_s[step_s - 1 / rate_hz > GAP_S]
    n_rows = len(series)
    lost = n_rows - len(present_s)
    span_s = float(series.time_s[-1] - series.time_s[0]) if n_rows > 1 else 0.0
    measured_hz = (n_rows - 1) / span_s if span_s > 0 else 0.0
    counters = None if device is None else device.counters
    fits = () if device is None else device.clock_fits
    is_estimated = device is not None and device.driver != "" and device.identity.clock_hz == 0.0
    n_wanted = n_rows
    if is_estimated and counters is not None:
        lost = max(lost, counters.lost)
        n_wanted = len(present_s) + lost
    return SensorFacts(
        samples=len(present_s),
        lost=lost,
        loss_percent=100 * lost / n_wanted if n_wanted else 100.0,
        gaps=len(gaps_s),
        longest_gap_s=float(gaps_s.max(initial=0.0)),
        rate_hz=measured_hz,
        rate_error_percent=100 * abs(measured_hz / rate_hz - 1),
        clock_uncertainty_ms=max((1e3 * fit.uncertainty_s for fit in fits), default=None),
        clock_limit_ms=1e3 * clock_limit_s(*_clock(device)),
        duplicated=counters.duplicated if counters else 0,
        reordered=counters.reordered if counters else 0,
        reconnects=counters.reconnects if counters else 0,
        bad_packets=counters.bad_packets if counters else 0,
        backfilled=counters.backfilled if counters else 0,
        loss_is_estimated=is_estimated,
    )


def _clock(device: DeviceRecord | None) -> tuple[str, float]:
    """Return which driver and which clock a sensor's times came from."""
    return ("", 1.0) if device is None else (device.driver, device.identity.clock_hz)


def _judged(segment: str, facts: SensorFacts) -> list[Finding]:
    findings = []
    clock_ms = facts.clock_limit_ms
    limits = {**LIMITS, "clock_uncertainty_ms": (CLOCK_WORDS, clock_ms, 2.5 * clock_ms)}
    for name, (words, care, bad) in limits.items():
        value = getattr(facts, name)
        if value is not None and value > care:
            level = 2 if value > bad else 1
            limit = bad if level == 2 else care
            about = "about " if facts.loss_is_estimated and name == "loss_percent" else ""
            text = f"{segment}: {about}{value:.2f} {words}, above {limit:g}"
            findings.append(Finding(level, text))
    if facts.bad_packets:
        findings.append(Finding(1, f"{segment}: {facts.bad_packets} packets could not be decoded"))
    return findings


def _endings(recording: Recording) -> list[Finding]:
    """Return what ended too early: a sensor that fell silent has no gap in its numbers."""
    findings = [
        Finding(1, f"{event.segment or 'recording'}: {event.text or event.kind}")
        for event in recording.events
        if event.kind in TELLING_EVENTS
    ]
    ends_s = {s: float(one.time_s[-1]) for s, one in recording.sensors.items() if len(one)}
    last_s = max(ends_s.values(), default=0.0)
    for segment in recording.sensors:
        missing_s = last_s - ends_s.get(segment, 0.0)
        if missing_s > END_LAG_S:
            findings.append(Finding(1, f"{segment}: ends {missing_s:.1f} s before the others"))
    return findings


def _calibrated(recording: Recording) -> Calibration:
    import imuhip
    from imuhip.errors import AnalysisError, CalibrationError

    try:
        quality = imuhip.analyze(recording).quality
    except (AnalysisError, CalibrationError) as error:
        hint = f" ({error.hint})" if error.hint else ""
        return Calibration(
            None, [Finding(2, f"cannot be analysed: {error}{hint}")], advice=error.hint
        )
    level = GRADE_LEVEL[quality["grade"]]
    findings = [Finding(level, reason) for reason in quality["reasons"]]
    return Calibration(quality["grade"], findings, quality["calibration"], quality["sync"])
