"""MbientLab MetaMotion, from the registers its SDK speaks."""

from __future__ import annotations

import asyncio
import struct
from typing import ClassVar

import numpy as np
from bumble import core
from bumble.gatt import Service

from independent_sensors.gadget import Gadget, full_name, services_128

__all__ = ["MetaMotion"]

SERVICE = "326A9000-85CB-9195-D9DD-464CFBBAE75A"
COMMAND = "326A9001-85CB-9195-D9DD-464CFBBAE75A"
NOTIFY = "326A9006-85CB-9195-D9DD-464CFBBAE75A"
TICK_S = 48 / 32768


class MetaMotion(Gadget):
    address = "F3:4E:00:00:50:05"
    name = "MetaWear"
    announces = "both"
    information: ClassVar = {0x2A24: "5", 0x2A25: "04A1C3", 0x2A26: "1.5.0"}
    chip = "BMI160"
    implementations: ClassVar[dict[int, int | None]] = {}
    """Other answers about modules; None for absent."""
    answers_configuration = True
    has_processors = True
    first_processor = 0
    packs = 1
    """Samples in a notification of a plain stream."""
    reply_after_s = 0.0
    tick = 2**32 - 900
    chatters = False
    commands_take = "command write"
    gyro_late_s = 0.0
    mtu = 185

    def advertised(self):
        return [services_128(SERVICE)] if self.announces in ("both", "service") else []

    def answered(self):
        return [full_name(self.name)] if self.announces in ("both", "name") else []

    def table(self):
        self._modules = {0x01: 0, 0x02: 0, 0x03: 1, 0x09: 0, 0x11: 0, 0x13: 0, 0x15: 0, 0x19: 0}
        if self.chip == "BMI270":
            self._modules |= {0x03: 4, 0x13: 1}
        self._modules |= self.implementations
        self.forget()
        return [
            Service(core.UUID(SERVICE), [
                self.has(COMMAND, self.commands_take, None, self.on_command),
                self.has(NOTIFY, "notify"),
            ])
        ]  # fmt: skip

    def forget(self) -> None:
        self._config = {0x03: b"\x26\x03", 0x13: b"\x26\x00"}
        self._enabled, self._on, self._plain = set(), set(), set()
        self._stampers: list[tuple[int, int]] = []
        self._reported: set[int] = set()
        self._reports = False

    def gone(self) -> None:
        self.forget()
        super().gone()

    @property
    def sources(self) -> dict[int, int]:
        """Data register by module."""
        return {0x03: 0x04, 0x13: 0x04 if self.chip == "BMI270" else 0x05}

    @property
    def packed(self) -> dict[int, int]:
        if self.chip == "BMI270":
            return {0x03: 0x05, 0x13: 0x05}
        return {0x03: 0x1C, 0x13: 0x07}

    def reply(self, data: bytes) -> None:
        self.later(self.reply_after_s, self.say, NOTIFY, data)

    def on_command(self, value: bytes) -> None:
        module, register, data = value[0], value[1], value[2:]
        if register == 0x80:
            implementation = self._modules.get(module)
            known = b"" if implementation is None else bytes((implementation, 1))
            self.reply(bytes((module, 0x80)) + known)
        elif module == 0x11 and register == 0x8C:
            self.reply(bytes.fromhex("118c493e10"))
        elif module in (0x03, 0x13):
            self.on_motion(module, register, data)
        elif module == 0x09 and self.has_processors:
            self.on_processor(register, data)

    def on_motion(self, module: int, register: int, data: bytes) -> None:
        if register == 0x03:
            self._config[module] = data
        elif register == 0x83 and self.answers_configuration:
            self.reply(bytes((module, 0x83)) + self._config[module] + b"\0")
        elif register == 0x02:
            (self._enabled.add if data[0] & 1 else self._enabled.discard)(module)
        elif register == 0x01:
            (self._on.add if data[0] else self._on.discard)(module)
            self.run()
        elif register in (self.sources[module], self.packed[module]):
            key = (module, register)
            (self._plain.add if data[0] else self._plain.discard)(key)

    def on_processor(self, register: int, data: bytes) -> None:
        if register == 0x02:
            module, source, _id, shape = data[:4]
            assert data[4:] == bytes.fromhex("113103") and shape == 0xA0
            assert source == self.sources[module]
            self._stampers.append((module, self.first_processor + len(self._stampers)))
            self.reply(bytes((0x09, 0x02, self._stampers[-1][1])))
        elif register == 0x03:
            self._reports = bool(data[0])
        elif register == 0x07:
            (self._reported.add if data[1] else self._reported.discard)(data[0])
        elif register == 0x08:
            self._stampers.clear()
            self._reported.clear()

    def run(self) -> None:
        self.stop_all()
        begin_s = asyncio.get_running_loop().time()
        for module in sorted(self._on & self._enabled):
            self._send(module, begin_s)

    def _send(self, module: int, begin_s: float) -> None:
        odr, scale = self._config[module]
        rate = 100 * 2.0 ** ((odr & 0x0F) - 8)
        if module == 0x03:
            codes = {0: 2, 1: 4, 2: 8, 3: 16}
            if self.chip == "BMI160":
                codes = {3: 2, 5: 4, 8: 8, 12: 16}
            per_unit = 32768 / codes[scale]
        else:
            per_unit = 16.4 * 2 ** (scale & 7)
        n_buffered: list[bytes] = []

        def take(i: int, at_s: float) -> None:
            acc, gyr = (v[0] for v in self.feel(i, 1))
            late_s = self.gyro_late_s if module == 0x13 else 0.0
            if module == 0x03:
                counts = np.rint(acc / 9.80665 * per_unit).astype(int)
            else:
                counts = np.rint(np.degrees(gyr) * per_unit).astype(int)
            data = struct.pack("<3h", *np.clip(counts, -32768, 32767))
            tick = (self.tick + int((at_s + late_s - begin_s) / TICK_S)) % 2**32
            for source, number in self._stampers:
                if source == module and self._reports and number in self._reported:
                    self.say(NOTIFY, struct.pack("<BBBI", 9, 3, number, tick) + data)
            if (module, self.sources[module]) in self._plain:
                self.say(NOTIFY, bytes((module, self.sources[module])) + data)
            if (module, self.packed[module]) in self._plain:
                n_buffered.append(data)
                if len(n_buffered) == 3:
                    packed = bytes((module, self.packed[module])) + b"".join(n_buffered)
                    self.say(NOTIFY, packed)
                    n_buffered.clear()
            if self.chatters and i % 25 == 0:
                self.say(NOTIFY, bytes.fromhex("010101"))
                self.say(NOTIFY, bytes.fromhex("118c493e10"))

        self.sampling(rate, 1, take)
