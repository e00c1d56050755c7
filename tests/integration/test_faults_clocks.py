"""Clocks that wrap, a host that stalls, a laptop that sleeps: samples stay counted and timed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acquisition_kit import kit_and_engine, no_thread_left, noise_motion
from fault_kit import HIT, MODELS, OTHER, record_fault
from imuhip.acquisition.engine import Engine
from imuhip.simulation import virtual_sensor
from imuhip.simulation.kit import VirtualKit
from imuhip.simulation.sensor_stream import SensorStream
from virtual_time import VirtualClock, run_virtual

NUMBERED = MODELS[:2]


@pytest.fixture(autouse=True)
def _no_thread_left():
    with no_thread_left():
        yield


@pytest.mark.parametrize(("model", "bits"), [("imuhip", 48), ("movella_dot", 32)])
@pytest.mark.parametrize("away", [False, True])
def test_the_clock_wraps(model: str, bits: int, away: bool, tmp_path: Path):
    """While all is well, and while the link is down."""

    def prepare(kit: VirtualKit) -> None:
        now_s = asyncio.get_running_loop().time()
        sensor = kit.sensors[HIT]
        sensor.spec = replace(sensor.spec, clock_offset_s=2**bits * 1e-6 - now_s - 20.0)

    async def fault(kit: VirtualKit, engine: Engine) -> None:
        now_us = kit.sensors[HIT].clock_us(asyncio.get_running_loop().time())
        until_s = (2**bits - now_us) * 1e-6
        assert until_s > 2.0
        await asyncio.sleep(until_s - 1.0)
        if away:
            kit.air.lose(kit.assignment[HIT])
        await asyncio.sleep(3.0)
        if away:
            kit.air.regain(kit.assignment[HIT])

    run = record_fault(tmp_path / "wrap.h5", fault, model, duration_s=28.0, prepare=prepare)
    run.assert_unharmed()
    counters = run.assert_exact(reconnects=int(away))
    assert (counters.lost > 0) == away
    assert len(run.recording.devices[HIT].clock_fits) == 1


def test_the_numbers_wrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """After 2**32 samples, 497 days at 100 Hz."""
    first = 2**32 - 500

    def late(*arguments) -> SensorStream:
        *others, first_s, step_s = arguments
        return SensorStream(*others, first_s - first * step_s, step_s, next_seq=first)

    monkeypatch.setattr(virtual_sensor, "SensorStream", late)

    async def fault(kit: VirtualKit, engine: Engine) -> None:
        await asyncio.sleep(8.0)

    run = record_fault(tmp_path / "numbers.h5", fault)
    run.assert_unharmed()
    assert run.assert_exact().received > 1000


class _HeldHost:
    """What a controller says to its host, held up while the host is busy."""

    def __init__(self, controller) -> None:
        self._controller, self._host = controller, controller.host
        self._held: list[bytes] | None = []

    def on_packet(self, packet: bytes) -> None:
        if self._held is None:
            self._host.on_packet(packet)
        else:
            self._held.append(packet)

    def __enter__(self) -> None:
        self._controller.host = self

    def __exit__(self, *_: object) -> None:
        held, self._held = self._held, None
        for packet in held or ():
            self._host.on_packet(packet)
        self._controller.host = self._host


@pytest.mark.parametrize("model", MODELS)
def test_the_host_stalls(model: str, tmp_path: Path):
    """Three times 300 ms: packets wait in the adapter, and their times show nothing of it."""

    async def stall(kit: VirtualKit, engine: Engine) -> None:
        (central,) = (c for c in kit.air._air.controllers if c.name == "central")
        for _ in range(3):
            await asyncio.sleep(2.5)
            with _HeldHost(central):
                await asyncio.sleep(0.3)

    run = record_fault(tmp_path / "stall.h5", stall, model, connection_interval_s=0.015)
    for segment in (HIT, OTHER):
        if model in NUMBERED:
            assert run.assert_exact(segment, times_within_s=0.02).lost == 0
        else:
            index, counters = run.assert_no_row_is_invented(segment), run.counters(segment)
            assert (np.diff(index) == 1).all()
            assert (counters.received, counters.lost) == (len(index), 0)
            assert np.abs(run.time_errors_s(segment)).max() <= 0.05


class _SleepingClock:
    """A clock that stands still while the computer sleeps; its calendar goes on."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.slept_s = 0.0

    def monotonic_ns(self) -> int:
        return self._clock.monotonic_ns() - round(self.slept_s * 1e9)

    def unix_s(self) -> float:
        return self._clock.unix_s()


SLEEPS = [
    pytest.param(model, still, marks=pytest.mark.slow if still and model != "imuhip" else ())
    for model in MODELS
    for still in (False, True)
]


@pytest.mark.parametrize(("model", "stands_still"), SLEEPS)
def test_the_laptop_sleeps(model: str, stands_still: bool, tmp_path: Path):
    """For half a minute: all links break, everything goes on afterwards, on the same time.

    Where the host's clock stood still meanwhile, as that of no system imuhip runs on does, sensors
    with a clock of their own still tell how long it was.
    """
    clocks: list[_SleepingClock] = []

    def make_clock(clock: VirtualClock) -> _SleepingClock:
        clocks.append(_SleepingClock(clock))
        return clocks[-1]

    async def sleep(kit: VirtualKit, engine: Engine) -> None:
        await asyncio.sleep(5.0)
        for address in kit.assignment.values():
            kit.air.lose(address)
        asyncio.get_running_loop()._jump(30.0)
        clocks[-1].slept_s += 30.0 * stands_still
        await asyncio.sleep(1.0)
        for address in kit.assignment.values():
            kit.air.regain(address)

    run = record_fault(tmp_path / "sleep.h5", sleep, model, duration_s=44.0, make_clock=make_clock)
    for segment in (HIT, OTHER):
        assert "reconnected" in run.events(segment)
        within_s = np.inf if stands_still else 2e-3
        if model in NUMBERED:
            counters = run.assert_exact(segment, reconnects=1, times_within_s=within_s)
            assert 30.0 < counters.longest_gap_s < 34.0
            # A line of 200 ppm at most, over 50 s, is what such a clock leaves room for.
            assert np.ptp(run.time_errors_s(segment)) < (0.02 if stands_still else 2e-3)
        else:
            index, counters = run.assert_no_row_is_invented(segment), run.counters(segment)
            assert (counters.received, counters.reconnects) == (len(index), 1)
            if not stands_still:
                assert counters.lost == pytest.approx(np.sum(np.diff(index) - 1), abs=1)
                assert np.abs(run.time_errors_s(segment)).max() < 0.02
    assert ("host_stall" in run.events(None)) != stands_still


def test_a_recording_over_a_sleep_lasts_as_long_as_asked(tmp_path: Path):
    """The loop's own timers do not count sleep: a wait of a minute would take a minute more."""
    clocks: list[_SleepingClock] = []

    async def main(clock: VirtualClock) -> float:
        clocks.append(_SleepingClock(clock))
        async with kit_and_engine(clocks[-1], noise_motion((HIT,), 5.0)) as (kit, engine):
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "long.h5")
            asyncio.get_running_loop().call_later(2.0, wake_up)
            await engine.recorded(600.0)
            return (await engine.stop_recording()).duration_s

    def wake_up() -> None:
        clocks[-1].slept_s -= 590.0

    assert 600.0 <= run_virtual(main) <= 601.5


_TELL_CLOCKS = """
import time
from imuhip.core.clock import SystemClock
print(SystemClock().monotonic_ns() * 1e-9 - time.monotonic())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere monotonic clocks count sleep")
def test_the_clock_of_the_system_counts_sleep():
    """A name space of time in which the computer slept for 1000 s, as far as clocks tell."""
    unshared = ["unshare", "--time", "--boottime", "1000", "--fork"]
    try:
        subprocess.run([*unshared, "true"], check=True, capture_output=True, timeout=10)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this system lets no process have a time of its own")
    done = subprocess.run(
        [*unshared, sys.executable, "-c", _TELL_CLOCKS],
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    awake_s = time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()
    assert float(done.stdout) == pytest.approx(1000.0 + awake_s, abs=0.1)
