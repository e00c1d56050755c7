"""Two-way estimate of a sensor's clock: the bytes of the sync characteristic, and what they say.

The host writes ``u8 id, u64 host time in µs``; the sensor answers by a notification of ``u8 id,
u48 received µs, u48 sent µs`` on its own clock.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from imuhip.core.link import NotifyCallback
from imuhip.errors import ProtocolError
from imuhip.sensors.driver import ClockReading

__all__ = [
    "SyncReply",
    "clock_reader",
    "clock_reading",
    "decode_sync_reply",
    "encode_sync_reply",
    "encode_sync_request",
    "offset_bounds_s",
]

_REQUEST = struct.Struct("<BQ")
_REPLY_BYTES = 13
_TIME_MODULUS_US = 1 << 48


@dataclass(frozen=True, slots=True)
class SyncReply:
    """What a sensor answers.

    Parameters
    ----------
    exchange : int
        The id of the request, 0 to 255.
    received_us, sent_us : int
        Sensor clock when the request came in and when the answer was handed to the radio,
        modulo 2**48.
    """

    exchange: int
    received_us: int
    sent_us: int


def encode_sync_request(exchange: int, host_us: int) -> bytes:
    """Return the 9 bytes of a request; `host_us` is for the sensor's log alone."""
    return _REQUEST.pack(exchange, host_us)


def decode_sync_reply(data: bytes) -> SyncReply:
    """Read an answer.

    Raises
    ------
    ProtocolError
        When it is not 13 bytes long.
    """
    if len(data) != _REPLY_BYTES:
        raise ProtocolError(f"sync reply of {len(data)} bytes, {_REPLY_BYTES} are needed")
    received, sent = (int.from_bytes(data[at : at + 6], "little") for at in (1, 7))
    return SyncReply(data[0], received, sent)


def encode_sync_reply(reply: SyncReply) -> bytes:
    """Return the 13 bytes of an answer."""
    times = (reply.received_us % _TIME_MODULUS_US, reply.sent_us % _TIME_MODULUS_US)
    return bytes((reply.exchange,)) + b"".join(time.to_bytes(6, "little") for time in times)


def clock_reading(data: bytes) -> ClockReading:
    """Read an answer, its times in s on the clock of the sensor's samples.

    Raises
    ------
    ProtocolError
        When it is not 13 bytes long.
    """
    reply = decode_sync_reply(data)
    took_us = (reply.sent_us - reply.received_us) % _TIME_MODULUS_US
    received_s = reply.received_us * 1e-6
    return ClockReading(reply.exchange, received_s, received_s + took_us * 1e-6)


def clock_reader(on_reading: Callable[[ClockReading], None]) -> NotifyCallback:
    """Return what takes answers as they come; bytes that are none are passed over."""

    def on_answer(data: bytes) -> None:
        with suppress(ProtocolError):
            on_reading(clock_reading(data))

    return on_answer


def offset_bounds_s(reply: SyncReply, asked_s: float, answered_s: float) -> tuple[float, float]:
    """Return between which limits the sensor's clock minus the host's lies, whatever the delays.

    A message arrives after it was sent, in both directions; no symmetry is assumed. The middle of
    the bounds is the usual two-way estimate (NTP, RFC 5905), half their distance its worst error.

    Parameters
    ----------
    reply : SyncReply
        The sensor's two times.
    asked_s, answered_s : float, s
        Host clock immediately before the write and at the arrival of the notification.
    """
    took_us = (reply.sent_us - reply.received_us) % _TIME_MODULUS_US
    received_s = reply.received_us * 1e-6
    return received_s + took_us * 1e-6 - answered_s, received_s - asked_s
