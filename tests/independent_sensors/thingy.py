"""Nordic Thingy:52, from its published firmware."""

from __future__ import annotations

import struct

import numpy as np
from bumble import core
from bumble.gatt import Service

from independent_sensors.gadget import Gadget, full_name, services_128

__all__ = ["Thingy"]


def ef68(short: int) -> str:
    return f"EF68{short:04X}-9B35-4933-9B10-52FFA9740042"


class Thingy(Gadget):
    address = "EB:52:00:00:30:03"
    name = "Thingy"
    announces = "service"
    has_firmware_number = True
    rate_hz = 50
    highest_rate = 200
    also_sends_quaternions = False

    def advertised(self):
        return [services_128(ef68(0x0100))] if "service" in self.announces else []

    def answered(self):
        return [full_name(self.name)] if "name" in self.announces else []

    def table(self):
        about = [self.has(ef68(0x0101), "read write", lambda: self.name.encode())]
        if self.has_firmware_number:
            about.append(self.has(ef68(0x0107), "read", lambda: bytes((2, 1, 0))))
        motion = [
            self.has(ef68(0x0401), "read write", self.settings, self.on_settings),
            *(self.has(ef68(n), "notify") for n in (0x0402, 0x0403, 0x0404, 0x0405)),
            self.has(ef68(0x0406), "notify", None, None, self.on_listened),
            *(self.has(ef68(n), "notify") for n in (0x0407, 0x0408, 0x0409, 0x040A)),
        ]
        return [Service(core.UUID(ef68(0x0100)), about), Service(core.UUID(ef68(0x0400)), motion)]

    def settings(self) -> bytes:
        return struct.pack("<HHHHB", 500, 500, 500, self.rate_hz, 1)

    def on_settings(self, value: bytes) -> None:
        if len(value) != 9:
            self.refuse(0x0D)
        rate = struct.unpack_from("<H", value, 6)[0]
        if 5 <= rate <= 200:
            self.rate_hz = min(rate, self.highest_rate)

    def on_listened(self, is_there: bool) -> None:
        self.stop_all()
        if is_there:
            self.sampling(self.rate_hz, 1, self.take)

    def take(self, i: int, _at_s: float) -> None:
        acc, gyr = (v[0] for v in self.feel(i, 1))
        a = np.rint(acc / 9.80665 * 1024).astype(int)
        g = np.rint(np.degrees(gyr) * 32).astype(int)
        self.say(ef68(0x0406), struct.pack("<9h", *a, *g, 160, -320, 640))
        if self.also_sends_quaternions:
            self.say(ef68(0x0404), struct.pack("<4i", 1 << 30, 0, 0, 0))
