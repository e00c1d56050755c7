"""Registers and stamped samples of MetaMotion boards."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.core.link import Advertisement
from imuhip.core.sensor import StreamConfig
from imuhip.errors import ProtocolError
from imuhip.sensors.metamotion.decoder import MetaMotionDecoder
from imuhip.sensors.metamotion.driver import MetaMotionDriver
from imuhip.sensors.metamotion.registers import (
    ACC_LSB_PER_G,
    BOARDS,
    GYR_LSB_PER_DPS,
    TICK_S,
    decode_stamped,
    make_stamper,
)
from imuhip.sensors.metamotion.ticks import TickClock

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "metamotion.json").read_text())
CONFIG = StreamConfig(rate_hz=100)
GYRO_REPLY, ACC_REPLY = b"\x09\x02\x00", b"\x09\x02\x01"


def sample(processor: int, ticks: int, *counts: int) -> bytes:
    return struct.pack("<BBBI3h", 9, 3, processor, ticks % 2**32, *(counts or (1, 2, 3)))


def test_golden_stamped_samples() -> None:
    for vector in GOLDEN["stamped"]:
        data = bytes.fromhex(vector["hex"])
        read = decode_stamped(data)
        assert (read.processor, read.ticks) == (vector["processor"], vector["ticks"])
        assert list(read.counts) == vector["counts"]
    ticks = [data[3]] + [int(byte, 16) for byte in GOLDEN["following_tick_bytes"]]
    np.testing.assert_allclose(np.diff(ticks) * TICK_S * 1e3, GOLDEN["following_ms"], atol=0.01)


@pytest.mark.parametrize("vector", GOLDEN["scales"])
def test_golden_scales(vector: dict) -> None:
    scales = ACC_LSB_PER_G if vector["stream"] == "acc" else GYR_LSB_PER_DPS
    values = np.array(vector["counts"]) / scales[vector["full_scale"]]
    np.testing.assert_allclose(values, vector["value"], atol=6e-4)


def test_golden_commands() -> None:
    commands = {name: bytes.fromhex(text) for name, text in GOLDEN["commands"].items()}
    bmi160, bmi270 = BOARDS[1, 0], BOARDS[4, 1]
    assert make_stamper(3, 4) == commands["stamp_acceleration"]
    assert bmi160.acc_config(100, 8) == commands["config_bmi160_acc_100hz_8g"]
    assert bmi270.acc_config(200, 8) == commands["config_bmi270_acc_200hz_8g"]
    assert bmi270.acc_config(100, 16) == commands["config_bmi270_acc_100hz_16g"]
    for board in (bmi160, bmi270):
        assert board.gyr_config(200, 2000) == commands["config_gyro_200hz_2000dps"]
        assert board.gyr_config(100, 250) == commands["config_gyro_100hz_250dps"]
        assert board.gyr_config(50, 125) == commands["config_gyro_50hz_125dps"]


@given(
    data=st.lists(
        st.one_of(st.binary(max_size=20), st.binary(max_size=11).map(lambda b: b"\x09\x03" + b)),
        max_size=5,
    )
)
def test_any_bytes_are_decoded_or_refused(data: list[bytes]) -> None:
    decoder = MetaMotionDecoder(CONFIG)
    for packet in (GYRO_REPLY, ACC_REPLY, *data):
        try:
            assert len(decoder.decode(packet)) <= 2
        except ProtocolError as error:
            assert str(error)


@given(stamps=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2**32 - 1)), max_size=12))
def test_any_stamps_are_placed_or_refused(stamps: list[tuple[int, int]]) -> None:
    decoder = MetaMotionDecoder(CONFIG)
    for reply in (GYRO_REPLY, ACC_REPLY):
        decoder.decode(reply)
    for processor, ticks in stamps:
        try:
            decoder.decode(sample(processor, ticks))
        except ProtocolError as error:
            assert str(error)


@pytest.mark.parametrize("rate_hz", [25, 50, 100, 200])
@pytest.mark.parametrize("real", [0.985, 1.0, 1.012])
def test_coarse_stamps_become_fine_times_and_right_numbers(rate_hz: int, real: float) -> None:
    """Across the wrap of the ticks, with lost samples, at a rate that is off nominal."""
    clock = TickClock(rate_hz)
    true_s = 2**32 * TICK_S - 3.0 + np.arange(12 * rate_hz) / (rate_hz * real)
    lost = {5 * rate_hz, 5 * rate_hz + 1, 7 * rate_hz}
    errors_s = []
    for i, instant_s in enumerate(true_s):
        if i in lost:
            continue
        placed = clock.place(int(instant_s / TICK_S) % 2**32)
        assert placed.seq == i
        errors_s.append(placed.time_s - instant_s)
    assert np.std(errors_s[3 * rate_hz :]) < 0.3e-3
    assert np.abs(errors_s[3 * rate_hz :]).max() < 1e-3


def test_repeated_samples_are_counted_and_old_ones_refused() -> None:
    decoder = MetaMotionDecoder(CONFIG)
    for reply in (GYRO_REPLY, ACC_REPLY):
        assert len(decoder.decode(reply)) == 0
    for i in range(5):
        assert len(decoder.decode(sample(0, 1000 + 7 * i))) == 0
        block = decoder.decode(sample(1, 1000 + 7 * i))
        assert list(block.seq) == [i]
    again = decoder.decode(sample(0, 1021))
    assert list(again.seq) == [3] and np.isnan(again.acc).all()
    assert len(decoder.decode(sample(1, 1021))) == 0
    with pytest.raises(ProtocolError, match="before"):
        decoder.decode(sample(0, 1010))


def test_a_sample_of_one_stream_that_is_lost_costs_one_sample() -> None:
    decoder = MetaMotionDecoder(CONFIG)
    for reply in (GYRO_REPLY, ACC_REPLY):
        decoder.decode(reply)
    seen: list[int] = []
    for i in range(300):
        ticks = int(1000 + i * 0.01 / TICK_S)
        for processor in (0, 1):
            if (i, processor) not in ((100, 1), (200, 0)):
                seen.extend(decoder.decode(sample(processor, ticks)).seq)
    assert sorted(set(range(300)) - set(seen)) == [100, 200]
    assert len(seen) == 298


def test_matches_by_service_or_name() -> None:
    driver = MetaMotionDriver()
    service = "326a9000-85cb-9195-d9dd-464cfbbae75a"
    assert driver.matches(Advertisement("AA", "renamed", -60, (service,)))
    assert driver.matches(Advertisement("AA", "MetaWear", -60))
    assert driver.matches(Advertisement("AA", "MetaMotion", -60, ("0000180d",)))
    assert not driver.matches(Advertisement("AA", "Wear", -60, ("0000180d",)))
    assert not driver.matches(Advertisement("AA", "Polar Sense 12345678", -60))
