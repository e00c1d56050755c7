"""The byte stream of a WitMotion sensor: frames of 20 bytes, without number, time or checksum.

All numbers are little-endian::

    55 61   i16 acc x, y, z   i16 gyr x, y, z   i16 roll, pitch, yaw       samples, all the time
    55 71   u16 register      8 x i16 values                                the answer to a read

Notifications cut the stream where they like: a frame may come in pieces, or several in one.
"""

from __future__ import annotations

import struct
from typing import Final

import numpy as np

from imuhip.core.sensor import SampleBlock, StreamConfig
from imuhip.errors import ProtocolError
from imuhip.sensors.counting import SampleCount, clip_flags

__all__ = [
    "ACC_RANGE_G",
    "FRAME_BYTES",
    "GYR_RANGE_DPS",
    "FrameReader",
    "WitMotionDecoder",
    "read_request",
    "register_values",
    "write_requests",
]

FRAME_BYTES: Final = 20
ACC_RANGE_G: Final = 16
GYR_RANGE_DPS: Final = 2000
SAMPLES, REGISTERS = 0x61, 0x71

_HEAD: Final = 0x55
_LONGEST_PACKET: Final = 4096
"""Notifications have at most 512 bytes; nothing longer is kept while it is taken apart."""
_ACC_SCALE: Final = ACC_RANGE_G * 9.80665 / 32768
_GYR_SCALE: Final = float(np.radians(GYR_RANGE_DPS)) / 32768


class FrameReader:
    """Finds frames in a stream of bytes; keeps at most one frame between packets.

    Only the heads of frames tell where they are. A frame is believed when another head follows it,
    or nothing does and no head is inside: where a piece was lost, what is left of its frame must
    not be joined to the next. A frame with a head among its values waits for what follows.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, packet: bytes) -> tuple[list[bytes], int]:
        """Take a packet.

        Returns
        -------
        frames : list of bytes
            Whole frames, heads included.
        n_skipped : int
            Bytes that belong to none.
        """
        data = self._rest + packet[:_LONGEST_PACKET]
        frames, n_skipped, at = [], max(0, len(packet) - _LONGEST_PACKET), 0
        while len(data) - at >= FRAME_BYTES:
            end = at + FRAME_BYTES
            if _may_begin(data[at:end]) and _may_begin(data[end : end + 2]):
                if end == len(data) and _next_head(data, at + 1) < end:
                    break
                frames.append(data[at:end])
                at = end
                continue
            head = _next_head(data, at + 1)
            n_skipped += head - at
            at = head
        head = _next_head(data, at)
        self._rest = data[head:]
        return frames, n_skipped + head - at


def _may_begin(data: bytes) -> bool:
    """Return whether a frame may begin here, as far as bytes have come."""
    return data[:1] in (b"", b"\x55") and data[1:2] in (b"", b"\x61", b"\x71")


def _next_head(data: bytes, at: int) -> int:
    """Return where the next frame may begin; the end when there is none."""
    while at < len(data) and not _may_begin(data[at : at + 2]):
        found = data.find(_HEAD, at + 1)
        at = len(data) if found < 0 else found
    return at


class WitMotionDecoder:
    """Turns notifications into samples; answers to register reads among them carry none.

    Parameters
    ----------
    config : StreamConfig
        Its rate is the one the count runs at.
    """

    def __init__(self, config: StreamConfig) -> None:
        self.n_resyncs = 0
        """How often bytes were skipped to find the next frame."""
        self._reader = FrameReader()
        self._count = SampleCount(config.rate_hz)

    def decode(self, packet: bytes) -> SampleBlock:
        """Decode one notification, which may hold no whole frame.

        Raises
        ------
        ProtocolError
            For a packet that holds bytes of no frame, and no whole one.
        """
        frames, n_skipped = self._reader.feed(packet)
        self.n_resyncs += n_skipped > 0
        if n_skipped and not frames:
            raise ProtocolError(
                f"{n_skipped} of {len(packet)} bytes belong to no frame (55 61 or 55 71)",
                hint="a notification was lost or cut; the next whole frame is read again",
            )
        samples = [frame for frame in frames if frame[1] == SAMPLES]
        raw = np.frombuffer(b"".join(samples), dtype=np.uint8).reshape(-1, FRAME_BYTES)
        counts = np.ascontiguousarray(raw[:, 2:14]).view("<i2").reshape(-1, 6)
        acc, gyr = counts[:, :3], counts[:, 3:]
        return self._count.block(acc * _ACC_SCALE, gyr * _GYR_SCALE, flags=clip_flags(acc, gyr))


def read_request(register: int) -> bytes:
    """Return the command that makes the sensor send eight registers from this one on."""
    return bytes((0xFF, 0xAA, 0x27, register, 0x00))


def write_requests(register: int, value: int) -> tuple[bytes, bytes, bytes]:
    """Return the three commands that set a register for good: unlock, write, save."""
    return (
        bytes((0xFF, 0xAA, 0x69, 0x88, 0xB5)),
        bytes((0xFF, 0xAA, register)) + struct.pack("<H", value),
        bytes((0xFF, 0xAA, 0x00, 0x00, 0x00)),
    )


def register_values(frame: bytes) -> tuple[int, tuple[int, ...]]:
    """Return the first register and the eight signed values of an answer.

    Raises
    ------
    ProtocolError
        When it is none.
    """
    if len(frame) != FRAME_BYTES or frame[:2] != bytes((_HEAD, REGISTERS)):
        raise ProtocolError(f"register answer {frame.hex()!r}, expected 20 bytes from 55 71 on")
    register, *values = struct.unpack_from("<H8h", frame, 2)
    return register, tuple(values)
