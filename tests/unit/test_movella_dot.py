"""The DOT's bytes against golden vectors, and the laws of its stream decoder."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.core.link import Advertisement
from imuhip.core.sensor import FLAGS
from imuhip.errors import ProtocolError
from imuhip.sensors.movella_dot.payloads import (
    DotStreamDecoder,
    PayloadMode,
    decode_info,
    decode_payload,
)
from imuhip.sensors.registry import driver_for
from imuhip.sensors.stamps import StampCounter

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "movella_dot.json").read_text(encoding="utf-8")
)


def cases(kind: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in GOLDEN[kind]]


def rate_packet(timestamp_us: int, acc=(0.0, 0.0, 9.8), gyr_dps=(0.0, 0.0, 0.0)) -> bytes:
    return struct.pack("<I6f", timestamp_us % 2**32, *acc, *gyr_dps).ljust(40, b"\0")


@pytest.mark.parametrize("case", cases("payloads"))
def test_payload(case: dict[str, Any]) -> None:
    data, mode = bytes.fromhex(case["hex"]), PayloadMode(case["mode"])
    if "error" in case:
        with pytest.raises(ProtocolError, match=case["error"]):
            decode_payload(mode, data)
        return
    timestamp_us, fields = decode_payload(mode, data)
    assert timestamp_us == case["timestamp_us"]
    assert set(fields) == set(case["fields"])
    for name, expected in case["fields"].items():
        np.testing.assert_allclose(fields[name], expected, rtol=2e-6, atol=6e-6)


@pytest.mark.parametrize(("mtu", "fits"), [(23, False), (30, False), (31, True), (64, True)])
def test_a_notification_cut_by_a_small_mtu_is_told_with_what_to_do(mtu: int, fits: bool) -> None:
    packet = rate_packet(1_000_000)[: mtu - 3]
    if fits:
        decode_payload(PayloadMode.RATE, packet)
        return
    with pytest.raises(ProtocolError) as cut:
        decode_payload(PayloadMode.RATE, packet)
    assert cut.value.message == (
        f"DOT notification of {mtu - 3} bytes, payload mode 21 has 28:"
        f" cut short, as by a connection with an MTU of {mtu}"
    )
    assert "adapter" in cut.value.hint and "MTU of 31 or more" in cut.value.hint


@pytest.mark.parametrize("case", cases("info"))
def test_info(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    if "error" in case:
        with pytest.raises(ProtocolError, match=case["error"]):
            decode_info(data)
        return
    info = decode_info(data)
    for name in ("address", "firmware", "serial", "product_code"):
        assert getattr(info, name) == case[name]


def test_every_public_payload_is_as_long_as_specified() -> None:
    lengths = {2: 36, 3: 32, 4: 16, 5: 20, 6: 16, 7: 32, 16: 28, 18: 38, 19: 32, 20: 34, 21: 28}
    lengths |= {22: 40, 23: 34, 24: 32}
    assert {int(mode) for mode in PayloadMode} == set(lengths)
    for mode, n_bytes in lengths.items():
        decode_payload(PayloadMode(mode), bytes(n_bytes))
        with pytest.raises(ProtocolError):
            decode_payload(PayloadMode(mode), bytes(n_bytes - 1))


def test_samples_come_out_in_our_units() -> None:
    case = GOLDEN["payloads"][2]
    block = DotStreamDecoder(60).decode(bytes.fromhex(case["hex"]))
    np.testing.assert_allclose(block.acc, [[1.0, -2.5, 9.75]])
    np.testing.assert_allclose(
        block.gyr, [[1.5707963267948966, -3.1503193, 0.0021816615649929]], rtol=1e-7
    )
    np.testing.assert_allclose(block.device_time_s, [1.0])
    assert (block.first_seq, block.flags, block.mag, block.sent_time_s) == (0, 0, None, None)


def test_payloads_without_raw_rates_are_no_stream() -> None:
    with pytest.raises(ValueError, match="CUSTOM_1"):
        DotStreamDecoder(60, PayloadMode.CUSTOM_1)


@pytest.mark.parametrize("period_us", [16_666, 16_667, 16_650, 16_680])
def test_an_hour_and_a_half_is_numbered_without_gap_over_the_wrap(period_us: int) -> None:
    """A period that is a little off nominal must not add up to samples that never were."""
    counter = StampCounter(1e6 / 60, 2**32, 3_000_000)
    n_samples = 90 * 60 * 60
    first_us = 2**32 - 5_000_000
    for number in range(n_samples):
        placed = counter.place((first_us + number * period_us) % 2**32)
        assert placed == (number, first_us + number * period_us)


def test_gaps_repeats_and_late_packets_are_numbered_by_their_stamps() -> None:
    decoder = DotStreamDecoder(60)
    start_us = 2**32 - 50_000

    def number(k: int) -> int:
        return decoder.decode(rate_packet(start_us + round(k * 1e6 / 60))).first_seq

    assert [number(k) for k in (0, 1, 2, 2, 7, 5, 8, 68)] == [0, 1, 2, 2, 7, 5, 8, 68]


def test_a_stamp_that_leaps_is_believed_when_the_next_confirms_it() -> None:
    decoder = DotStreamDecoder(60)
    assert decoder.decode(rate_packet(1_000_000)).first_seq == 0
    with pytest.raises(ProtocolError, match="ticks after"):
        decoder.decode(rate_packet(900_000_000))
    assert decoder.decode(rate_packet(1_016_667)).first_seq == 1
    with pytest.raises(ProtocolError, match="ticks before"):
        decoder.decode(rate_packet(1_016_667 - 30_000_000))
    with pytest.raises(ProtocolError, match="ticks after"):
        decoder.decode(rate_packet(61_016_667))
    block = decoder.decode(rate_packet(61_033_333))
    assert block.first_seq == 1 + round(60.016666 * 60)
    assert block.device_time_s[0] == pytest.approx(61.033333)


def test_values_no_sensor_measures_are_refused_and_clipping_is_flagged() -> None:
    decoder = DotStreamDecoder(60)
    with pytest.raises(ProtocolError, match="range"):
        decoder.decode(rate_packet(0, acc=(300.0, 0.0, 0.0)))
    with pytest.raises(ProtocolError, match="range"):
        decoder.decode(rate_packet(0, gyr_dps=(0.0, 1e30, 0.0)))
    clipped = decoder.decode(rate_packet(0, acc=(0.0, -156.91, 0.0), gyr_dps=(2000.0, 0.0, 0.0)))
    assert clipped.flags == FLAGS["clip_acc"] | FLAGS["clip_gyr"]


@given(packets=st.lists(st.binary(max_size=80), max_size=8), mode=st.sampled_from([20, 21]))
def test_any_bytes_decode_or_are_refused(packets: list[bytes], mode: int) -> None:
    decoder = DotStreamDecoder(60, PayloadMode(mode))
    for packet in packets:
        try:
            block = decoder.decode(packet)
        except ProtocolError as error:
            assert str(error)
        else:
            assert len(block) == 1
            assert np.isfinite(block.acc).all() and np.isfinite(block.gyr).all()


@given(
    flips=st.dictionaries(
        st.integers(1, 100).map(lambda k: 3 * k),
        st.tuples(st.integers(0, 39), st.integers(1, 255)),
        max_size=8,
    )
)
def test_damaged_packets_do_not_shift_the_numbers_of_good_ones(
    flips: dict[int, tuple[int, int]],
) -> None:
    decoder = DotStreamDecoder(60)
    for k in range(320):
        packet = bytearray(rate_packet(round(k * 1e6 / 60)))
        if k in flips:
            at, mask = flips[k]
            packet[at] ^= mask
        try:
            block = decoder.decode(bytes(packet))
        except ProtocolError:
            continue
        if k not in flips:
            assert block.first_seq == k


@pytest.mark.parametrize(
    ("advertisement", "known"),
    [
        (Advertisement("D4:22:CD:00:00:01", "Xsens DOT", -50), True),
        (Advertisement("D4:22:CD:00:00:01", "Movella DOT", -50), True),
        (Advertisement("D4:22:CD:00:00:01", "", -50, (), {0x0886: b"\0"}), True),
        (Advertisement("D4:22:CD:00:00:01", "Awinda", -50, (), {0x0886: b"\0"}), False),
        (Advertisement("D4:22:CD:00:00:01", "", -50, (), {0x004C: b"\0"}), False),
    ],
)
def test_recognised_by_what_it_advertises(advertisement: Advertisement, known: bool) -> None:
    driver = driver_for(advertisement)
    assert (driver is not None and driver.model == "Movella DOT") == known
