"""Movesense packets against golden vectors, and the laws of their decoder."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.core.link import Advertisement, NotifyCallback
from imuhip.core.sensor import StreamConfig
from imuhip.errors import ConnectError, ProtocolError
from imuhip.sensors.movesense.driver import MovesenseDriver
from imuhip.sensors.movesense.packets import (
    MovesenseStreamDecoder,
    decode_hello,
    decode_imu,
)
from imuhip.sensors.registry import driver_for
from virtual_time import VirtualClock, run_virtual

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "movesense.json").read_text(encoding="utf-8")
)
RATE_HZ = 104


def cases(kind: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in GOLDEN[kind]]


def payload(timestamp_ms: int, n_samples: int = 8, value: float = 1.0) -> bytes:
    values = np.full(6 * n_samples, value, dtype="<f4")
    return struct.pack("<I", timestamp_ms % 2**32) + values.tobytes()


def parts(
    timestamp_ms: int, n_samples: int = 8, room: int = 156, value: float = 1.0
) -> list[bytes]:
    whole = payload(timestamp_ms, n_samples, value)
    pieces = [whole[start : start + room] for start in range(0, len(whole), room)]
    return [bytes((min(2 + k, 4), 99)) + piece for k, piece in enumerate(pieces)]


@pytest.mark.parametrize("case", cases("measurements"))
def test_measurement(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    if "error" in case:
        with pytest.raises(ProtocolError, match=case["error"]):
            decode_imu(data, case["n_sensors"])
        return
    imu = decode_imu(data, case["n_sensors"])
    assert imu.timestamp_ms == case["timestamp_ms"]
    np.testing.assert_allclose(imu.acc, case["acc"], rtol=1e-6)
    np.testing.assert_allclose(imu.gyr_dps, case["gyr_dps"], rtol=1e-6)
    assert (imu.mag is None) == ("mag" not in case)
    if imu.mag is not None:
        np.testing.assert_allclose(imu.mag, case["mag"], rtol=1e-6)


@pytest.mark.parametrize("case", cases("hello"))
def test_hello(case: dict[str, Any]) -> None:
    hello = decode_hello(bytes.fromhex(case["hex"]))
    for name in ("protocol_version", "serial", "product", "address", "app", "app_version"):
        assert getattr(hello, name) == case[name]


class ScriptedLink:
    """A link whose sensor replies as told; keeps what was written."""

    def __init__(self, replies: dict[int, bytes], early_data: bytes = b"") -> None:
        self.address = "0C:8C:DC:00:00:01"
        self.written: list[bytes] = []
        self._replies = replies
        self._early_data = early_data
        self._callback: NotifyCallback | None = None

    async def read(self, uuid: str) -> bytes:
        assert uuid == "00002a25-0000-1000-8000-00805f9b34fb"
        return b"204730000081\0"

    async def write(self, uuid: str, data: bytes, *, response: bool = True) -> None:
        assert uuid == "34800001-7185-4d5d-b431-630e7050e8f0" and response
        self.written.append(data)
        assert self._callback is not None
        if data[0] in self._replies:
            self._callback(bytes((1, data[1])) + self._replies[data[0]])
        if data[0] == 1 and self._early_data:
            self._callback(self._early_data)

    async def subscribe(self, uuid: str, callback: NotifyCallback) -> None:
        assert uuid == "34800002-7185-4d5d-b431-630e7050e8f0"
        self._callback = callback

    async def unsubscribe(self, uuid: str) -> None:
        self._callback = None


def test_commands_are_those_of_the_specification() -> None:
    async def main(_clock: VirtualClock) -> list[bytes]:
        link = ScriptedLink({0: b"Hello", 1: b"\xc8\0", 2: b"\xc8\0", 4: b"\xc8\0\x5b"})
        driver = MovesenseDriver()
        identity = await driver.identify(link)
        assert (identity.model, identity.serial) == ("Movesense", "204730000081")
        await driver.configure(link, StreamConfig(rate_hz=RATE_HZ))
        await driver.start(link, lambda _packet: None)
        assert await driver.battery_percent(link) == 0x5B
        await driver.stop(link)
        return link.written

    written = run_virtual(main)
    subscribe, unsubscribe, get = (bytes.fromhex(case["hex"]) for case in GOLDEN["commands"])
    assert written == [b"\0\1", subscribe, get, unsubscribe]


def test_a_path_is_ended_with_zero_for_firmware_that_wants_it_and_429_is_told() -> None:
    async def main(_clock: VirtualClock) -> None:
        link = ScriptedLink({0: b"Hello", 4: b"\xad\x01"})
        driver = MovesenseDriver()
        await driver.identify(link)
        with pytest.raises(ConnectError, match="status 429"):
            await driver.battery_percent(link)
        assert [data[-1:] for data in link.written[1:]] == [b"l", b"\0"]

    run_virtual(main)


def test_early_firmware_that_sends_without_a_reply_is_heard_and_silence_is_not() -> None:
    async def main(_clock: VirtualClock) -> None:
        driver = MovesenseDriver()
        for early_data in (parts(0)[0], b""):
            link = ScriptedLink({0: b"Hello"}, early_data)
            packets: list[bytes] = []
            await driver.identify(link)
            await driver.configure(link, StreamConfig(rate_hz=RATE_HZ))
            if early_data:
                await driver.start(link, packets.append)
                assert early_data in packets
            else:
                with pytest.raises(ConnectError, match="no reply"):
                    await driver.start(link, packets.append)

    run_virtual(main)


@pytest.mark.parametrize("room", [18, 100, 156, 242, 500])
def test_parts_of_any_length_are_put_together(room: int) -> None:
    """At 100 bytes a first part is as long as four whole samples are, and is none."""
    decoder = MovesenseStreamDecoder(RATE_HZ)
    blocks = []
    for k in range(5):
        stamp_ms = int(1000 + k * 8000 / RATE_HZ)
        blocks += [decoder.decode(part) for part in parts(stamp_ms, room=room, value=k + 1.0)]
    seq = np.concatenate([block.seq for block in blocks])
    acc = np.concatenate([block.acc for block in blocks])
    np.testing.assert_array_equal(seq, np.arange(40))
    np.testing.assert_array_equal(acc[:, 0], np.repeat(np.arange(1.0, 6.0), 8))


def test_a_whole_packet_of_a_new_length_waits_for_what_follows_and_loses_nothing() -> None:
    decoder = MovesenseStreamDecoder(52)
    lengths = [len(decoder.decode(parts(round(k * 4000 / 52), n_samples=4)[0])) for k in range(4)]
    assert lengths == [0, 8, 4, 4]


@pytest.mark.parametrize("room", [100, 156])
def test_a_lost_part_costs_its_packet_and_no_other(room: int) -> None:
    decoder = MovesenseStreamDecoder(RATE_HZ)
    packets = [parts(int(k * 8000 / RATE_HZ), room=room, value=k + 1.0) for k in range(6)]
    stream = [*packets[0], packets[1][0], *packets[2], packets[3][1], *packets[4], *packets[5]]
    seq, n_bad = [], 0
    for part in stream:
        try:
            seq += decoder.decode(part).seq.tolist()
        except ProtocolError:
            n_bad += 1
    numbers = np.arange(48).reshape(6, 8)
    assert seq == numbers[[0, 2, 4, 5]].ravel().tolist()
    assert n_bad == 2


@pytest.mark.parametrize("rate_error", [-0.03, 0.0, 0.02])
def test_numbers_and_times_hold_over_the_wrap_whatever_the_true_rate(rate_error: float) -> None:
    """49.7 days of uptime end within the stream; whole milliseconds become even times."""
    decoder = MovesenseStreamDecoder(RATE_HZ)
    step_ms = 8000 / RATE_HZ / (1 + rate_error)
    start_ms = 2**32 - 300_000
    times_s, seq = [], []
    for k in range(10_000):
        for part in parts(int(start_ms + k * step_ms)):
            block = decoder.decode(part)
            times_s.append(block.device_time_s)
            seq.append(block.seq)
    np.testing.assert_array_equal(np.concatenate(seq), np.arange(80_000))
    time_s = np.concatenate(times_s)
    true_s = (start_ms + np.arange(80_000) * step_ms / 8) * 1e-3
    assert np.abs(time_s - true_s).max() < 1.5e-3 + 8 * abs(rate_error) / RATE_HZ
    settled = slice(8_000, None)
    assert np.abs(time_s - true_s)[settled].max() < 1.1e-3
    assert np.abs(np.diff(time_s[settled]) * 8e3 / step_ms - 1).max() < 0.03


def test_replies_between_data_are_no_samples() -> None:
    decoder = MovesenseStreamDecoder(RATE_HZ)
    first, second = parts(0)
    assert len(decoder.decode(first)) == 0
    assert len(decoder.decode(bytes.fromhex("0102c8005b"))) == 0
    assert len(decoder.decode(second)) == 8


@given(
    packets=st.lists(
        st.one_of(
            st.binary(max_size=300),
            st.builds(
                lambda kind, body: bytes((kind, 99)) + body,
                st.integers(0, 5),
                st.binary(max_size=260),
            ),
        ),
        max_size=20,
    ),
    n_sensors=st.sampled_from([2, 3]),
)
def test_any_bytes_decode_or_are_refused(packets: list[bytes], n_sensors: int) -> None:
    decoder = MovesenseStreamDecoder(RATE_HZ, n_sensors)
    for packet in packets:
        try:
            block = decoder.decode(packet)
        except ProtocolError as error:
            assert str(error)
        else:
            assert np.isfinite(block.acc).all() and np.isfinite(block.gyr).all()
            assert len(block) <= 2 * 2048 // 24


def test_parts_without_end_are_given_up() -> None:
    decoder = MovesenseStreamDecoder(RATE_HZ)
    decoder.decode(bytes((2, 99)) + bytes(157))
    with pytest.raises(ProtocolError, match="continues nothing"):
        for _ in range(20):
            decoder.decode(bytes((3, 99)) + bytes(240))


@pytest.mark.parametrize(
    ("advertisement", "known"),
    [
        (Advertisement("74:92:BA:10:F7:D3", "Movesense 250230002214", -50), True),
        (Advertisement("0C", "", -50, ("34802252-7185-4d5d-b431-630e7050e8f0",)), True),
        (Advertisement("0C", "", -50, ("0000180d-0000-1000-8000-00805f9b34fb",)), False),
    ],
)
def test_recognised_by_what_it_advertises(advertisement: Advertisement, known: bool) -> None:
    driver = driver_for(advertisement)
    assert (driver is not None and driver.model == "Movesense") == known
