"""Movesense with the GATT SensorData Protocol."""

from __future__ import annotations

import asyncio
import struct

import numpy as np
from bumble import core
from bumble.gatt import Service

from independent_sensors.gadget import Gadget, full_name, services_128

__all__ = ["Movesense"]

SERVICE = "34802252-7185-4d5d-b431-630e7050e8f0"
WRITE = "34800001-7185-4d5d-b431-630e7050e8f0"
NOTIFY = "34800002-7185-4d5d-b431-630e7050e8f0"


class Movesense(Gadget):
    address = "CC:8C:DC:00:40:04"
    name = "Movesense 123456789012"
    announces = "name"
    hello = b"Hello"
    """What is behind the two bytes of the reply; None for no reply."""
    samples_per_packet = 8
    chunk = 0
    """Payload bytes in one notification; 0 for as many as fit."""
    third_byte = 3
    """What continuations begin with after the second part."""
    uptime_ms = 2**32 - 1200
    reply_after_s = 0.0
    stamps_jitter_ms = 0
    rates = (13, 26, 52, 104, 208, 416, 833, 1666)
    knows_energy = True
    old_reference: int | None = None
    """A subscription that an earlier program left behind."""
    commands_take = "write"
    chatters = False

    def advertised(self):
        if self.announces == "service":
            return [services_128(SERVICE)]
        return [(0x03, bytes.fromhex("fdfd"))]  # a 16-bit service that says nothing

    def answered(self):
        return [full_name(self.name)] if self.announces == "name" else []

    def table(self):
        self._subscriptions: dict[int, str] = {}
        return [
            Service(core.UUID("180D"), [self.has("2A37", "notify")]),
            Service(core.UUID(SERVICE), [
                self.has(WRITE, self.commands_take, None, self.on_command),
                self.has(NOTIFY, "notify"),
            ]),
        ]  # fmt: skip

    def connected(self) -> None:
        if self.old_reference is not None:
            self._subscriptions[self.old_reference] = "/Meas/IMU6/52"
            self.begin(self.old_reference, 52)

    def gone(self) -> None:
        self._subscriptions.clear()
        super().gone()

    def on_command(self, value: bytes) -> None:
        if len(value) < 2:
            self.refuse(0x0D)
        command, ref, path = value[0], value[1], value[2:].decode("ascii", "replace")
        status, extra = 501, b""
        if command == 0:
            if self.hello is not None:
                self.later(self.reply_after_s, self.say, NOTIFY, bytes((1, ref)) + self.hello)
            return
        if command == 1:
            status = self.subscribe(ref, path)
        elif command == 2:
            status = 200 if self._subscriptions.pop(ref, None) else 404
            if status == 200:
                self.stop_all()
        elif command == 4:
            status = 404
            if path == "/System/Energy/Level" and self.knows_energy:
                status, extra = 200, bytes((64,))
        reply = struct.pack("<BBH", 1, ref, status) + extra
        self.later(self.reply_after_s, self.say, NOTIFY, reply)

    def subscribe(self, ref: int, path: str) -> int:
        parts = path.split("/")
        if len(parts) != 4 or parts[1] != "Meas" or parts[2] != "IMU6":
            return 404
        if not parts[3].isdigit() or int(parts[3]) not in self.rates:
            return 404
        if ref in self._subscriptions:
            return 409
        if self._subscriptions:
            return 503
        self._subscriptions[ref] = path
        self.begin(ref, int(parts[3]))
        return 200

    def begin(self, ref: int, rate: int) -> None:
        begin_s = asyncio.get_running_loop().time()
        n = self.samples_per_packet

        def take(first: int, at_s: float) -> None:
            jitter = (first // n * 7) % 3 - 1 if self.stamps_jitter_ms else 0
            stamp = (self.uptime_ms + int((at_s - begin_s) * 1000) + jitter) % 2**32
            acc, gyr = self.feel(first, n)
            a, g = acc.astype("<f4"), np.degrees(gyr).astype("<f4")
            body = struct.pack("<I", stamp) + a.tobytes() + g.tobytes()
            size = self.chunk or self._connection.att_mtu - 5
            for k, start in enumerate(range(0, len(body), size)):
                kind = 2 if k == 0 else 3 if k == 1 else self.third_byte
                self.say(NOTIFY, bytes((kind, ref)) + body[start : start + size])
            if self.chatters and first % (4 * n) == 0:
                self.say(NOTIFY, struct.pack("<BBIH", 2, 200, stamp, 71))

        self.sampling(rate, n, take)
