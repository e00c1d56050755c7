"""What a file and its analysis answer of the reporting checklist; see `checklist`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import imuhip
from imuhip.assessment.protocol import shipped_test
from imuhip.report.numbers import angle_label, degrees, measurement_sd_deg
from imuhip.report.page import duration_text, moment
from imuhip.report.sensors import SensorFacts, sensor_facts
from imuhip.report.session import Session
from imuhip.report.wording import position_words

__all__ = [
    "Answer", "Known", "kinematics_answers", "model_answers", "protocol_answers",
    "quality_answers", "sensor_answers",
]  # fmt: skip

Known = Literal["the file", "the analysis", "imuhip's method", "stated", "not known"]


Answer = tuple[str, str, Known]
"""What is asked, the answer (empty where there is none), and where it comes from."""


def _each(facts: Sequence[SensorFacts], texts: Sequence[str]) -> str:
    """Return the texts of the sensors, once where all are the same."""
    known = [(one.label, text) for one, text in zip(facts, texts, strict=True) if text]
    if not known:
        return ""
    if len({text for _, text in known}) == 1 and len(known) == len(facts):
        return f"{known[0][1]}, all {len(facts)} sensors" if len(facts) > 1 else known[0][1]
    return "; ".join(f"{label}: {text}" for label, text in known)


def sensor_answers(of: Session) -> Iterator[Answer]:
    """Yield what was worn, how it was set, and what became of its samples."""
    recording, quality = of.recording, of.quality
    facts = sensor_facts(recording, quality)
    drivers = [recording.devices[s].driver if s in recording.devices else "" for s in _worn(facts)]
    yield "Number of sensors and where", ", ".join(f.label for f in facts), "the file"
    yield "Maker and model", _each(facts, [f.model or "" for f in facts]), "the file"
    yield "Driver that decoded them", _each(facts, drivers), "the file"
    yield "Firmware", _each(facts, [f.firmware or "" for f in facts]), "the file"
    ranges = [
        "" if f.acc_range_g is None else f"±{f.acc_range_g} g, ±{f.gyr_range_dps} °/s"
        for f in facts
    ]
    yield "Measuring ranges", _each(facts, ranges), "the file"
    measured = [_number(f.measured_rate_hz, "Hz") for f in facts]
    rate = f"nominal {recording.rate_hz:g} Hz; measured {_each(facts, measured)}"
    yield "Sample rate", rate, "the file"
    yield "Noise, bandwidth and filters inside the sensors", "", "not known"
    magnetic = "magnetometer looked at" if of.settings and of.settings.magnetometer else (
        "accelerometer and gyroscope only; no magnetometer is used"
    )  # fmt: skip
    yield "Signals used", magnetic, "the analysis"
    graded = quality.get("sensors", {})
    corrected = [str(graded.get(f.segment, {}).get("intrinsics", "")) for f in facts]
    corrected = ["not corrected" if text == "none" else text for text in corrected]
    yield "Calibration of the sensors' own errors", _each(facts, corrected), "the analysis"
    rest = [_number(f.gravity_m_s2, "m/s²", 2) for f in facts]
    yield "Reading at rest (gravity)", _each(facts, rest), "the analysis"
    clocks = [
        "" if f.clock_uncertainty_s is None else f"1σ {1e3 * f.clock_uncertainty_s:.1f} ms"
        for f in facts
    ]
    yield "Synchronisation, uncertainty of each clock", _each(facts, clocks), "the file"
    apart = [
        f"{name} {one['offset_ms']:+.1f} ± {one['sd_ms']:.1f} ms against {one['against']}"
        for name, one in quality.get("sync", {}).items()
        if one.get("offset_ms") is not None
    ]
    yield "Synchronisation as the motion shows it", "; ".join(apart), "the analysis"
    lost = [f"{f.lost} of {f.received + f.lost} lost, longest gap {f.longest_gap_s:.2f} s"
            for f in facts]  # fmt: skip
    yield "Samples lost", _each(facts, lost), "the file"


def _worn(facts: Sequence[SensorFacts]) -> list[str]:
    return [one.segment for one in facts]


def protocol_answers(of: Session) -> Iterator[Answer]:
    """Yield who was measured, where, and what they did."""
    recording = of.recording
    who = "a simulated person: nobody was measured" if recording.truth_motion is not None else ""
    yield "Who was measured (number, sex, age, height, mass, condition)", who, "the file"
    yield "Consent and ethics", "", "not known"
    started = "" if recording.start_time is None else moment(recording.start_time)
    yield "When", started, "the file"
    yield "Where: laboratory, corridor, treadmill, outdoors", "", "not known"
    yield "Footwear", "", "not known"
    yield "How the sensors were fixed, and who put them on", "", "not known"
    yield "Tasks in their order, and how long", _tasks(of), "the file"
    yield "Instructions given", "", "not known"
    yield "Speed of walking or running", "", "not known"
    gait = of.summary.get("gait", {})
    cadence = [
        f"{name}: {one['cadence_steps_per_min']['mean']:.0f} steps/min"
        for name, one in gait.items()
        if one.get("cadence_steps_per_min", {}).get("mean") is not None
    ]
    yield "Cadence", "; ".join(cadence), "the analysis"
    strides = [f"{side} {one['strides_used']}" for side, one in of.summary.get("sides", {}).items()]
    yield "Strides analysed", ", ".join(strides), "the analysis"


def _tasks(of: Session) -> str:
    recording = of.recording
    told = [
        f"{m.name.replace('_', ' ')} ({duration_text(m.end_s - m.start_s)})"
        for m in recording.markers
        if m.end_s - m.start_s >= 1.0
    ]
    whole = f"{duration_text(recording.duration_s)} in all"
    return "; ".join([*told, whole] if told else [whole, "no markers"])


def model_answers(of: Session) -> Iterator[Answer]:
    """Yield segments, axes, and how sensors were aligned with them."""
    method: Known = "imuhip's method"
    segments = ", ".join(of.recording.sensors)
    yield "Segments modelled", segments.replace("_", " "), "the file"
    yield "Segment axes", "ISB, the same on both sides: x anterior, y superior, z right", method
    yield (
        "Joint angles",
        "hip: thigh relative to pelvis, Cardan z-x'-y'' (flexion, adduction, internal rotation),"
        " mirrored left; pelvis in the walking direction: rotation, obliquity, tilt (Baker 2001)",
        method,
    )
    yield (
        "Joint constraints",
        "none on the angles; the thighs' heading uses what a hip can do",
        method,
    )
    yield (
        "Sensor-to-segment alignment",
        "vertical from a standing pose (N-pose), forward from gait; movements where graded better",
        method,
    )
    yield "Pose taken", _pose(of.quality.get("calibration", {})), "the analysis"
    yield "Zero of the angles", "the N-pose; offsets of hip rotation depend on it", method
    sd = of.quality.get("pose_sd_deg", {})
    spread = ", ".join(f"{k.replace('hip_', '')} {degrees(v, 0)}" for k, v in sd.items())
    yield "Uncertainty of that zero, 1σ", spread, "the analysis"
    yield "Position of tests", _positions(of), "the analysis"
    yield "Anatomical landmarks or imaging", "none used", method
    yield "Soft tissue", "not compensated; thigh sensors under-read rotation", method


def _pose(calibration: Mapping[str, Any]) -> str:
    if "pose_start_s" not in calibration:
        return ""
    start, end = calibration["pose_start_s"], calibration["pose_end_s"]
    how = "by its marker" if calibration.get("pose_from_marker") else "found in the data"
    sway = calibration.get("pose_sway_deg")
    text = f"{start:.1f} to {end:.1f} s, {how}, grade {calibration.get('grade', '?')}"
    return text + ("" if sway is None else f", sway {degrees(sway)}")


def _positions(of: Session) -> str:
    if of.assessment is None:
        return ""
    named = {
        f"{shipped_test(t.test).title}: {position_words(shipped_test(t.test).position)}"
        for t in of.assessment.trials
    }
    return "; ".join(sorted(named))


def kinematics_answers(of: Session) -> Iterator[Answer]:
    """Yield how samples became angles and strides."""
    method: Known = "imuhip's method"
    settings = of.settings
    chosen = "" if settings is None else f"{settings.orientation_filter.upper()}, " + (
        "causal (live)" if settings.live else "forwards and backwards (offline)"
    )  # fmt: skip
    yield "Orientation filter", chosen, "the analysis"
    rows = of.summary.get("settings") or {}
    told = ", ".join(f"{key} {value}" for key, value in rows.items())
    yield (
        "Its parameters",
        told or ("imuhip's own of this version" if settings else ""),
        "the analysis",
    )
    yield (
        "Heading and drift",
        "relative heading of the thighs estimated from gait, without a magnetometer",
        method,
    )
    drift = [
        f"{side} {degrees(one.get('corrected_drift_deg'))},"
        f" remaining 1σ {degrees(one.get('sd_deg'))}"
        for side, one in of.quality.get("heading", {}).items()
    ]
    yield "Drift corrected in this session", "; ".join(drift), "the analysis"
    yield "Gaps", "filled up to 50 ms; longer ones stay missing", method
    yield "Low-pass filter of the angles", "none", method
    yield "Gait events", "initial contact and toe-off from the sensors' shocks and turns", method
    yield "Normalisation of cycles", "101 points from greatest hip flexion to the next", method
    yield "Strides left out, and why", _excluded(of), "the analysis"
    measures = [] if of.analysis is None else ["angles, strides, cycles, gait"]
    measures += [] if of.assessment is None else ["tests with each repetition"]
    yield "Outcomes", "; ".join(measures), "the analysis"
    yield "Software", f"imuhip {imuhip.__version__}, versions of packages below", "the file"
    yield "Raw data", "kept in the session file, with its SHA-256 below", "the file"


def _excluded(of: Session) -> str:
    sides = of.summary.get("sides", {})
    told = [
        f"{side}: " + (", ".join(f"{n} {why}" for why, n in one["strides_excluded"].items()) or "0")
        for side, one in sides.items()
        if "strides_excluded" in one
    ]
    by_hand = of.quality.get("excluded_by_hand", [])
    told += [f"by hand: {len(by_hand)} stretches"] if by_hand else []
    return "; ".join(told)


def quality_answers(of: Session) -> Iterator[Answer]:
    """Yield how far the numbers can be trusted."""
    quality = of.quality
    grade = quality.get("grade")
    yield "Overall grade", grade or "", "the analysis"
    reasons = "; ".join(quality.get("reasons", ())) if grade else ""
    yield "Remarks", reasons or ("none" if grade else of.no_gait), "the analysis"
    yield "Uncertainty of the angles in gait, median 1σ", _uncertainty(of), "the analysis"
    slips = quality.get("slips")
    slipped = "" if slips is None else f"{len(slips)} found" if slips else "none found"
    yield "Straps that slipped", slipped, "the analysis"
    limits = "; ".join(quality.get("not_observable", ()))
    yield "What cannot be observed", limits, "the analysis"
    yield (
        "Validity",
        "simulated people and published recordings (docs/accuracy.md); not tried against a"
        " reference on this person",
        "imuhip's method",
    )
    yield "Reliability of these testers (ICC, SEM, MDC95)", "", "not known"
    yield "Missing data and how it was treated in statistics", "", "not known"


def _uncertainty(of: Session) -> str:
    if of.analysis is None:
        return ""
    angles = [
        column.removesuffix("_sd_deg")
        for column in of.analysis.angles.columns
        if column.endswith("_sd_deg")
    ]
    found = [(angle_label(angle), measurement_sd_deg(of.analysis, angle)) for angle in angles]
    return "; ".join(f"{label.lower()} {degrees(sd)}" for label, sd in found if sd is not None)


def _number(value: float | None, unit: str, digits: int = 1) -> str:
    return "" if value is None else f"{value:.{digits}f} {unit}"
