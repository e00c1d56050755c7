"""Ring, stream, recorder, loop thread, assignment: each alone."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.acquisition.assignment import SearchPlan, checked_assignment, connect_failure
from imuhip.acquisition.clock_mapping import MappingPolicy
from imuhip.acquisition.loop_thread import LoopThread
from imuhip.acquisition.recorder import Recorder
from imuhip.acquisition.ring import SampleRing
from imuhip.acquisition.rows import concatenated
from imuhip.acquisition.status import AcquisitionStatus, SensorStatus
from imuhip.acquisition.stream import HostTime, SensorStream
from imuhip.acquisition.supervisor import LinkPolicy, LinkState
from imuhip.core.sensor import SampleBlock, SensorCounters, StreamConfig
from imuhip.errors import (
    ConfigError,
    ConnectError,
    DiskError,
    ProtocolError,
    RecordingError,
    SensorNotFoundError,
)
from imuhip.recording.plan import SampleRows


def rows(first: int, n: int) -> SampleRows:
    seq = first + np.arange(n)
    vectors = np.repeat(seq[:, None], 3, axis=1).astype(float)
    t = 0.01 * seq
    return SampleRows(np.zeros(n, int), seq, t, t, t, vectors, -vectors, None, np.zeros(n, int))


# -- ring ---------------------------------------------------------------------------------------


@given(
    st.integers(1, 30),
    st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=30),
)
def test_ring_gives_each_row_once_and_owns_up_to_those_missed(
    capacity: int, steps: list[tuple[int, bool]]
):
    ring, written, index, got, missed = SampleRing(capacity), 0, 0, [], 0
    for n_rows, read in steps:
        ring.append(rows(written, n_rows))
        written += n_rows
        if read:
            view = ring.since(index)
            assert view.next_index == index + view.n_missed + len(view)
            assert np.array_equal(view.acc[:, 0], view.seq)
            got += view.seq.tolist()
            missed, index = missed + view.n_missed, view.next_index
    view = ring.since(index)
    got += view.seq.tolist()
    assert len(got) + missed + view.n_missed == written
    assert got == sorted(set(got)) and got[-1:] == ([written - 1] if written else [])
    assert ring.latest(5).seq.tolist() == list(range(max(0, written - min(5, capacity)), written))


def test_ring_is_never_torn_while_another_thread_writes():
    ring = SampleRing(64)
    stop = threading.Event()

    def write() -> None:
        at = 0
        while not stop.is_set():
            ring.append(rows(at, 7))
            at += 7

    writer = threading.Thread(target=write)
    writer.start()
    try:
        index = 0
        for _ in range(2000):
            view = ring.since(index)
            index = view.next_index
            assert np.all(np.diff(view.seq) == 1)
            assert np.array_equal(view.acc[:, 2], view.seq) and np.isnan(view.mag).all()
    finally:
        stop.set()
        writer.join()


# -- stream -------------------------------------------------------------------------------------


class SteppedClock:
    """Stands where it is put."""

    def __init__(self) -> None:
        self.now_s = 50.0

    def monotonic_ns(self) -> int:
        return round(self.now_s * 1e9)

    def unix_s(self) -> float:
        return 1.7e9 + self.now_s


class TextDecoder:
    """Reads ``b"seq n time_us"``."""

    def decode(self, packet: bytes) -> SampleBlock:
        try:
            seq, n, time_us = (int(field) for field in packet.split())
        except ValueError as error:
            raise ProtocolError(f"not three numbers: {packet!r}") from error
        if n > 200:
            raise IndexError("a fault of the driver")
        vectors = np.full((n, 3), float(seq))
        return SampleBlock(seq, time_us * 1e-6 + 0.01 * np.arange(n), vectors, vectors)


class Sink:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.rows: list[SampleRows] = []
        self.full = False

    def __call__(self, arrival_s: Any, packets: Sequence[bytes], new: SampleRows | None) -> bool:
        if self.full:
            return False
        assert len(arrival_s) == len(packets)
        self.packets += packets
        self.rows += [] if new is None else [new]
        return True


def stream_on(clock: SteppedClock, events: list[str] | None = None) -> SensorStream:
    return SensorStream(
        HostTime(clock),
        StreamConfig(rate_hz=100),
        lambda _config: TextDecoder(),
        policy=MappingPolicy(),
        ring_capacity_samples=500,
        on_event=lambda kind, text: None if events is None else events.append(f"{kind}: {text}"),
    )


def test_live_times_strictly_increase_whatever_the_link_does():
    clock, sink, rng = SteppedClock(), Sink(), np.random.default_rng(5)
    stream = stream_on(clock)
    stream.begin_recording(sink)
    for i in range(600):
        ready_s = 50.0 + 0.06 * (i + 1)
        delay_s = 0.5 if i < 20 else rng.exponential(0.02)  # prompt only after a second
        clock.now_s = max(clock.now_s, ready_s + delay_s)
        stream.on_packet(b"%d 6 %d" % (6 * i, 60_000 * i))
        stream.consume()
    recorded = concatenated(sink.rows)
    assert len(recorded) == 3600
    assert np.all(np.diff(recorded.time_s) > 0)
    (fit,) = stream.end_recording()
    final_s = fit.to_recording(recorded.device_time_s)
    assert np.abs(recorded.time_s[-600:] - final_s[-600:]).max() < 5e-3


def test_undecodable_packets_are_counted_and_their_bytes_kept():
    clock, sink, events = SteppedClock(), Sink(), []
    stream = stream_on(clock, events)
    stream.begin_recording(sink)
    for packet in (b"0 5 0", b"rubbish", b"5 300 50000", b"5 5 50000"):
        stream.on_packet(packet)
    assert stream.consume() == 10
    assert sink.packets == [b"0 5 0", b"rubbish", b"5 300 50000", b"5 5 50000"]
    counters = stream.counters()
    assert (counters.received, counters.bad_packets, counters.lost) == (10, 2, 0)
    assert events == ["bad_packet: not three numbers: b'rubbish'"]


def test_packets_refused_by_a_full_queue_are_counted():
    clock, sink = SteppedClock(), Sink()
    stream = stream_on(clock)
    stream.begin_recording(sink)
    sink.full = True
    for i in range(3):
        stream.on_packet(b"%d 5 %d" % (5 * i, 50_000 * i))
    stream.consume()
    assert stream.counters().overrun_packets == 3
    assert len(stream.ring.since(0)) == 15  # the view has them all the same


def test_rate_and_age_are_what_arrived():
    clock = SteppedClock()
    stream = stream_on(clock)
    assert stream.measured_rate_hz == 0.0 and stream.packet_age_s == np.inf
    for i in range(100):
        clock.now_s = 50.0 + 0.06 * i
        stream.on_packet(b"%d 6 %d" % (6 * i, 60_000 * i))
        stream.consume()
    assert stream.measured_rate_hz == pytest.approx(100.0, rel=1e-6)
    clock.now_s += 2.0
    assert stream.packet_age_s == pytest.approx(2.0)
    assert stream.measured_rate_hz < 80.0
    clock.now_s += 5.0
    assert stream.measured_rate_hz == 0.0


def test_a_recording_starts_its_own_account_and_numbers_its_epochs_from_zero():
    clock, sink = SteppedClock(), Sink()
    stream = stream_on(clock)
    for seq, time_us in ((0, 9_000_000), (10, 9_100_000), (0, 100_000), (30, 400_000)):
        clock.now_s += 0.1
        stream.on_packet(b"%d 10 %d" % (seq, time_us))  # a reboot, then 20 lost
    stream.consume()
    assert stream.counters().lost == 20
    stream.begin_recording(sink)
    clock.now_s += 0.1
    stream.on_packet(b"40 10 500000")
    (fit,) = stream.end_recording()
    assert (fit.epoch, sink.rows[0].epoch.tolist()) == (0, [0] * 10)
    assert (stream.counters().received, stream.counters().lost) == (10, 0)


# -- recorder -----------------------------------------------------------------------------------


class WriterDouble:
    """Stands for a disk: `SessionWriter` against real disks is tested in integration."""

    def __init__(self, refuse_after: int | None = None) -> None:
        self.seq: list[int] = []
        self.flushes = 0
        self.closed_with: Any = None
        self.refuse_after = refuse_after

    def append_packets(self, segment: str, arrival_s: Any, packets: Sequence[bytes]) -> None:
        assert len(arrival_s) == len(packets)

    def append_samples(self, segment: str, new: SampleRows) -> None:
        self.seq += new.seq.tolist()

    def flush(self) -> None:
        self.flushes += 1
        if self.refuse_after is not None and len(self.seq) > self.refuse_after:
            raise DiskError("disk full")

    def close(self, *, final_fits: Any) -> None:
        self.closed_with = final_fits


def offer(recorder: Recorder, first: int, n: int = 5) -> bool:
    return recorder.offer("pelvis", np.array([0.01 * first]), [b"packet"], rows(first, n))


def test_recorder_writes_everything_in_order_and_finishes():
    writer = WriterDouble()
    recorder = Recorder(lambda: writer, flush_interval_s=0.01)  # type: ignore[arg-type, return-value]
    recorder.start()
    recorder.opened.result(5)
    for i in range(200):
        assert offer(recorder, 5 * i)
    recorder.close({"pelvis": ()}).result(5)
    assert recorder.join(5)
    assert writer.seq == list(range(1000)) and writer.closed_with == {"pelvis": ()}
    assert recorder.status().waiting_packets == 0


def test_recorder_refuses_what_does_not_fit_its_queue():
    release = threading.Event()
    writer = WriterDouble()

    def open_slowly() -> WriterDouble:
        release.wait(10)
        return writer

    recorder = Recorder(open_slowly, capacity_packets=3)  # type: ignore[arg-type]
    recorder.start()
    assert [offer(recorder, 5 * i) for i in range(5)] == [True, True, True, False, False]
    release.set()
    recorder.close({}).result(5)
    recorder.join(5)
    assert writer.seq == list(range(15))


def test_recorder_tells_of_a_refusing_disk_and_goes_on_emptying_its_queue():
    writer = WriterDouble(refuse_after=0)
    recorder = Recorder(lambda: writer, capacity_packets=10, flush_interval_s=0.01)  # type: ignore[arg-type, return-value]
    recorder.start()
    assert offer(recorder, 0)
    refusal = None
    for _ in range(500):
        refusal = recorder.status().error
        if refusal:
            break
        threading.Event().wait(0.01)
    assert isinstance(refusal, DiskError)
    assert offer(recorder, 5)
    with pytest.raises(DiskError):
        recorder.close({"pelvis": ()}).result(5)
    recorder.join(5)
    assert writer.closed_with == {"pelvis": ()}
    assert recorder.status().unwritten_packets == 1


def test_recorder_reports_a_file_that_cannot_be_opened():
    def refuse() -> Any:
        raise ZeroDivisionError("a fault of the writer")

    recorder = Recorder(refuse)
    recorder.start()
    with pytest.raises(RecordingError, match="ZeroDivisionError"):
        recorder.opened.result(5)
    assert recorder.join(5)


# -- loop thread --------------------------------------------------------------------------------


def test_loop_thread_runs_coroutines_and_ends():
    async def where() -> str:
        await asyncio.sleep(0)
        return threading.current_thread().name

    with LoopThread("radio under test") as thread:
        assert thread.submit(where()).result(5) == "radio under test"
        sleeper = thread.submit(asyncio.sleep(1000))
    assert sleeper.cancelled() and not thread.is_alive
    with pytest.raises(RuntimeError, match="closed"):
        thread.submit(where())


def test_loop_thread_raises_what_keeps_it_from_starting():
    def no_loop() -> asyncio.AbstractEventLoop:
        raise OSError("no more descriptors")

    with pytest.raises(OSError, match="no more descriptors"):
        LoopThread(loop_factory=no_loop)


def test_loop_thread_says_when_a_task_refuses_to_end():
    entered, release = threading.Event(), threading.Event()

    async def block() -> None:
        entered.set()
        release.wait(10)

    thread = LoopThread()
    thread.submit(block())
    entered.wait(5)
    with pytest.raises(TimeoutError, match=r"within 0\.05 s"):
        thread.close(timeout_s=0.05)
    release.set()
    thread.close()


# -- assignment and patience --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([], "no sensor is assigned"),
        ([("hip", "A")], "unknown segment 'hip'"),
        ([("pelvis", "A"), ("pelvis", "B")], "pelvis: two sensors assigned, A and B"),
        ([("pelvis", "ab:cd"), ("trunk", "AB:CD")], "AB:CD: assigned to pelvis and to trunk"),
    ],
)
def test_assignments_that_cannot_be(pairs: list[tuple[str, str]], message: str):
    with pytest.raises(ConfigError, match=message) as caught:
        checked_assignment(pairs)
    assert caught.value.hint


def test_one_error_tells_of_all_sensors():
    failed = {"trunk": ConnectError("trunk: refused", hint="charge it")}
    error = connect_failure(["pelvis"], failed, ["thigh_left"], SearchPlan(2, 4.0))
    assert isinstance(error, ConnectError)
    assert str(error) == (
        "pelvis: not found after 2 scans (8 s); trunk: refused; connected: thigh_left"
    )
    assert error.hint.endswith("; charge it")
    assert isinstance(connect_failure(["pelvis"], {}, [], SearchPlan()), SensorNotFoundError)


def test_backoff_doubles_up_to_its_cap_with_jitter():
    policy, rng = LinkPolicy(), random.Random(1)
    for k, nominal_s in enumerate([0.25, 0.5, 1, 1.5, 1.5, 1.5]):
        waits = [policy.backoff_s(k, rng) for _ in range(100)]
        assert 0.75 * nominal_s <= min(waits) < max(waits) <= 1.25 * nominal_s
    assert policy.backoff_s(10_000, rng) <= 2.0


# -- status -------------------------------------------------------------------------------------


def sensor_status(**changes: Any) -> SensorStatus:
    fine = SensorStatus(
        segment="pelvis",
        address="A",
        name="imuhip-1",
        serial="1",
        model="imuhip",
        battery_percent=80,
        rssi_dbm=-50,
        state=LinkState.STREAMING,
        nominal_rate_hz=100.0,
        measured_rate_hz=100.5,
        counters=SensorCounters(received=1000),
        last_packet_age_s=0.05,
    )
    return replace(fine, **changes)


@pytest.mark.parametrize(
    ("changes", "grade"),
    [
        ({}, "good"),
        ({"battery_percent": 10}, "warn"),
        ({"measured_rate_hz": 50.0}, "warn"),
        ({"counters": SensorCounters(received=985, lost=15)}, "warn"),
        ({"counters": SensorCounters(received=940, lost=60)}, "bad"),
        ({"counters": SensorCounters(received=1000, overrun_packets=1)}, "bad"),
        ({"state": LinkState.SILENT}, "bad"),
        ({"counters": SensorCounters()}, "bad"),
    ],
)
def test_grades_follow_loss_rate_battery_and_state(changes: dict[str, Any], grade: str):
    assert sensor_status(**changes).grade == grade


def test_nothing_delivers_when_nothing_is_worn():
    assert not AcquisitionStatus(0.0, {}, None).all_deliver
    assert AcquisitionStatus(0.0, {"pelvis": sensor_status()}, None).all_deliver
    assert sensor_status(counters=SensorCounters(received=75, lost=25)).loss_percent == 25.0
