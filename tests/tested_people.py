"""Simulated people who walk, and then do a test with the same straps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from imuhip import simulate
from imuhip.core.series import ImuSeries, Marker
from imuhip.simulation.mounting import place_sensors
from imuhip.simulation.people import draw_person
from imuhip.simulation.performances import Performance, perform

__all__ = ["SHANKS_AND_THIGHS", "performed_after_walk"]

SHANKS_AND_THIGHS = ("pelvis", "thigh_left", "thigh_right", "shank_left", "shank_right")


def performed_after_walk(
    test: str, seed: int, *, sensors: tuple[str, ...] = SHANKS_AND_THIGHS, **options: Any
) -> Performance:
    """Return a performance whose recording begins with a walk of half a minute.

    Both end and begin in the N-pose; only the heading jumps between them, which no sensor sees.
    """
    person = draw_person(np.random.default_rng(np.random.SeedSequence(seed).spawn(1)[0]))
    drawn = place_sensors("random", sensors, person.body, np.random.default_rng([seed, 77]))
    mounting = {segment: mount.q_BS for segment, mount in drawn.items()}
    walk = simulate(
        "walk", minutes=0.5, seed=seed, rate_hz=100.0, segments=sensors, mounting=mounting,
        calibration=False, end_pose=True,
    )  # fmt: skip
    done = perform(test, seed=seed, sensors=sensors, mounting=mounting, **options)
    later_s = float(walk.sensors["pelvis"].time_s[-1]) + 0.01
    joined = {}
    for segment in sensors:
        parts = walk.sensors[segment], done.recording.sensors[segment]
        joined[segment] = ImuSeries(
            np.concatenate([parts[0].time_s, parts[1].time_s + later_s]),
            np.concatenate([part.acc for part in parts]),
            np.concatenate([part.gyr for part in parts]),
        )
    markers = (
        *walk.markers,
        *(Marker(m.name, m.start_s + later_s, m.end_s + later_s) for m in done.recording.markers),
    )
    return replace(
        done,
        recording=replace(
            done.recording, sensors=joined, markers=markers, truth_motion=None, devices={}
        ),
        repetitions=tuple(
            replace(
                one,
                start_s=one.start_s + later_s,
                peak_s=one.peak_s + later_s,
                end_s=one.end_s + later_s,
                rest_s=one.rest_s + later_s,
            )
            for one in done.repetitions
        ),
    )
