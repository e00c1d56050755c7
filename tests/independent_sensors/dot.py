"""Movella (Xsens) DOT, from "Xsens DOT BLE Services Specifications"."""

from __future__ import annotations

import asyncio
import struct

import numpy as np
from bumble import core
from bumble.gatt import Service

from independent_sensors.gadget import Gadget, company, full_name, services_128

__all__ = ["Dot"]


def dot(short: int) -> str:
    return f"1517{short:04X}-4947-11E9-8646-D663BD873D93"


class Dot(Gadget):
    address = "D4:22:CD:00:10:01"
    battery = None
    announces = "name in response"
    name = "Xsens DOT"
    charging = 0
    modes = (1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26)
    is_measuring = False
    mode = 16
    output_rate = 30
    highest_rate = 60
    clock_us = 2**32 - 1_500_000
    """Wraps soon after the first second."""
    measurement_takes = "read write"
    chatters = False

    def advertised(self):
        if self.announces == "service":
            return [services_128(dot(0x1000))]
        return [company(0x0886, bytes.fromhex("4d02"))]

    def answered(self):
        return [full_name(self.name)] if self.announces == "name in response" else []

    def table(self):
        return [
            Service(core.UUID(dot(0x1000)), [
                self.has(dot(0x1001), "read", self.information_34),
                self.has(dot(0x1002), "read write", self.control_32, self.on_control),
                self.has(dot(0x1004), "notify"),
            ]),
            Service(core.UUID(dot(0x2000)), [
                self.has(dot(0x2001), self.measurement_takes,
                         lambda: bytes((1, int(self.is_measuring), self.mode)), self.on_measure),
                *(self.has(dot(n), "notify") for n in (0x2002, 0x2003, 0x2004)),
                self.has(dot(0x2006), "read write", lambda: b"\0\0"),
                self.has(dot(0x2007), "read", lambda: b"\1"),
            ]),
            Service(core.UUID(dot(0x3000)), [
                self.has(dot(0x3001), "read notify", lambda: bytes((58, self.charging))),
            ]),
            Service(core.UUID(dot(0x7000)), [
                self.has(dot(0x7001), "write"),
                self.has(dot(0x7002), "read", lambda: bytes.fromhex("0202510cA0")),
                self.has(dot(0x7003), "notify"),
            ]),
        ]  # fmt: skip

    def information_34(self) -> bytes:
        return struct.pack(
            "<6sBBBHBBBBBIQ6s", bytes.fromhex(self.address.replace(":", ""))[::-1], 2, 4, 0,
            2022, 11, 3, 9, 59, 0, 0x010000B6, 0xD422CD001001, b"XS-T01",
        )  # fmt: skip

    def control_32(self) -> bytes:
        value = bytearray(32)
        value[2:7] = 2, 10, 0, 30, 0
        value[7] = 6
        value[8:14] = b"hip-01"
        struct.pack_into("<HB", value, 24, self.output_rate, 1)
        return bytes(value)

    def on_control(self, value: bytes) -> None:
        if len(value) != 32:
            self.refuse(0x0D)
        if value[0] & 0x10 and not self.is_measuring:
            (rate,) = struct.unpack_from("<H", value, 24)
            if rate in (1, 4, 10, 12, 15, 20, 30, 60, 120):
                self.output_rate = min(rate, self.highest_rate)

    def connected(self) -> None:
        if self.is_measuring:
            self.measure()

    def on_measure(self, value: bytes) -> None:
        if len(value) != 3 or value[0] != 1:
            self.refuse(0x0D)
        self.stop_all()
        self.is_measuring = bool(value[1]) and value[2] in self.modes
        if self.is_measuring:
            self.mode = value[2]
            self.measure()

    def measure(self) -> None:
        begin_s = asyncio.get_running_loop().time()

        def take(i: int, at_s: float) -> None:
            stamp = (self.clock_us + round((at_s - begin_s) * 1e6)) % 2**32
            acc, gyr = self.feel(i, 1)
            values = np.concatenate([acc[0], np.degrees(gyr[0])]).astype("<f4")
            if self.mode == 21:
                payload = struct.pack("<I", stamp) + values.tobytes()
                self.say(dot(0x2003), payload.ljust(40, b"\0")[: self._connection.att_mtu - 3])
            else:
                self.say(dot(0x2003), struct.pack("<I7f", stamp, 1, 0, 0, 0, 0, 0, 9.8))
            if self.chatters and i % 20 == 0:
                self.say(dot(0x3001), bytes((58, self.charging)))
                self.say(dot(0x1004), bytes.fromhex("0504aabbccdd").ljust(36, b"\0"))

        self.sampling(self.output_rate, 1, take)
