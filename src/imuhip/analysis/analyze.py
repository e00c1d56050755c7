"""The public way in: ``imuhip.analyze(recording)``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from imuhip.analysis.gait_events import (
    GaitEvents,
    find_gait_events,
    seconds_table,
    usual_sd_deg,
)
from imuhip.analysis.gait_summary import gait_summary
from imuhip.analysis.gait_trend import gait_trends
from imuhip.analysis.impact_alignment import align_sensors, note_alignment
from imuhip.analysis.input_check import check_input
from imuhip.analysis.live_event import note_events
from imuhip.analysis.magnetic_quality import note_magnetometer
from imuhip.analysis.magnetic_use import (
    check_magnetometers,
    recording_day,
    to_north,
    watch_magnetometers,
)
from imuhip.analysis.mounting import (
    Mounting,
    check_mounting,
    explained,
    note_mounting,
    unslipped,
    widened,
)
from imuhip.analysis.movements import note_movements
from imuhip.analysis.offline import Kinematics, analyze_grid, analyze_offline
from imuhip.analysis.quality import assess_quality
from imuhip.analysis.result import Analysis
from imuhip.analysis.sensor_intrinsics import corrected_sensors, note_intrinsics
from imuhip.analysis.settings import Settings
from imuhip.analysis.summary import summarise
from imuhip.analysis.tables import angle_table, left_out, stride_table
from imuhip.analysis.wearings import Wearing, analyze_wearings, note_wearings, taken_off
from imuhip.calibration.stillness import stretches
from imuhip.core.annotation import exclusions_of
from imuhip.core.series import ImuSeries, Marker
from imuhip.errors import ConfigError, ImuhipError
from imuhip.fusion.filters import FILTERS
from imuhip.gait.activity import FRAME_S
from imuhip.gait.seconds import intervals

if TYPE_CHECKING:
    from imuhip.calibration.intrinsics import Intrinsics
    from imuhip.kinematics.strap_slip import StrapSlip
    from imuhip.recording.session import Recording

__all__ = ["analyze"]


def analyze(
    recording: Recording,
    *,
    orientation_filter: str = "vqf",
    live: bool = False,
    magnetometer: bool = False,
    place: tuple[float, float] | None = None,
    correct_sync: bool = True,
    correct_slips: bool = False,
    intrinsics: Mapping[str, Intrinsics] | bool = True,
) -> Analysis:
    """Compute hip and pelvis angles, strides and their quality.

    Parameters
    ----------
    recording : Recording
        Pelvis and at least one thigh; a still standing pose and some gait, in any order, found by
        themselves or named by ``n_pose`` and ``gait`` markers.
    orientation_filter : str
        ``"vqf"`` (default), ``"madgwick"``, ``"mahony"``, ``"ekf"`` or ``"aqua"``.
    live : bool
        Use only what was known at each instant, as the live view does.
    magnetometer : bool
        Look at the magnetic field and learn from it where it is undisturbed. How far it was is in
        ``quality["magnetometer"]``, and `Analysis.orientations` then have y to the north. Hip
        angles do not need it, and gain little.
    place : tuple of latitude and longitude, degrees, optional
        Where it was recorded, for the field to be expected there (World Magnetic Model, with the
        day of the recording's start); only with `magnetometer`.
    correct_sync : bool
        Put right the clock of a thigh sensor that the motion shows, beyond doubt, to be late or
        early against the pelvis sensor's. What was found is in ``quality["sync"]``, and by a tap
        or a jump that all felt, in ``quality["alignment"]``. Not live.
    correct_slips : bool
        Turn a sensor whose strap slipped back to where it was, from the slip on. Slips are found
        and named in ``quality["slips"]`` in any case; the recording stays as it is. Not live.
    intrinsics : mapping of segment to Intrinsics, or bool
        Each sensor's own errors, taken out first. By default they are looked up by its serial
        number among the files that ``imuhip calibrate-sensor`` writes; False takes nothing out.

    Returns
    -------
    Analysis

    Raises
    ------
    ConfigError
        For an unknown filter, a place without a magnetometer or that is not on the earth, or a
        sensor's calibration file that cannot be used.
    AnalysisError
        When segments are missing, sensors never overlap, nobody walks, or the input is not in
        m/s² and rad/s or has dead channels; when a magnetometer is asked for that is not there.
    CalibrationError
        When nobody stands still.
    """
    if orientation_filter not in FILTERS:
        raise ConfigError(
            f"orientation filter {orientation_filter!r} is not known",
            hint=f"Use one of {', '.join(FILTERS)}.",
            code="E110",
        )
    check_input(recording.sensors, recording.rate_hz)
    if place is not None and not magnetometer:
        raise ConfigError(
            "a place is of use to the magnetometer only, and that is off",
            hint="Ask for the magnetometer as well, or leave the place out.",
            code="E112",
        )
    if magnetometer:
        check_magnetometers(recording.sensors)
    settings = Settings(
        orientation_filter,
        live=live,
        magnetometer=magnetometer,
        correct_sync=correct_sync,
        place=place,
        day=recording_day(recording) if magnetometer else None,
    )
    sensors, applied = corrected_sensors(recording, intrinsics)
    sensors, aligned = align_sensors(sensors, recording.markers, correct=correct_sync and not live)
    found, wearings = _found(recording, sensors, settings)
    mounting = _mounting(found, wearings)
    if correct_slips and mounting.slips and not live:
        sensors = unslipped(sensors, mounting.slips)
        found, wearings = _found(recording, sensors, settings, mounting.slips)
        mounting = _mounting(found, wearings, mounting.slips)
    analysis = tabulate(found if live else widened(found, mounting), recording)
    note_intrinsics(analysis.quality, applied)
    note_alignment(analysis.quality, aligned)
    note_mounting(analysis.quality, mounting)
    note_magnetometer(
        analysis.quality, analysis.summary, found.magnetic, float(found.grid.time_s[0])
    )
    note_movements(analysis.quality, found.movements)
    analysis.quality["excluded_by_hand"] = [
        {
            "side": note.side,
            "start_s": note.start_s,
            "end_s": note.end_s,
            "reason": note.text,
            "strides": int(left_out(analysis.strides, note).sum()),
        }
        for note in exclusions_of(recording.annotations)
    ]
    note_wearings(analysis.quality, wearings)
    anew_s = [wearing.start_s for wearing in wearings[1:]]
    trends = gait_trends(analysis.strides, analysis.quality["slips"], anew_s)
    for gait, trend in trends.items():
        analysis.summary["gait"][gait]["trend"] = trend
    if live:
        note_events(analysis.quality, found.events)
    return analysis


def _found(
    recording: Recording,
    sensors: Mapping[str, ImuSeries],
    settings: Settings,
    slips: Sequence[StrapSlip] = (),
) -> tuple[Kinematics, tuple[Wearing, ...]]:
    """Run all steps, for each wearing of the sensors where there are several.

    An error says which sensor is on the wrong segment, where one is.
    """
    markers, rate_hz = recording.markers, recording.rate_hz
    try:
        if settings.live:
            from imuhip.analysis.live_replay import analyze_live

            found = analyze_live(sensors, markers, rate_hz, settings)
            if not settings.magnetometer:
                return found, ()
            watched = watch_magnetometers(sensors, rate_hz, found.pose, settings)
            return replace(found, magnetic=watched), ()
        found = analyze_offline(sensors, markers, rate_hz, settings, slips)
        off = taken_off(found)
        if not off:
            return found, ()
        return analyze_wearings(
            found,
            off,
            markers,
            lambda grid, inside: analyze_grid(grid, sensors, inside, settings, slips),
        )
    except ImuhipError as error:
        raise explained(error, sensors, rate_hz, markers) from error


def _mounting(
    found: Kinematics, wearings: Sequence[Wearing], corrected: Sequence[StrapSlip] = ()
) -> Mounting:
    """Look at the mounting, of each wearing by itself: between two of them nothing slipped."""
    if not wearings:
        return check_mounting(found, corrected)
    each = [check_mounting(w.found, corrected) for w in wearings if w.found is not None]
    main = max(each, key=lambda mounting: mounting.misplaced)
    return replace(main, slips=tuple(slip for one in each for slip in one.slips))


def tabulate(found: Kinematics, recording: Recording) -> Analysis:
    """Turn what was found into tables, summary and quality."""
    exclusions = exclusions_of(recording.annotations)
    time_s = found.grid.time_s
    values = found.angles.values
    events = find_gait_events(found)
    strides = stride_table(time_s, values, events.legs, found.turn_rate_rad_s, exclusions)
    activity = _activity_markers(found, events)
    grid = found.grid
    summary = summarise(activity, strides, recording.duration_s, grid.rate_hz, grid.segments)
    summary["gait"] = gait_summary(strides, events.labels, usual_sd_deg(found))
    return Analysis(
        angles=angle_table(time_s, values, found.angles.sd),
        orientations=to_north(found.q_WB, found.magnetic),
        strides=strides,
        summary=summary,
        quality=assess_quality(
            found.grid,
            found.bias_rad_s,
            found.gait,
            found.pose,
            found.legs,
            found.tracks,
            found.wobble,
            found.sync,
            found.untold,
        ),
        activity=activity,
        seconds=seconds_table(time_s, events),
    )


def _activity_markers(found: Kinematics, events: GaitEvents) -> tuple[Marker, ...]:
    time_s = found.grid.time_s
    frame = round(FRAME_S * found.grid.rate_hz)

    def at(row: int) -> float:
        return float(time_s[min(row, len(time_s) - 1)])

    markers = [Marker("n_pose", at(found.pose.rows.start), at(found.pose.rows.end))]
    for name, flags, scale in (
        ("still", found.activity.still, frame),
        ("gait", found.gait, 1),
    ):
        markers += [
            Marker(name, at(run.start * scale), at(run.end * scale)) for run in stretches(flags)
        ]
    whole = intervals(events.labels, float(time_s[0]), float(time_s[-1]))
    markers += [marker for marker in whole if marker.name != "still"]
    return tuple(sorted(markers, key=lambda marker: marker.start_s))
