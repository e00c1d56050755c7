"""Everything a MetaMotion sends after its start, to samples."""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np

from imuhip.core.sensor import SampleBlock, StreamConfig
from imuhip.core.series import FloatArray
from imuhip.errors import ProtocolError
from imuhip.sensors.counting import SampleCount, clip_flags
from imuhip.sensors.joining import StreamJoiner, no_samples
from imuhip.sensors.metamotion.registers import (
    ACC,
    ACC_DATA,
    ACC_LSB_PER_G,
    GYR_LSB_PER_DPS,
    GYRO,
    GYRO_DATA,
    PROCESSOR_MADE,
    decode_plain,
    decode_stamped,
)
from imuhip.sensors.metamotion.ticks import TickClock, TickedSample

__all__ = ["MetaMotionDecoder"]

_SAME_INSTANT: Final = 0.25
"""Ticks are coarse; two samples of one instant may be stamped either side of one."""
_DATA: Final = b"\x09\x03"
_PLAIN_ACC: Final = bytes((ACC, ACC_DATA))
_PLAIN_GYR: Final = tuple(bytes((GYRO, register)) for register in GYRO_DATA)
_CLIPPED: Final = 32767
_REMEMBERED: Final = 64


class MetaMotionDecoder:
    """Turns samples of both streams, and the replies before them, into samples.

    The replies that number the processors belong to the stream: the first one stamps angular rate,
    the second acceleration. The driver hands them on, and a recording can be decoded again. Without
    such replies the board has no processors, and sends samples without stamps: neighbours in the
    order they come are pairs, two of one stream in a row tell that the other's was lost, and pairs
    are counted.

    Parameters
    ----------
    config : StreamConfig
        What the board was asked to stream.
    """

    def __init__(self, config: StreamConfig) -> None:
        rate_hz = float(config.rate_hz)
        self._acc_scale = 9.80665 / ACC_LSB_PER_G[config.acc_range_g]
        self._gyr_scale = float(np.radians(1 / GYR_LSB_PER_DPS[config.gyr_range_dps]))
        self._gyr_clock, self._acc_clock = TickClock(rate_hz), TickClock(rate_hz)
        self._joiner = StreamJoiner(rate_hz, same_instant=_SAME_INSTANT)
        self._processors: list[int] = []
        self._next_seq = 0
        self._repeats: deque[tuple[TickedSample, FloatArray]] = deque(maxlen=_REMEMBERED)
        self._count = SampleCount(rate_hz)
        self._single: tuple[bool, tuple[int, int, int]] | None = None

    def decode(self, packet: bytes) -> SampleBlock:
        """Decode one notification.

        Returns
        -------
        SampleBlock
            Samples that are complete now; none for replies and while one stream waits for the
            other.

        Raises
        ------
        ProtocolError
            For bytes that do not follow the protocol; the next good packet decodes as if the bad
            one had been lost.
        """
        head = packet[:2]
        if head == _DATA:
            return self._stamped(packet)
        if not self._processors and (head == _PLAIN_ACC or head in _PLAIN_GYR):
            return self._plain(packet)
        if head == PROCESSOR_MADE and len(packet) == 3 and len(self._processors) < 2:
            self._processors.append(packet[2])
        elif len(packet) < 2:
            raise ProtocolError(f"notification of {len(packet)} bytes, at least 2 are needed")
        return no_samples()

    def _stamped(self, packet: bytes) -> SampleBlock:
        sample = decode_stamped(packet)
        if sample.processor not in self._processors:
            raise ProtocolError(f"sample of processor {sample.processor}, which was not asked for")
        is_gyro = sample.processor == self._processors[0]
        placed = (self._gyr_clock if is_gyro else self._acc_clock).place(sample.ticks)
        values = np.array([sample.counts]) * (self._gyr_scale if is_gyro else self._acc_scale)
        if placed.is_repeat:
            if is_gyro:
                self._repeats.append((placed, values))
            return self._repeated()
        time_s = np.array([placed.time_s])
        if is_gyro:
            self._joiner.add_gyr(placed.seq, time_s, values)
        else:
            self._joiner.add_acc(time_s, values)
        return self._joined(placed.time_s)

    def _joined(self, packet_time_s: float) -> SampleBlock:
        joined = self._joiner.take()
        if joined is None:
            return no_samples()
        self._next_seq = joined.first + len(joined.time_s)
        return joined.block(
            packet_time_s,
            acc_limit=(_CLIPPED - 0.5) * self._acc_scale,
            gyr_limit=(_CLIPPED - 0.5) * self._gyr_scale,
        )

    def _repeated(self) -> SampleBlock:
        """Return a sample that was handed on before and came again, for the account to count."""
        if not self._repeats or self._repeats[0][0].seq >= self._next_seq:
            return no_samples()
        placed, gyr = self._repeats.popleft()
        return SampleBlock(placed.seq, np.array([placed.time_s]), np.full((1, 3), np.nan), gyr)

    def _plain(self, packet: bytes) -> SampleBlock:
        is_acc, counts = packet[:2] == _PLAIN_ACC, decode_plain(packet)
        if self._single is None or self._single[0] == is_acc:
            self._single = is_acc, counts
            return no_samples()
        pair = (counts, self._single[1]) if is_acc else (self._single[1], counts)
        self._single = None
        acc, gyr = np.array(pair, dtype=np.int16)[:, None]
        return self._count.block(
            acc.astype(float) * self._acc_scale,
            gyr.astype(float) * self._gyr_scale,
            flags=clip_flags(acc, gyr),
        )
