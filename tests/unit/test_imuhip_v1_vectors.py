"""imuhip's reader and writer against the golden vectors of the specification, bit for bit."""

from __future__ import annotations

import binascii
import dataclasses
import json
from typing import Any

import numpy as np
import pytest

from imuhip import resources
from imuhip.errors import ProtocolError
from imuhip.sensors.imuhip_v1 import control, packets, sync
from imuhip.sensors.imuhip_v1.profile import Capability, Field, Status


def cases(name: str, kind: str | None = None) -> list[Any]:
    path = resources.folder("firmware_protocol") / "vectors" / f"{name}.json"
    return [
        pytest.param(case, id=case["name"])
        for case in json.loads(path.read_text(encoding="utf-8"))["cases"]
        if kind is None or case["kind"] == kind
    ]


def crc_by_definition(data: bytes) -> int:
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    return crc


def test_checksum_is_the_one_of_the_specification() -> None:
    assert crc_by_definition(b"123456789") == 0x29B1
    assert binascii.crc_hqx(b"123456789", 0xFFFF) == 0x29B1


WORDS = {
    "length": "bytes",
    "version": "version",
    "checksum": "checksum",
    "value": "0 µs",
}


@pytest.mark.parametrize("case", cases("stream"))
def test_stream(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    if "error" in case:
        with pytest.raises(ProtocolError, match=WORDS[case["error"]]):
            packets.decode_packet(data)
        return
    raw = packets.decode_packet(data)
    for name in ("seq", "time_us", "dt_us", "age_us", "flags"):
        assert getattr(raw, name) == case[name]
    np.testing.assert_array_equal(raw.counts, case["counts"])
    assert packets.encode_packet(raw) == data
    assert crc_by_definition(data[:-2]) == int.from_bytes(data[-2:], "little")


@pytest.mark.parametrize("case", cases("samples"))
def test_samples(case: dict[str, Any]) -> None:
    counts = np.array(case["counts"], dtype=np.int16)
    ranges = case["acc_range_g"], case["gyr_range_dps"]
    acc, gyr = packets.from_counts(counts, *ranges)
    np.testing.assert_allclose(acc, case["acc_m_s2"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(gyr, case["gyr_rad_s"], rtol=0, atol=1e-9)
    again, flags = packets.to_counts(acc, gyr, *ranges)
    np.testing.assert_array_equal(again, counts)
    assert flags == 0


@pytest.mark.parametrize("case", cases("info"))
def test_info(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    if "error" in case:
        with pytest.raises(ProtocolError):
            control.decode_info(data)
        return
    info = control.decode_info(data)
    assert info.unique_id.hex() == case["unique_id"]
    assert info.capabilities == Capability(case["capabilities"])
    assert list(info.rates_hz) == case["rates_hz"]
    for name in ("major", "minor", "firmware", "clock_hz", "acc_range_g", "gyr_range_dps"):
        assert getattr(info, name) == case[name]
    assert data.startswith(control.encode_info(info))


@pytest.mark.parametrize("case", cases("control", "settings"))
def test_settings(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    if "error" in case:
        with pytest.raises(ProtocolError):
            control.decode_settings(data)
        return
    settings = control.decode_settings(data)
    expected = {key: case[key] for key in dataclasses.asdict(settings)}
    assert dataclasses.asdict(settings) == expected | {"fields": Field(case["fields"])}
    assert control.encode_settings(settings) == data


@pytest.mark.parametrize("case", cases("control", "request"))
def test_request(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    if "error" in case:
        with pytest.raises(ProtocolError):
            control.decode_request(data)
        return
    request = control.Request(
        case["operation"], case["reference"], bytes.fromhex(case["arguments"])
    )
    assert control.decode_request(data) == request
    assert control.encode_request(request) == data


@pytest.mark.parametrize("case", cases("control", "reply"))
def test_reply(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    if "error" in case:
        with pytest.raises(ProtocolError):
            control.decode_reply(data)
        return
    reply = control.Reply(
        case["operation"],
        case["reference"],
        Status(case["status"]),
        bytes.fromhex(case["result"]),
    )
    assert control.decode_reply(data) == reply
    assert control.encode_reply(reply) == data


@pytest.mark.parametrize("case", cases("back_fill"))
def test_back_fill_range(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    if "error" in case:
        with pytest.raises(ProtocolError, match="bytes"):
            control.decode_range(data)
        return
    samples = control.SampleRange(case["first"], case["count"])
    assert control.decode_range(data) == samples
    assert control.encode_range(samples) == data


@pytest.mark.parametrize("case", cases("sync", "reply"))
def test_sync_reply(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    if "error" in case:
        with pytest.raises(ProtocolError, match="bytes"):
            sync.decode_sync_reply(data)
        return
    expected = sync.SyncReply(case["id"], case["received_us"], case["sent_us"])
    assert sync.decode_sync_reply(data) == expected


@pytest.mark.parametrize("case", cases("sync", "request"))
def test_sync_request(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    if "error" not in case:
        assert sync.encode_sync_request(case["id"], case["host_us"]) == data
    else:
        assert len(data) != len(sync.encode_sync_request(0, 0))
