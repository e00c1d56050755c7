"""A clinic's session of one simulated person: a walk, tests with the same straps, pain told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from imuhip.core.segments import Side
from imuhip.core.series import ImuSeries, Marker
from imuhip.recording.session import Recording
from imuhip.simulation.mounting import place_sensors
from imuhip.simulation.people import draw_person
from imuhip.simulation.performances import Performance, perform, perform_after_walk

__all__ = ["WHEN", "clinic_session"]

WHEN = datetime(2026, 3, 14, 9, 26, tzinfo=UTC)
_WORN = ("pelvis", "thigh_left", "thigh_right", "shank_left", "shank_right")
_TESTS: tuple[tuple[str, Side], ...] = (
    ("hip_rotation_seated", "left"),
    ("hip_rotation_seated", "right"),
    ("knee_to_chest", "left"),
    ("knee_to_chest", "right"),
    ("hinge", "left"),
)


def clinic_session(
    seed: int = 812,
    *,
    tests: Sequence[tuple[str, Side]] = _TESTS,
    minutes: float = 1.0,
    left_ir_deg: float = 0.0,
    visit: int = 0,
    pain: int | None = 4,
) -> Recording:
    """Join a walk and tests of one person; sensors stay on.

    `left_ir_deg` is by how much the left hip turns further inwards than by nature; `pain` is told
    after the first test's second repetition.
    """
    mounting = _mounting(seed)
    done: list[Performance] = []
    for test, side in tests:
        asked: dict[str, Any] = {"seed": seed, "side": side, "visit": visit}
        if "rotation" in test:
            asked["direction"] = "both"
            if side == "left" and left_ir_deg:
                asked["change"] = {"true_ir_deg": left_ir_deg, "apparent_ir_deg": left_ir_deg}
        if done or not minutes:
            done.append(perform(test, sensors=_WORN, mounting=mounting, **asked))
        else:
            done.append(perform_after_walk(test, sensors=_WORN, minutes=minutes, **asked))
    sensors = {name: _one([one.recording.sensors[name] for one in done]) for name in _WORN}
    markers: list[Marker] = []
    begins_s = 0.0
    for one in done:
        markers += [
            Marker(m.name, m.start_s + begins_s, m.end_s + begins_s) for m in one.recording.markers
        ]
        begins_s += one.recording.duration_s
    if pain is not None:
        at_s = done[0].repetitions[1].end_s + 0.5
        markers.append(Marker(f"pain_left_{pain}", at_s, at_s + 0.1))
    return replace(
        done[0].recording,
        sensors=sensors,
        markers=tuple(markers),
        truth_motion=None,
        devices={},
        subject="S07",
        start_time=WHEN,
    )


def _mounting(seed: int) -> dict[str, Any]:
    """Strap the sensors on as `perform_after_walk` does."""
    person = draw_person(np.random.default_rng(np.random.SeedSequence(seed).spawn(1)[0]))
    strapping = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(2010, 0)))
    mounts = place_sensors("random", _WORN, person.body, strapping)
    return {segment: mount.q_BS for segment, mount in mounts.items()}


def _one(parts: list[ImuSeries]) -> ImuSeries:
    times, begins_s = [], 0.0
    for part in parts:
        step_s = float(part.time_s[1] - part.time_s[0])
        times.append(part.time_s - part.time_s[0] + begins_s)
        begins_s += float(part.time_s[-1] - part.time_s[0]) + step_s
    return ImuSeries(
        np.concatenate(times),
        np.concatenate([part.acc for part in parts]),
        np.concatenate([part.gyr for part in parts]),
    )
