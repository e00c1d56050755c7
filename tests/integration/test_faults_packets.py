"""Packets lost, repeated, overtaken and damaged on the way: counted to the sample, each model.

What the virtual radio hit is known, and every recorded row is looked up among those sent.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from acquisition_kit import no_thread_left
from fault_kit import HIT, FaultRun, record_fault
from imuhip.acquisition.engine import Engine
from imuhip.radio.disturbances import Damaging, Disturbance, Losing, Overtaking, Repeating
from imuhip.recording.reader import read_packets
from imuhip.simulation.kit import VirtualKit

SAMPLES_PER_PACKET = {"imuhip": 6, "movella_dot": 1}
NUMBERED = tuple(SAMPLES_PER_PACKET)


@pytest.fixture(autouse=True)
def _no_thread_left():
    with no_thread_left():
        yield


def record_disturbed(path: Path, model: str, disturbance: Disturbance, **options) -> FaultRun:
    async def fault(kit: VirtualKit, engine: Engine) -> None:
        await asyncio.sleep(1.0)
        kit.air.disturb(kit.assignment[HIT], disturbance)
        await asyncio.sleep(10.0)
        kit.air.calm(kit.assignment[HIT])

    run = record_fault(path, fault, model, **options)
    run.assert_unharmed()
    return run


@pytest.mark.parametrize("model", NUMBERED)
def test_five_percent_lost(model: str, tmp_path: Path):
    losing = Losing(0.05, seed=3)
    run = record_disturbed(tmp_path / "lost.h5", model, losing)
    counters = run.assert_exact()
    assert counters.lost == len(losing.hit) * SAMPLES_PER_PACKET[model] > 0
    assert run.status.sensors[HIT].grade in ("warn", "bad")


@pytest.mark.parametrize("model", NUMBERED)
def test_repeated(model: str, tmp_path: Path):
    repeating = Repeating(0.3, seed=3)
    run = record_disturbed(tmp_path / "twice.h5", model, repeating)
    run.assert_exact(duplicated=len(repeating.hit) * SAMPLES_PER_PACKET[model])
    assert run.counters().lost == 0
    _, packets = read_packets(run.path, HIT)
    assert len(packets) - len(set(packets)) == len(repeating.hit)


@pytest.mark.parametrize("model", NUMBERED)
def test_overtaken(model: str, tmp_path: Path):
    overtaking = Overtaking(0.1, seed=3)
    run = record_disturbed(tmp_path / "order.h5", model, overtaking)
    run.assert_exact(reordered=len(overtaking.hit) * SAMPLES_PER_PACKET[model])
    assert run.counters().lost == 0


@pytest.mark.parametrize("cut", [False, True])
def test_damaged(cut: bool, tmp_path: Path):
    damaging = Damaging(0.1, seed=3, cut=cut)
    run = record_disturbed(tmp_path / "damaged.h5", "imuhip", damaging)
    counters = run.assert_exact(bad_packets=len(damaging.hit))
    assert counters.lost == 6 * len(damaging.hit)
    assert run.events() == ["bad_packet"]
    _, packets = read_packets(run.path, HIT)
    assert len(packets) > counters.received / 6  # the bytes are kept for a better decoder


def test_cut_short_without_a_checksum(tmp_path: Path):
    """A DOT's packet has none, but its length is known."""
    damaging = Damaging(0.1, seed=3, cut=True)
    run = record_disturbed(tmp_path / "cut.h5", "movella_dot", damaging)
    # What is filled up with zeros may be cut off without harm.
    harmed = run.counters().bad_packets
    assert run.assert_exact(bad_packets=harmed).lost == harmed
    assert 0.6 * len(damaging.hit) < harmed <= len(damaging.hit)


def test_flipped_bits_without_a_checksum(tmp_path: Path):
    """A wrong value cannot be known, but no bit shifts a time, a number or another sample."""
    damaging = Damaging(0.05, seed=3)
    run = record_disturbed(tmp_path / "flipped.h5", "movella_dot", damaging)
    counters, series = run.counters(), run.series()
    assert counters.reordered == counters.duplicated == 0
    assert counters.received + counters.lost == len(series)
    assert counters.lost <= counters.bad_packets + len(damaging.hit)
    index = np.round((series.time_s - run.begin_s) * run.rate_hz).astype(int)
    assert (np.diff(index) == 1).all()
    moving = index >= 0
    sent, valid = run.source.sensors[HIT], series.valid[moving]
    wrong = np.abs(series.acc[moving] - sent.acc[index[moving]]).max(axis=1) > 0.01
    wrong |= np.abs(series.gyr[moving] - sent.gyr[index[moving]]).max(axis=1) > 0.01
    wrong &= valid
    assert np.count_nonzero(wrong) + counters.lost <= len(damaging.hit)


@pytest.mark.parametrize("disturbance", [Losing(0.05, seed=3), Damaging(0.05, seed=3, cut=True)])
def test_a_sensor_that_numbers_nothing_loses_five_percent(disturbance: Disturbance, tmp_path: Path):
    """What is there is true. A steady loss of single samples looks like a slower sensor.

    It is known once it adds up; until then times are off, by less than the file says they may be.
    """
    run = record_disturbed(tmp_path / "lost.h5", "witmotion", disturbance, duration_s=14.0)
    index, counters = run.assert_no_row_is_invented(), run.counters()
    assert counters.received == len(index)
    n_lost = index[-1] - index[0] + 1 - len(index)
    assert n_lost >= len(disturbance.hit) > 40
    assert 0 < counters.lost <= n_lost
    assert run.status.sensors[HIT].loss_is_estimated
    fits = run.recording.devices[HIT].clock_fits
    assert np.abs(run.time_errors_s()).max() <= 4 * max(fit.uncertainty_s for fit in fits)


def test_a_sensor_that_numbers_nothing_is_delivered_twice_after_a_broken_link(tmp_path: Path):
    """As BlueZ 5.66 does, every packet; without a link loss copies cannot be told from samples."""
    repeating = Repeating(1.0)

    async def fault(kit: VirtualKit, engine: Engine) -> None:
        await asyncio.sleep(3.0)
        kit.air.lose(kit.assignment[HIT])
        await asyncio.sleep(3.0)
        kit.air.disturb(kit.assignment[HIT], repeating)
        kit.air.regain(kit.assignment[HIT])
        await asyncio.sleep(12.0)
        kit.air.calm(kit.assignment[HIT])

    run = record_fault(tmp_path / "twice.h5", fault, "witmotion", duration_s=20.0)
    run.assert_unharmed()
    index, counters = run.assert_no_row_is_invented(), run.counters()
    assert counters.received == len(index)
    assert 0 <= len(repeating.hit) - counters.duplicated <= 8  # answers to requests among them
    assert counters.reconnects == 1
    assert abs(counters.lost - (index[-1] - index[0] + 1 - len(index))) <= 1
    assert np.abs(run.time_errors_s()).max() <= 0.02
