"""A walk first, with the same straps: how a session of tests begins where time allows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from imuhip.core.series import ImuSeries, Marker
from imuhip.simulation.mounting import place_sensors
from imuhip.simulation.people import draw_person
from imuhip.simulation.performing.perform import Performance, perform
from imuhip.simulation.simulate import simulate

__all__ = ["perform_after_walk"]

_LEGS = ("thigh_left", "thigh_right", "shank_left", "shank_right")


def perform_after_walk(
    test: str,
    *,
    seed: int = 0,
    sensors: tuple[str, ...] = ("pelvis", *_LEGS),
    rate_hz: float = 100.0,
    soft_tissue: float = 1.0,
    minutes: float = 0.5,
    **options: Any,
) -> Performance:
    """Let a person walk, stand in the N-pose, and do a test.

    The walk ends and the test begins standing; only the heading jumps between them, which no sensor
    sees, and the chips are drawn anew for the test, as after being switched off and on.

    Parameters
    ----------
    test, seed, sensors, rate_hz, soft_tissue
        As in `perform`.
    minutes : float
        Of the walk.
    **options
        Any other option of `perform` but the mounting.

    Raises
    ------
    imuhip.errors.ConfigError
        When an option cannot be used.
    """
    person = draw_person(np.random.default_rng(np.random.SeedSequence(seed).spawn(1)[0]))
    visit = options.get("visit", 0) if options.get("restrapped", False) else 0
    strapping = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(2010, visit)))
    mounts = place_sensors("random", sensors, person.body, strapping)
    worn: dict[str, Any] = {
        "seed": seed,
        "rate_hz": rate_hz,
        "soft_tissue": soft_tissue,
        "mounting": {segment: mount.q_BS for segment, mount in mounts.items()},
    }
    walk = simulate(
        "walk", minutes=minutes, segments=sensors, calibration=False, end_pose=True, **worn
    )
    done = perform(test, sensors=sensors, **worn, **options)
    later_s = float(walk.sensors[sensors[0]].time_s[-1]) + 1.0 / rate_hz
    recording = replace(
        done.recording,
        sensors={s: _joined(walk.sensors[s], done.recording.sensors[s], later_s) for s in sensors},
        markers=(*walk.markers, *(_later(marker, later_s) for marker in done.recording.markers)),
        truth_motion=None,
        devices={},
    )
    return replace(
        done,
        recording=recording,
        repetitions=tuple(one.later(later_s) for one in done.repetitions),
        false_starts=tuple(one.later(later_s) for one in done.false_starts),
    )


def _joined(first: ImuSeries, second: ImuSeries, later_s: float) -> ImuSeries:
    return ImuSeries(
        np.concatenate([first.time_s, second.time_s + later_s]),
        np.concatenate([first.acc, second.acc]),
        np.concatenate([first.gyr, second.gyr]),
    )


def _later(marker: Marker, by_s: float) -> Marker:
    return Marker(marker.name, marker.start_s + by_s, marker.end_s + by_s)
