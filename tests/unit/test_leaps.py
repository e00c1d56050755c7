"""Numbers that cannot be are dropped, a clock that is another one begins an epoch."""

from __future__ import annotations

import numpy as np
import pytest

from imuhip.acquisition.clock_mapping import MappingPolicy
from imuhip.acquisition.host_time import HostTime
from imuhip.acquisition.stream import SensorStream
from imuhip.core.sensor import FLAGS, StreamConfig
from imuhip.sensors.imuhip_v1.packets import RawPacket, StreamDecoder, encode_packet

N, PERIOD_S = 6, 0.01


class Clock:
    now_s = 0.0

    def monotonic_ns(self) -> int:
        return round(self.now_s * 1e9)

    def unix_s(self) -> float:
        return 1.7e9 + self.now_s


class Recorded:
    """A stream of imuhip packets, and what is stored of it."""

    def __init__(self) -> None:
        self.clock, self.rows, self.events = Clock(), [], []
        self.stream = SensorStream(
            HostTime(self.clock),
            StreamConfig(),
            lambda config: StreamDecoder(16, 2000),
            policy=MappingPolicy(),
            ring_capacity_samples=100,
            on_event=lambda kind, _text: self.events.append(kind),
        )
        self.stream.begin_recording(self._store)

    def _store(self, _arrival_s, _packets, rows) -> bool:
        if rows is not None:
            self.rows.append(rows)
        return True

    def send(self, k: int, *, number: int = 0, time_s: float = 0.0, flags: int = 0) -> None:
        """Send the k-th packet, `number` samples and `time_s` ahead of the truth."""
        self.clock.now_s = max(self.clock.now_s, (k + 1) * N * PERIOD_S)
        counts = np.full((N, 6), k % 1000, dtype=np.int16)
        time_us = round((k * N * PERIOD_S + time_s) * 1e6)
        packet = RawPacket(k * N + number, time_us, 10_000, counts, flags)
        self.stream.on_packet(encode_packet(packet))
        self.stream.consume()


@pytest.mark.parametrize(
    ("number", "time_s"), [(10**9, 0.0), (10**9, 1e7), (0, 1e7), (0, 3600.0), (5000, 0.0)]
)
def test_one_impossible_packet_is_dropped_and_counted(number: int, time_s: float):
    recorded = Recorded()
    for k in range(40):
        is_odd = k == 20
        recorded.send(k, number=number * is_odd, time_s=time_s * is_odd)
    counters = recorded.stream.counters()
    assert (counters.received, counters.lost, counters.bad_packets) == (39 * N, N, 1)
    assert counters.longest_gap_s == pytest.approx(N * PERIOD_S)
    assert counters.resynced == 0
    assert recorded.events == ["bad_packet"]


def test_an_impossible_packet_that_was_asked_for_is_dropped():
    recorded = Recorded()
    for k in range(20):
        recorded.send(k)
    recorded.send(19, number=10**6, time_s=1e4, flags=FLAGS["backfilled"])
    assert recorded.stream.counters().bad_packets == 1
    assert recorded.stream.counters().lost == 0


@pytest.mark.parametrize(("number", "time_s"), [(10**9, 0.0), (0, 1e7), (10**9, 1e7)])
def test_what_goes_on_from_there_is_another_clock(number: int, time_s: float):
    """One packet is not believed; then an epoch begins, and no year of samples is lost."""
    recorded = Recorded()
    for k in range(40):
        is_other = k >= 20
        recorded.send(k, number=number * is_other, time_s=time_s * is_other)
    fits = recorded.stream.end_recording()
    counters = recorded.stream.counters()
    assert [fit.epoch for fit in fits] == [0, 1]
    assert (counters.received, counters.lost) == (39 * N, N)
    assert (counters.bad_packets, counters.resynced) == (1, 1)


def test_after_a_restart_nobody_noticed_packets_are_guarded_as_well():
    recorded = Recorded()
    for k in range(100, 120):
        recorded.send(k)
    for k in range(120, 160):
        is_odd = k == 140
        recorded.send(k, number=-600 + 10**9 * is_odd, time_s=-7.0)
    counters = recorded.stream.counters()
    assert (counters.received, counters.bad_packets, counters.resynced) == (59 * N, 1, 1)
    assert counters.lost == N


def test_a_clock_that_leapt_while_nobody_listened_is_another_one():
    recorded = Recorded()
    for k in range(20):
        recorded.send(k)
    recorded.stream.stream_started()
    for k in range(40, 60):
        recorded.send(k, number=10**9, time_s=1e6)
    fits = recorded.stream.end_recording()
    counters = recorded.stream.counters()
    assert [fit.epoch for fit in fits] == [0, 1]
    assert (counters.received, counters.lost, counters.bad_packets) == (40 * N, 20 * N, 0)


def test_a_long_gap_is_believed_when_it_was_long():
    recorded = Recorded()
    for k in (*range(20), *range(100_000, 100_020)):
        recorded.send(k)
    counters = recorded.stream.counters()
    assert (counters.received, counters.bad_packets) == (40 * N, 0)
    assert counters.lost == (100_000 - 20) * N
