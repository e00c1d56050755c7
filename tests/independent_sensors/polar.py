"""Polar Verity Sense, from Polar's description of online measurement."""

from __future__ import annotations

import struct
from typing import ClassVar

import numpy as np
from bumble import core
from bumble.gatt import Service

from independent_sensors.gadget import Gadget, company, full_name

__all__ = ["VeritySense"]


def pmd(last: str) -> str:
    return f"FB005C8{last}-02E7-F387-1CAD-8ACD2D8DF0C8"


CONTROL, DATA = pmd("1"), pmd("2")
WIDTH = {0: 2, 1: 2, 2: 2, 3: 4, 4: 1, 5: 4}
PLAIN = {
    2: {0: [52], 1: [16], 2: [8], 4: [3]},
    5: {0: [52], 1: [16], 2: [2000], 4: [3]},
    6: {0: [10, 20, 50, 100], 1: [16], 2: [50], 4: [3]},
}
SDK = {
    2: {0: [26, 52, 104, 208, 416], 1: [16], 2: [2, 4, 8, 16], 4: [3]},
    5: {0: [26, 52, 104, 208, 416], 1: [16], 2: [250, 500, 1000, 2000], 4: [3]},
    6: PLAIN[6],
}


class VeritySense(Gadget):
    address = "E0:9E:1A:00:60:06"
    name = "Polar Sense A1B2C3D4"
    information: ClassVar = {
        0x2A29: "Polar Electro Oy",
        0x2A24: "4J",
        0x2A25: "A1B2C3D4",
        0x2A26: "2.1.2",
    }
    settings_order = (0, 1, 2, 4)
    has_sdk = True
    reply_after_s = 0.02
    samples_per_frame: ClassVar = {2: 18, 5: 14}
    compressed = True
    names_factor = True
    already = ()
    """Measurements that run when somebody connects."""
    chatters = False
    acc_in_g = False
    gyro_late_s = 0.0

    def advertised(self):
        return [(0x03, bytes.fromhex("0d18eefe")), company(0x006B, bytes.fromhex("7f0b1234"))]

    def answered(self):
        return [full_name(self.name)]

    def table(self):
        self._wide, self._running = False, {}
        return [
            Service(core.UUID("180D"), [self.has("2A37", "notify")]),
            Service(core.UUID("FEEE"), [
                self.has("FB005C51-02E7-F387-1CAD-8ACD2D8DF0C8", "command write notify")
            ]),
            Service(core.UUID(pmd("0")), [
                self.has(CONTROL, "read write indicate", self.features, self.on_control),
                self.has(DATA, "notify"),
            ]),
        ]  # fmt: skip

    def features(self) -> bytes:
        bits = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 5 | 1 << 6 | self.has_sdk << 9
        return b"\x0f" + bits.to_bytes(2, "little") + bytes(14)

    def connected(self) -> None:
        for kind in self.already:
            self.run(kind, {0: 52, 1: 16, 2: PLAIN[kind][2][0]})

    def gone(self) -> None:
        for task in self._running.values():
            task.cancel()
        self._running, self._wide = {}, False
        super().gone()

    def reply(self, operation: int, kind: int, status: int, extra: bytes = b"") -> None:
        more = b"\0" if status == 0 else b""
        data = bytes((0xF0, operation, kind, status)) + more + extra
        self.indicate(CONTROL, data, self.reply_after_s)

    def on_control(self, value: bytes) -> None:
        operation, kind = value[0], value[1]
        offered = (SDK if self._wide else PLAIN).get(kind)
        if kind == 9:
            if not self.has_sdk:
                return self.reply(operation, kind, 3)
            if operation in (2, 3):
                state, self._wide = self._wide, operation == 2
                return self.reply(operation, kind, 6 if state == self._wide else 0)
        if offered is None:
            return self.reply(operation, kind, 2)
        if operation == 1:
            text = b""
            for setting in self.settings_order:
                if setting in offered:
                    values = offered[setting]
                    text += bytes((setting, len(values)))
                    text += b"".join(v.to_bytes(WIDTH[setting], "little") for v in values)
            return self.reply(1, kind, 0, text)
        if operation == 2:
            return self.start(kind, value[2:], offered)
        if operation == 3:
            task = self._running.pop(kind, None)
            if task is not None:
                task.cancel()
            return self.reply(3, kind, 0 if task else 6)
        return self.reply(operation, kind, 1)

    def start(self, kind: int, text: bytes, offered: dict[int, list[int]]) -> None:
        chosen, at = {}, 0
        while at < len(text):
            setting, count, width = text[at], text[at + 1], WIDTH[text[at]]
            if count != 1:
                return self.reply(2, kind, 5)
            chosen[setting] = int.from_bytes(text[at + 2 : at + 2 + width], "little")
            at += 2 + width
        for setting, value in chosen.items():
            if value not in offered.get(setting, []):
                return self.reply(2, kind, {0: 8, 1: 7, 2: 9, 4: 11}.get(setting, 5))
        if kind in self._running:
            return self.reply(2, kind, 6)
        factor = self.run(kind, chosen)
        extra = bytes((5, 1)) + struct.pack("<f", factor) if self.names_factor else b""
        return self.reply(2, kind, 0, extra)

    def run(self, kind: int, chosen: dict[int, int]) -> float:
        full = chosen.get(2, PLAIN[kind][2][0])
        unit = {2: 1000.0, 5: 1.0, 6: 1.0}[kind]
        factor = float(np.float32(full * unit / 32768)) if self.names_factor else 1.0
        rate, n = chosen[0], self.samples_per_frame.get(kind, 20)
        before = set(self._tasks)

        def take(first: int, at_s: float) -> None:
            acc, gyr = self.feel(first, n)
            late_s = self.gyro_late_s if kind == 5 else 0.0
            last_ns = 826_000_000_000_000_000 + round((at_s + late_s + (n - 1) / rate) * 1e9)
            if kind == 2:
                counts = np.rint(acc / 9.80665 * 1000 / factor).astype(int)
            elif kind == 5:
                counts = np.rint(np.degrees(gyr) / factor).astype(int)
            else:
                counts = np.tile([100, -200, 300], (n, 1))
            size = 3 * n + 10 if self.compressed else 6 * n + 10
            assert size <= self._connection.att_mtu - 3 or self.compressed
            frame_type = {2: 1, 5: 0, 6: 0}[kind]
            head = struct.pack("<BQB", kind, last_ns, frame_type | self.compressed << 7)
            if self.compressed:
                for body in squeezed(counts, self._connection.att_mtu - 13):
                    self.say(DATA, head + body)
            else:
                self.say(DATA, head + counts.astype("<i2").tobytes())
            if self.chatters:
                self.say(DATA, struct.pack("<BQB", 1, last_ns, 0) + bytes(12))
                self.say("2A37", b"\x00\x48")

        self.sampling(rate, n, take)
        (task,) = set(self._tasks) - before
        self._running[kind] = task
        return factor


def squeezed(counts: np.ndarray, room: int) -> list[bytes]:
    """Return the content of one delta frame: a sample as it is, then blocks of four differences."""
    content = counts[0].astype("<i2").tobytes()
    deltas = np.diff(counts, axis=0)
    for start in range(0, len(deltas), 4):
        block = deltas[start : start + 4]
        bits = max(int(abs(int(v))).bit_length() + 1 for v in block.ravel())
        packed, at = 0, 0
        for v in block.ravel():
            packed |= (int(v) & ((1 << bits) - 1)) << at
            at += bits
        content += bytes((bits, len(block))) + packed.to_bytes((at + 7) // 8, "little")
    assert len(content) <= room, "does not fit: fewer samples in a frame"
    return [content]
