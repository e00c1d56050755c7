"""Frames and replies of Polar sensors, the numbering of frames, the joining of streams."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.core.link import Advertisement
from imuhip.core.sensor import FLAGS, StreamConfig
from imuhip.errors import ProtocolError
from imuhip.sensors.joining import StreamJoiner
from imuhip.sensors.polar.decoder import PolarDecoder
from imuhip.sensors.polar.driver import PolarDriver
from imuhip.sensors.polar.frame_clock import FrameClock
from imuhip.sensors.polar.frames import decode_frame
from imuhip.sensors.polar.profile import Measurement, Setting
from imuhip.sensors.polar.settings import decode_reply, decode_settings, encode_start, factor_of
from imuhip.simulation.virtual_polar import _compressed

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "polar_pmd.json").read_text())
CONFIG = StreamConfig(rate_hz=52, acc_range_g=8, gyr_range_dps=2000)
FACTORS = {Measurement.ACC: 1.0, Measurement.GYRO: 1.0}
PERIOD_NS = 1e9 / 52


@pytest.mark.parametrize("vector", GOLDEN["frames"], ids=lambda v: v["name"])
def test_golden_frames(vector: dict) -> None:
    frame = decode_frame(bytes.fromhex(vector["hex"]))
    assert frame.measurement is Measurement[vector["measurement"]]
    assert frame.time_ns == vector["time_ns"]
    np.testing.assert_array_equal(frame.counts, vector["counts"])


@pytest.mark.parametrize("vector", GOLDEN["starts"], ids=lambda v: v["name"])
def test_golden_starts(vector: dict) -> None:
    settings = {Setting[name]: value for name, value in vector["settings"].items()}
    request = encode_start(Measurement[vector["measurement"]], settings)
    assert request == bytes.fromhex(vector["hex"])


def test_settings_and_factor_of_replies() -> None:
    reply = decode_reply(bytes.fromhex("f0010200000002340068000101100002020800100004 0103"))
    assert decode_settings(reply.parameters) == {
        Setting.RATE: (52, 104),
        Setting.RESOLUTION: (16,),
        Setting.RANGE: (8, 16),
        Setting.CHANNELS: (3,),
    }
    factor = factor_of(decode_settings(b"\x05\x01" + struct.pack("<f", 0.25)))
    assert factor == 0.25
    assert factor_of({}) == 1.0
    refused = decode_reply(bytes.fromhex("f0020208"))
    assert refused.reason == "invalid rate (status 8)"
    for bad in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ProtocolError, match="factor"):
            factor_of(decode_settings(b"\x05\x01" + struct.pack("<f", bad)))


@given(
    counts=st.lists(st.tuples(*[st.integers(-32768, 32767)] * 3), min_size=1, max_size=40),
)
def test_what_the_virtual_sensor_compresses_is_read(counts: list) -> None:
    content = _compressed(np.array(counts, dtype=np.int64))
    frame = decode_frame(struct.pack("<BQB", 5, 7, 0x80) + content)
    np.testing.assert_array_equal(frame.counts, counts)


@given(data=st.one_of(st.binary(max_size=300), st.binary(max_size=60).map(lambda b: b"\xf0" + b)))
def test_any_bytes_are_decoded_or_refused(data: bytes) -> None:
    decoder = PolarDecoder(CONFIG, mag_rate_hz=50, factors=FACTORS)
    for _ in range(2):
        try:
            assert len(decoder.decode(data)) <= 8 * len(data)
        except ProtocolError as error:
            assert str(error)
    good = decode_frame(bytes.fromhex(GOLDEN["frames"][1]["hex"]))
    assert len(good.counts) == 2


@given(
    kind=st.sampled_from([2, 5, 6]),
    times=st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=6),
    content=st.binary(max_size=40),
)
def test_any_times_are_placed_or_refused(kind: int, times: list[int], content: bytes) -> None:
    decoder = PolarDecoder(CONFIG, factors={**FACTORS, Measurement.MAG: 1.0}, mag_rate_hz=50)
    for time_ns in times:
        try:
            decoder.decode(struct.pack("<BQB", kind, time_ns, 0x80) + b"\1\0\2\0\3\0" + content)
        except ProtocolError as error:
            assert str(error)


@pytest.mark.parametrize("real_hz", [50.4, 52.0, 53.9])
def test_frames_are_numbered_whatever_the_real_rate_and_gaps_are_exact(real_hz: float) -> None:
    """A sensor's own oscillator misses the nominal 52 Hz by percents; frames vary in length."""
    rng = np.random.default_rng(3)
    clock = FrameClock(52.0)
    lengths = rng.integers(25, 80, 60)
    last = np.cumsum(lengths) - 1
    lost = {20, 21, 40}
    for i, (n, end) in enumerate(zip(lengths, last, strict=True)):
        if i in lost:
            continue
        stamp = round((100 + end / real_hz) * 1e9 + rng.uniform(-1e6, 1e6))
        placed = clock.place(stamp, int(n))
        assert placed.first == end - n + 1, i
        assert len(placed.time_s) == n
        if i > 0:
            true_s = 100 + np.arange(end - n + 1, end + 1) / real_hz
            assert np.abs(placed.time_s - true_s).max() < 4e-3


def test_a_frame_that_comes_again_has_the_same_numbers_and_an_older_one_is_refused() -> None:
    clock = FrameClock(52.0)
    first = clock.place(round(10 * PERIOD_NS), 10)
    clock.place(round(20 * PERIOD_NS), 10)
    again = clock.place(round(10 * PERIOD_NS), 10)
    assert again.is_repeat and again.first == first.first
    np.testing.assert_array_equal(again.time_s, first.time_s)
    with pytest.raises(ProtocolError, match="older"):
        clock.place(round(15 * PERIOD_NS), 10)


def test_streams_at_the_same_instants_are_paired_unchanged() -> None:
    rng = np.random.default_rng(1)
    time_s = 1e8 + np.arange(40) / 52
    acc, gyr = rng.normal(size=(2, 40, 3))
    joiner = StreamJoiner(52.0)
    joiner.add_gyr(0, time_s, gyr)
    assert joiner.take() is None
    joiner.add_acc(time_s[:30] + 1e-3, acc[:30])
    joined = joiner.take()
    assert joined is not None and not joined.is_resampled
    np.testing.assert_array_equal(joined.acc, acc[:30])
    np.testing.assert_array_equal(joined.gyr, gyr[:30])
    joiner.add_acc(time_s[30:] + 1e-3, acc[30:])
    rest = joiner.take()
    assert rest is not None and rest.first == 30
    np.testing.assert_array_equal(rest.acc, acc[30:])


@pytest.mark.parametrize("acc_rate_hz", [52.0, 26.0, 104.0])
def test_streams_of_other_instants_are_interpolated_and_say_so(acc_rate_hz: float) -> None:
    def wave(t: np.ndarray) -> np.ndarray:
        return np.column_stack((np.sin(3 * t), np.cos(2 * t), t))

    gyr_s = np.arange(0, 5, 1 / 52)
    acc_s = np.arange(0.3 / acc_rate_hz, 5, 1 / acc_rate_hz)
    joiner = StreamJoiner(acc_rate_hz)
    joiner.add_acc(acc_s, wave(acc_s))
    joiner.add_gyr(0, gyr_s, wave(gyr_s))
    joined = joiner.take()
    assert joined is not None and joined.is_resampled
    assert joined.first == np.searchsorted(gyr_s, acc_s[0] - 0.1 / acc_rate_hz)
    assert joined.time_s[-1] <= acc_s[-1] + 0.1 / acc_rate_hz
    error = np.abs(joined.acc - wave(joined.time_s)).max()
    assert error < 0.1 / acc_rate_hz * 3 + 9 / 8 / acc_rate_hz**2


def test_samples_without_acceleration_are_given_up_not_made_up() -> None:
    time_s = np.arange(90) / 52
    values = np.arange(270.0).reshape(-1, 3)
    joiner = StreamJoiner(52.0)
    joiner.add_gyr(0, time_s, values)
    joiner.add_acc(time_s[:30], values[:30])
    joiner.add_acc(time_s[60:], values[60:])
    before, after = joiner.take(), joiner.take()
    assert before is not None and (before.first, len(before.time_s)) == (0, 30)
    assert after is not None and (after.first, len(after.time_s)) == (60, 30)
    assert joiner.take() is None


def test_what_waits_is_bounded() -> None:
    joiner = StreamJoiner(52.0)
    rows = np.zeros((52, 3))
    for second in range(60):
        joiner.add_gyr(52 * second, second + np.arange(52) / 52, rows)
        assert joiner.take() is None
    assert len(joiner._time_s) <= 7 * 52
    other = StreamJoiner(52.0)
    for second in range(60):
        other.add_acc(second + np.arange(52) / 52, rows)
    assert len(other._acc.time_s) <= 7 * 52


def packet(kind: int, last: int, n: int, value: int = 0) -> bytes:
    """Return a frame of `n` equal samples, the last of them number `last` of an exact 52 Hz."""
    content = _compressed(np.full((n, 3), value, dtype=np.int64))
    frame_type = 0x81 if kind == 2 else 0x80
    return struct.pack("<BQB", kind, round(last * PERIOD_NS), frame_type) + content


def test_decoder_waits_for_the_factor_and_uses_it() -> None:
    decoder = PolarDecoder(CONFIG)
    with pytest.raises(ProtocolError, match="factor"):
        decoder.decode(packet(5, 10, 10, 100))
    for kind, factor in ((5, 0.5), (2, 0.25)):
        reply = bytes((0xF0, 2, kind, 0, 0, 5, 1)) + struct.pack("<f", factor)
        assert len(decoder.decode(reply)) == 0
    assert len(decoder.decode(packet(5, 20, 10, 100))) == 0
    block = decoder.decode(packet(2, 20, 10, 400))
    assert len(block) == 10
    np.testing.assert_allclose(block.gyr, np.radians(50))
    np.testing.assert_allclose(block.acc, 0.1 * 9.80665)
    assert block.packet_time_s == pytest.approx(20 / 52)
    assert len(decoder.decode(packet(6, 20, 10))) == 0  # nobody asked for the field here


def test_clipped_samples_are_flagged() -> None:
    decoder = PolarDecoder(
        CONFIG, factors={Measurement.ACC: 8000 / 32768, Measurement.GYRO: 2000 / 32768}
    )
    decoder.decode(packet(5, 10, 10, 32767))
    block = decoder.decode(packet(2, 10, 10, -32768))
    assert block.flags == FLAGS["clip_acc"] | FLAGS["clip_gyr"]


def test_a_clock_that_is_set_within_a_stream_costs_one_packet() -> None:
    decoder = PolarDecoder(CONFIG, factors=FACTORS)
    leap = 10**9
    times: list[float] = []
    for i in range(1, 9):
        last = 10 * i + (leap if i > 4 else 0)
        for kind in (5, 2):
            if (i, kind) == (5, 5):
                with pytest.raises(ProtocolError, match="leapt"):
                    decoder.decode(packet(kind, last, 10, i))
                continue
            block = decoder.decode(packet(kind, last, 10, i))
            times.extend(block.device_time_s)
    np.testing.assert_allclose(np.diff(times)[:30], 1 / 52, atol=1e-6)
    assert max(np.diff(times)) < 0.3
    assert len(times) == 70


def test_only_models_with_a_gyroscope_match() -> None:
    driver = PolarDriver()
    assert driver.matches(Advertisement("AA", "Polar Sense 1A2B3C4D", -60))
    assert not driver.matches(Advertisement("AA", "Polar H10 1A2B3C4D", -60))
    assert not driver.matches(Advertisement("AA", "", -60))
