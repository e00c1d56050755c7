"""WitMotion WT901BLE and its kin, from the vendor's Bluetooth 5.0 protocol."""

from __future__ import annotations

import asyncio
import struct

import numpy as np
from bumble import core
from bumble.gatt import Service

from independent_sensors.gadget import Gadget, full_name, services_128

__all__ = ["WitMotion"]

RATES = {3: 1, 4: 2, 5: 5, 6: 10, 7: 20, 8: 50, 9: 100, 10: 125, 11: 200}


def wit(short: str) -> str:
    return f"0000{short}-0000-1000-8000-00805F9A34FB"


class WitMotion(Gadget):
    address = "E1:A2:00:00:20:02"
    battery = None
    name = "WT901BLE67"
    names_service = False
    fastest_code = 11
    rate_code = 6
    frames_per_packet = 1
    cut = 0
    """Bytes of a notification, whatever frames they cut; 0 sends whole frames."""
    answer_after_s = 0.05
    answers = (0x03, 0x2E, 0x3A, 0x40, 0x51, 0x64, 0x7F)
    commands_take = "command write"

    def advertised(self):
        return [services_128(wit("FFE5"))] if self.names_service else [full_name(self.name)]

    def table(self):
        self._unlocked_s, self._queue, self._is_heard = -99.0, b"", False
        return [
            Service(core.UUID(wit("FFE5")), [
                self.has(wit("FFE9"), self.commands_take, None, self.on_command),
                self.has(wit("FFE4"), "notify", None, None, self.on_listened),
            ]),
            Service(core.UUID("FFF0"), [self.has("FFF1", "read notify", lambda: b"x")]),
        ]  # fmt: skip

    def on_listened(self, is_there: bool) -> None:
        if is_there and not self._is_heard:
            self.stream()
        elif not is_there:
            self.stop_all()
        self._is_heard = is_there

    def gone(self) -> None:
        self._is_heard, self._queue = False, b""
        super().gone()

    def stream(self) -> None:
        self.stop_all()

        def take(first: int, _at_s: float) -> None:
            for i in range(first, first + self.frames_per_packet):
                acc, gyr = (v[0] for v in self.feel(i, 1))
                counts = np.rint(np.concatenate([acc / 9.80665 / 16, np.degrees(gyr) / 2000])
                                 * 32768).astype(int)  # fmt: skip
                yaw = i * 331 % 65536 - 32768
                self._queue += struct.pack(
                    "<2B9h", 0x55, 0x61, *counts, i % 90, 0x6155 - i % 2, yaw
                )
            self.flush()

        self.sampling(RATES[self.rate_code], self.frames_per_packet, take)

    def flush(self) -> None:
        size = self.cut or len(self._queue)
        while self._queue and len(self._queue) >= size:
            self.say(wit("FFE4"), self._queue[:size])
            self._queue = self._queue[size:]

    def on_command(self, value: bytes) -> None:
        if len(value) != 5 or value[:2] != b"\xff\xaa":
            return
        now_s = asyncio.get_running_loop().time()
        register, number = value[2], value[3] | value[4] << 8
        if register == 0x27:
            if number in self.answers:
                self.later(self.answer_after_s, self.answer, number)
        elif (register, number) == (0x69, 0xB588):
            self._unlocked_s = now_s
        elif register == 0x03 and 0.1 <= now_s - self._unlocked_s < 10:
            self.rate_code = min(number, self.fastest_code)
            if self._is_heard:
                self.stream()

    def answer(self, first: int) -> None:
        memory = {0x03: self.rate_code, 0x2E: 0x1F4B, 0x64: 388}
        memory |= {0x7F + k: v for k, v in enumerate(struct.unpack("<6H", b"WT0012345678"))}
        values = [memory.get(first + k, 0) for k in range(8)]
        self._queue += struct.pack("<2BH8H", 0x55, 0x71, first, *values)
        self.flush()
