"""Tests measured while they are done: the same numbers as afterwards, whatever the blocks."""

from __future__ import annotations

import numpy as np
import pytest

import imuhip
from imuhip.analysis.live_trial import LiveTrials
from imuhip.assessment.protocol import shipped_test
from imuhip.core.series import ImuSeries
from imuhip.simulation.performances import perform, perform_after_walk


def _blocks(recording: imuhip.Recording, n_rows: int) -> list[dict[str, ImuSeries]]:
    length = len(recording.sensors["pelvis"])
    return [
        {
            s: ImuSeries(x.time_s[a : a + n_rows], x.acc[a : a + n_rows], x.gyr[a : a + n_rows])
            for s, x in recording.sensors.items()
        }
        for a in range(0, length, n_rows)
    ]


@pytest.mark.parametrize("n_rows", [7, 50])
def test_live_gives_what_the_file_gives(n_rows: int) -> None:
    done = perform("knee_to_chest", seed=33)
    (pose, test) = done.recording.markers
    live = LiveTrials(100.0)
    counted = []
    for blocks in _blocks(done.recording, n_rows):
        live.add(blocks)
        now_s = float(blocks["pelvis"].time_s[-1])
        if now_s >= pose.end_s and not live.doing:
            live.mark("n_pose", pose.start_s, pose.end_s)
        if now_s >= test.end_s:
            break
        if now_s >= test.start_s and not live.doing:
            live.begin(shipped_test("knee_to_chest"), "left", test.start_s)
        if live.doing and round(now_s * 100) % 100 < n_rows:
            seen = live.look()
            counted.append(0 if seen is None else len(seen.repetitions[""]))
    found = live.end()
    assert found is not None
    assert not live.doing
    assert counted == sorted(counted), "a repetition once counted stays"
    assert counted[-1] == len(done.repetitions)
    (afterwards,) = imuhip.assess(done.recording).trials
    for measure in afterwards.measures:
        assert found.measure(measure.name).value == pytest.approx(measure.value, abs=0.2)


def test_a_walk_before_tells_how_the_sensors_sit_and_memory_is_bounded() -> None:
    done = perform_after_walk("hinge", seed=731, minutes=1.0, faults={"pelvis_list": 1.0})
    live = LiveTrials(100.0)
    markers = {m.name: m for m in done.recording.markers}
    for blocks in _blocks(done.recording, 100):
        live.add(blocks)
    assert live.look() is None
    first = next(m for m in done.recording.markers if m.name == "n_pose")
    live.mark("n_pose", first.start_s, first.end_s)
    live.mark("gait", markers["gait"].start_s, markers["gait"].end_s)
    live.mark("n_pose", markers["n_pose"].start_s, markers["n_pose"].end_s)
    live.begin(shipped_test("hinge"), None, markers["hinge"].start_s)
    found = live.end()
    assert found is not None
    true = done.truth["pelvis_list_deg"]
    assert found.measure("hinge_pelvis_list").value == pytest.approx(true, abs=3.0)
    late = done.recording.sensors["pelvis"].time_s[-1] + np.arange(1, 40001) / 100.0
    still = np.tile([0.0, 9.81, 0.0], (100, 1))
    for a in range(0, len(late), 100):
        live.add({"pelvis": ImuSeries(late[a : a + 100], still, 0.0 * still)})
    assert sum(len(block) for block in live._blocks["pelvis"]) < 24200
