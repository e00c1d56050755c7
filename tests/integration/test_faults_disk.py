"""A disk that stalls or fills while sensors stream: what was not stored is counted as lost."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import numpy as np
import pytest

from acquisition_kit import no_thread_left
from fault_kit import HIT, MODELS, OTHER, record_fault
from imuhip.acquisition.engine import Engine
from imuhip.recording.writer import SessionWriter
from imuhip.simulation.kit import VirtualKit


@pytest.fixture(autouse=True)
def _no_thread_left():
    with no_thread_left():
        yield


class SlowDisk:
    """A disk that answers nothing for a while: the writer's flush waits for it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._answers = threading.Event()
        self._answers.set()
        self._waits = threading.Event()
        flush = SessionWriter.flush

        def slow_flush(writer: SessionWriter) -> None:
            self._waits.set()
            assert self._answers.wait(60.0)
            flush(writer)

        monkeypatch.setattr(SessionWriter, "flush", slow_flush)

    def stall(self) -> None:
        """Stall, from the next flush on; return when it waits."""
        self._answers.clear()
        self._waits.clear()
        assert self._waits.wait(10.0)

    def answer(self) -> None:
        self._answers.set()


def empty_queue(engine: Engine) -> None:
    """Let the writer work, while virtual time stands still."""
    while engine.status().recording.waiting_packets:
        threading.Event().wait(0.002)


@pytest.mark.parametrize("model", MODELS)
def test_a_disk_that_stalls_within_the_queue_loses_nothing(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    disk = SlowDisk(monkeypatch)

    async def stall(kit: VirtualKit, engine: Engine) -> None:
        await asyncio.sleep(1.0)
        disk.stall()
        await asyncio.sleep(8.0)
        assert engine.status().recording.waiting_packets > 100
        assert engine.status().all_deliver
        disk.answer()

    run = record_fault(tmp_path / "slow.h5", stall, model)
    run.assert_unharmed(HIT)
    run.assert_unharmed(OTHER)


@pytest.mark.parametrize("model", MODELS)
def test_a_disk_that_stalls_for_longer_costs_what_the_queue_cannot_hold(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The samples arrived, and are lost all the same: the account says what is in the file."""
    disk = SlowDisk(monkeypatch)

    async def stall(kit: VirtualKit, engine: Engine) -> None:
        await asyncio.sleep(1.0)
        disk.stall()
        await asyncio.sleep(8.0)
        assert engine.status().sensors[HIT].grade == "bad"
        disk.answer()
        empty_queue(engine)

    capacity = {"recorder_capacity_packets": 60}
    run = record_fault(tmp_path / "slow.h5", stall, model, duration_s=16.0, options=capacity)
    for segment in (HIT, OTHER):
        index, counters = run.assert_no_row_is_invented(segment), run.counters(segment)
        assert counters.received == len(index)
        assert counters.overrun_packets > 50
        # What was refused before the first or after the last row leaves no gap in the file.
        assert counters.lost >= np.sum(np.diff(index) - 1) > 100
        n_sent = run.result.duration_s * run.rate_hz
        assert counters.received + counters.lost == pytest.approx(n_sent, abs=0.1 * run.rate_hz)
        assert counters.longest_gap_s >= (np.diff(index).max() - 1) / run.rate_hz - 1e-6
        assert np.abs(run.time_errors_s(segment)).max() < 2e-3
        assert run.status.sensors[segment].loss_percent > 5
