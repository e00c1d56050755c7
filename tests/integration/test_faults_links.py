"""Sensors that vanish, restart or die: the gap is known to the sample, the others are unharmed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acquisition_kit import no_thread_left
from fault_kit import HIT, MODELS, OTHER, record_fault, restart
from imuhip.acquisition.engine import Engine
from imuhip.acquisition.supervisor import LinkState
from imuhip.cli.check import _endings, sensor_facts
from imuhip.simulation.kit import VirtualKit

NUMBERED = MODELS[:2]
SUPERVISION_S = 2.0
SLOWEST_RETURN_S = {0.3: 0.0, 5.0: 6.0, 60.0: 16.0}
"""Longest back-off and a scan, after the return: 0.25 s doubling to 8 s, and jitter."""


@pytest.fixture(autouse=True)
def _no_thread_left():
    with no_thread_left():
        yield


LONG = [
    pytest.param(model, 60.0, marks=pytest.mark.slow if model == "witmotion" else ())
    for model in MODELS
]


@pytest.mark.parametrize(
    ("model", "away_s"), [(m, away_s) for away_s in (0.3, 5.0) for m in MODELS] + LONG
)
def test_vanished_and_returned(model: str, away_s: float, tmp_path: Path):
    async def vanish(kit: VirtualKit, engine: Engine) -> None:
        await asyncio.sleep(3.0)
        kit.air.lose(kit.assignment[HIT])
        await asyncio.sleep(away_s)
        kit.air.regain(kit.assignment[HIT])

    duration_s = 8.0 + away_s + SLOWEST_RETURN_S[away_s]
    run = record_fault(tmp_path / "gone.h5", vanish, model, duration_s=duration_s)
    run.assert_unharmed()
    breaks = away_s > SUPERVISION_S
    assert ("reconnected" in run.events()) == breaks
    if model in NUMBERED:
        counters = run.assert_exact(reconnects=breaks)
        assert counters.longest_gap_s <= away_s + SLOWEST_RETURN_S[away_s]
        # An imuhip sensor keeps what a short fade held up; a DOT's radio holds a few packets.
        assert (counters.lost == 0) == (model == "imuhip" and not breaks)
        return
    index, counters = run.assert_no_row_is_invented(), run.counters()
    n_missing = int(np.sum(np.diff(index) - 1))
    assert (counters.received, counters.reconnects) == (len(index), breaks)
    assert abs(counters.lost - n_missing) <= 1
    # Samples the radio held up arrive when it is back, and nothing tells when they were taken.
    assert np.abs(run.time_errors_s()).max() <= (0.02 if breaks else away_s)


@pytest.mark.parametrize("model", MODELS)
def test_two_vanish_at_once(model: str, tmp_path: Path):
    async def vanish(kit: VirtualKit, engine: Engine) -> None:
        await asyncio.sleep(2.0)
        for segment in (HIT, OTHER):
            kit.air.lose(kit.assignment[segment])
        await asyncio.sleep(4.0)
        kit.air.regain(kit.assignment[OTHER])
        await asyncio.sleep(6.0)
        states = {s.segment: s.state for s in engine.status().sensors.values()}
        assert states[OTHER] is states["thigh_right"] is LinkState.STREAMING
        assert states[HIT] is not LinkState.STREAMING  # the other did not wait for it
        kit.air.regain(kit.assignment[HIT])

    run = record_fault(
        tmp_path / "both.h5",
        vanish,
        model,
        duration_s=26.0,
        segments=(HIT, OTHER, "thigh_right"),
    )
    run.assert_unharmed("thigh_right")
    for segment in (HIT, OTHER):
        if model in NUMBERED:
            assert run.assert_exact(segment, reconnects=1).lost > 3.9 * run.rate_hz
        else:
            index, counters = run.assert_no_row_is_invented(segment), run.counters(segment)
            assert (counters.received, counters.reconnects) == (len(index), 1)
            assert abs(counters.lost - int(np.sum(np.diff(index) - 1))) <= 1


@pytest.mark.parametrize("model", MODELS)
def test_restarted(model: str, tmp_path: Path):
    """Its battery slipped: clock and numbers begin anew, and so does the line of its clock."""

    async def reboot(kit: VirtualKit, engine: Engine) -> None:
        await asyncio.sleep(6.0)
        kit.air.lose(kit.assignment[HIT])
        await asyncio.sleep(2.5)
        restart(kit.sensors[HIT])
        kit.air.regain(kit.assignment[HIT])

    run = record_fault(tmp_path / "restart.h5", reboot, model, duration_s=20.0)
    run.assert_unharmed()
    index, counters = run.assert_no_row_is_invented(), run.counters()
    assert (counters.received, counters.duplicated, counters.reordered) == (len(index), 0, 0)
    assert counters.reconnects == 1
    n_missing = int(np.sum(np.diff(index) - 1))
    assert counters.lost == pytest.approx(n_missing, abs=0 if model in NUMBERED else 1)
    assert counters.longest_gap_s == pytest.approx(n_missing / run.rate_hz, abs=1e-3)
    assert counters.resynced == 1
    assert sensor_facts(run.series(), run.rate_hz, None).lost == pytest.approx(n_missing, abs=1)
    assert np.abs(run.time_errors_s()).max() <= 0.02
    restarts = {"clock_restarted", "count_restarted"}
    assert len(restarts & set(run.events())) == 1
    assert [fit.epoch for fit in run.recording.devices[HIT].clock_fits] == [0, 1]


def test_a_battery_that_dies(tmp_path: Path):
    """It is told in time, and the end of its samples is told, too."""

    def weak(kit: VirtualKit) -> None:
        kit.sensors[HIT].spec = replace(kit.sensors[HIT].spec, battery_percent=4)

    async def die(kit: VirtualKit, engine: Engine) -> None:
        await asyncio.sleep(3.0)
        status = engine.status().sensors[HIT]
        assert (status.battery_percent, status.grade) == (4, "warn")
        kit.air.lose(kit.assignment[HIT])  # for good

    run = record_fault(
        tmp_path / "dead.h5", die, duration_s=20.0, prepare=weak, delivers_at_end=False
    )
    run.assert_unharmed()
    assert run.assert_exact().lost == 0
    assert run.status.sensors[HIT].grade == "bad"
    assert run.recording.devices[HIT].battery_percent == 4
    assert run.events()[-1] == "silent_at_stop"
    ended_s = run.result.duration_s - run.series().time_s[-1]
    assert ended_s == pytest.approx(17.0, abs=0.1)
    texts = [finding.text for finding in _endings(run.recording)]
    assert any(text.startswith("pelvis: ends 17.") for text in texts), texts
