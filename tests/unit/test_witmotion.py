"""WitMotion's bytes against golden vectors, and the laws of its stream of frames."""

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
from imuhip.core.sensor import FLAGS, StreamConfig
from imuhip.errors import ProtocolError
from imuhip.sensors.registry import driver_for
from imuhip.sensors.witmotion.driver import charge_percent
from imuhip.sensors.witmotion.frames import (
    FRAME_BYTES,
    FrameReader,
    WitMotionDecoder,
    read_request,
    register_values,
    write_requests,
)

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "witmotion.json").read_text(encoding="utf-8")
)
SERVICE = "0000ffe5-0000-1000-8000-00805f9a34fb"


def cases(kind: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in GOLDEN[kind]]


def decoder() -> WitMotionDecoder:
    return WitMotionDecoder(StreamConfig(rate_hz=100))


def frame(i: int) -> bytes:
    """Return a frame that can be told from others, and has no head inside."""
    return struct.pack("<BB9h", 0x55, 0x61, i % 16000, 256, 512, 0, 1, 2, 3, 4, 5)


def first_counts(blocks: list[Any]) -> list[int]:
    acc = np.concatenate([block.acc[:, 0] for block in blocks])
    return np.rint(acc * 32768 / (16 * 9.80665)).astype(int).tolist()


@pytest.mark.parametrize("case", cases("samples"))
def test_samples_have_known_values(case: dict[str, Any]) -> None:
    block = decoder().decode(bytes.fromhex(case["hex"]))
    np.testing.assert_allclose(block.acc[0], np.multiply(case["acc_g"], 9.80665), atol=1e-12)
    np.testing.assert_allclose(block.gyr[0], np.radians(case["gyr_dps"]), atol=1e-12)
    assert bool(block.flags & FLAGS["clip_acc"]) is case["clipped"]
    assert not block.flags & FLAGS["clip_gyr"]
    assert block.is_counted
    assert block.mag is None


@pytest.mark.parametrize("case", cases("registers"))
def test_register_answers_have_known_values(case: dict[str, Any]) -> None:
    register, values = register_values(bytes.fromhex(case["hex"]))
    assert (register, list(values)) == (case["register"], case["values"])
    assert len(decoder().decode(bytes.fromhex(case["hex"]))) == 0  # no samples


@pytest.mark.parametrize("case", cases("commands"))
def test_commands_have_known_bytes(case: dict[str, Any]) -> None:
    if "read" in case:
        commands = [read_request(case["read"])]
    else:
        commands = list(write_requests(*case["write"]))
    assert [command.hex() for command in commands] == case["hex"]


def test_voltage_is_charge_by_the_vendors_steps() -> None:
    assert [[v, charge_percent(v)] for v, _ in GOLDEN["charge"]] == GOLDEN["charge"]


@pytest.mark.parametrize(
    ("advertisement", "is_ours"),
    [
        (Advertisement("AA", "WT901BLE67", -50), True),
        (Advertisement("AA", "BWT901BLE5.0", -50), True),
        (Advertisement("AA", "", -50, (SERVICE,)), True),
        (Advertisement("AA", "", -50, (SERVICE.replace("9a34", "9b34"),)), False),
        (Advertisement("AA", "SWT", -50), False),
    ],
)
def test_known_by_its_advertisement(advertisement: Advertisement, is_ours: bool) -> None:
    driver = driver_for(advertisement)
    assert (driver is not None and driver.model == "WitMotion") is is_ours


@given(cuts=st.lists(st.integers(1, 70), min_size=1, max_size=40), n=st.integers(1, 40))
def test_frames_are_found_wherever_notifications_cut(cuts: list[int], n: int) -> None:
    data = b"".join(frame(i) for i in range(n))
    decode, blocks, at = decoder(), [], 0
    while at < len(data):
        step = cuts[len(blocks) % len(cuts)]
        blocks.append(decode.decode(data[at : at + step]))
        at += step
    assert first_counts(blocks) == list(range(n))
    assert [int(s) for block in blocks for s in block.seq] == list(range(n))
    times_s = np.concatenate([block.device_time_s for block in blocks])
    np.testing.assert_allclose(times_s, np.arange(n) / 100, atol=1e-12)


@given(cut=st.integers(8, 60), lost=st.integers(2, 20))
def test_a_lost_piece_costs_its_frames_and_invents_none(cut: int, lost: int) -> None:
    data = b"".join(frame(i) for i in range(60))
    pieces = [data[at : at + cut] for at in range(0, len(data), cut)]
    lost = min(lost, len(pieces) - 2)
    decode, blocks = decoder(), []
    for piece in pieces[:lost] + pieces[lost + 1 :]:
        try:
            blocks.append(decode.decode(piece))
        except ProtocolError:
            continue
    damaged = range(lost * cut // FRAME_BYTES, ((lost + 1) * cut - 1) // FRAME_BYTES + 1)
    assert first_counts(blocks) == [i for i in range(60) if i not in damaged]


def test_a_head_among_the_values_is_told_from_one_that_begins_a_frame() -> None:
    odd = struct.pack("<BB9h", 0x55, 0x61, 11, 0x6155, 0, 0, 0, 0, 0x7155, 0, 0x5500)
    decode = decoder()
    blocks = [decode.decode(packet) for packet in (frame(10), odd, odd, frame(12))]
    assert first_counts(blocks) == [10, 11, 11, 12]
    assert [len(block) for block in blocks] == [1, 0, 1, 2]


def test_garbage_is_refused_and_what_follows_is_read() -> None:
    decode = decoder()
    with pytest.raises(ProtocolError, match="belong to no frame"):
        decode.decode(b"\x00" * 30)
    assert first_counts([decode.decode(b"\x01\x02" + frame(7))]) == [7]
    answer = bytes.fromhex(GOLDEN["registers"][1]["hex"])
    assert first_counts([decode.decode(frame(8) + answer + frame(9))]) == [8, 9]
    with pytest.raises(ProtocolError, match="register answer"):
        register_values(frame(1))


@given(packets=st.lists(st.binary(max_size=600), max_size=8))
def test_any_bytes_are_samples_or_refused_and_little_is_kept(packets: list[bytes]) -> None:
    decode, reader = decoder(), FrameReader()
    n_samples, n_bytes = 0, 0
    for packet in packets:
        n_bytes += len(packet)
        try:
            n_samples += len(decode.decode(packet))
        except ProtocolError as error:
            assert str(error)
        reader.feed(packet)
        assert len(reader._rest) <= FRAME_BYTES
    assert n_samples <= n_bytes // FRAME_BYTES


def test_a_huge_packet_is_not_kept() -> None:
    reader = FrameReader()
    frames, n_skipped = reader.feed(frame(1) * 100_000)
    assert len(frames) < 300
    assert n_skipped > 1_900_000
