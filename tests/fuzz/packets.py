"""Targets that take bytes from the air: every decoder, and the stream behind it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from fuzz.mutation import mutated
from fuzz.target import Run, Target
from imuhip.acquisition.clock_mapping import MappingPolicy
from imuhip.acquisition.host_time import HostTime
from imuhip.acquisition.stream import SensorStream
from imuhip.core.link import Advertisement
from imuhip.core.sensor import StreamConfig
from imuhip.errors import ProtocolError
from imuhip.recording.grid import StoredRows, to_series
from imuhip.recording.plan import SampleRows
from imuhip.sensors.driver import SensorDriver
from imuhip.sensors.imuhip_v1 import control, packets, sync
from imuhip.sensors.metamotion import registers
from imuhip.sensors.movella_dot import payloads
from imuhip.sensors.movesense import packets as movesense_packets
from imuhip.sensors.polar import frames as polar_frames
from imuhip.sensors.polar import settings as polar_settings
from imuhip.sensors.registry import DRIVERS
from imuhip.sensors.witmotion import frames as witmotion_frames

__all__ = ["packet_targets"]

_ROOT = Path(__file__).parents[2]
_SHORTEST_SEED = 3
_IMUHIP = 0x13
_TAKE_ALL = ("Movesense: hello",)
"""Text of any form is fine."""


def packet_targets() -> list[Target]:
    """Return every decoder with the vectors of all of them as seeds."""
    seeds = tuple(dict.fromkeys(_vectors()))
    refusing = (ProtocolError,)
    targets = [
        Target(f"{driver.model}: packets", _decoding(driver), seeds, refusing) for driver in DRIVERS
    ]
    targets += [
        Target(
            f"{driver.model}: stream",
            _streaming(driver),
            seeds,
            change=_with_checksum,
            peak_bytes=100 << 20,
        )
        for driver in DRIVERS
    ]
    targets += [
        Target(name, _plainly(decode), seeds, () if name in _TAKE_ALL else refusing)
        for name, decode in _decoders().items()
    ]
    targets.append(Target("advertisements", _plainly(_advertisement), seeds))
    return targets


def _vectors() -> Iterator[bytes]:
    """Yield whatever is hexadecimal in the golden vectors."""
    files = [*_ROOT.glob("tests/golden/*.json"), *_ROOT.glob("firmware_protocol/vectors/*.json")]
    for file in sorted(files):
        yield from _hexadecimal(json.loads(file.read_text(encoding="utf-8")))


def _hexadecimal(value: object) -> Iterator[bytes]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _hexadecimal(each)
    elif isinstance(value, str):
        try:
            data = bytes.fromhex(value)
        except ValueError:
            return
        if len(data) >= _SHORTEST_SEED:
            yield data


def _decoders() -> dict[str, Callable[[bytes], object]]:
    return {
        "imuhip: packet": packets.decode_packet,
        "imuhip: info": control.decode_info,
        "imuhip: settings": control.decode_settings,
        "imuhip: range": control.decode_range,
        "imuhip: request": control.decode_request,
        "imuhip: reply": control.decode_reply,
        "imuhip: sync": sync.decode_sync_reply,
        "Movella DOT: information": payloads.decode_info,
        **{f"Movella DOT: payload {mode.name}": _payload(mode) for mode in payloads.PayloadMode},
        "Movesense: 6 axes": lambda data: movesense_packets.decode_imu(data, 2),
        "Movesense: 9 axes": lambda data: movesense_packets.decode_imu(data, 3),
        "Movesense: hello": movesense_packets.decode_hello,
        "MetaMotion: plain": registers.decode_plain,
        "MetaMotion: stamped": registers.decode_stamped,
        "Polar: frame": polar_frames.decode_frame,
        "Polar: reply": polar_settings.decode_reply,
        "Polar: settings": polar_settings.decode_settings,
        "WitMotion: registers": witmotion_frames.register_values,
    }


def _payload(mode: payloads.PayloadMode) -> Callable[[bytes], object]:
    return lambda data: payloads.decode_payload(mode, data)


def _plainly(decode: Callable[[bytes], object]) -> Callable[[], Run]:
    return lambda: decode


def _decoding(driver: SensorDriver) -> Callable[[], Run]:
    """Return what decodes with a decoder that lives on, and looks at what it says."""

    def begin() -> Run:
        decoder = driver.decoder(StreamConfig())

        def run(data: bytes) -> None:
            block = decoder.decode(data)
            assert block.acc.shape == block.gyr.shape == (len(block), 3)
            assert np.isfinite(block.device_time_s).all()
            assert np.isfinite(block.gyr).all() and np.isfinite(block.acc).all()
            assert (np.diff(block.device_time_s) >= 0).all()

        return run

    return begin


class _Clock:
    now_ns = 0

    def monotonic_ns(self) -> int:
        self.now_ns += 20_000_000
        return self.now_ns

    def unix_s(self) -> float:
        return 1.7e9


def _streaming(driver: SensorDriver) -> Callable[[], Run]:
    """Return what takes packets as the acquisition does: nothing may be raised at all."""

    def begin() -> Run:
        host = HostTime(_Clock())
        stored: list[SampleRows] = []
        stream = SensorStream(
            host,
            StreamConfig(),
            driver.decoder,
            policy=MappingPolicy(),
            ring_capacity_samples=1000,
            on_event=lambda _kind, _text: None,
        )

        def sink(_arrival_s: object, _packets: object, rows: SampleRows | None) -> bool:
            if rows is not None:
                stored.append(rows)
                del stored[:-20]
            return len(stored) % 7 != 3

        stream.stream_started()
        stream.begin_recording(sink)

        def run(data: bytes) -> None:
            stream.on_packet(data)
            if data[:1] == b"\xff":
                stream.stream_started()
            stream.consume()
            counters = stream.counters()
            assert min(counters.received, counters.lost, counters.duplicated) >= 0
            _assert_readable(stored)

        return run

    return begin


def _assert_readable(stored: Sequence[SampleRows]) -> None:
    """Numbers and times of what is stored make a series that opens again."""
    if not stored:
        return
    joined = {
        name: np.concatenate([getattr(rows, name) for rows in stored])
        for name in ("epoch", "seq", "time_s", "acc", "gyr")
    }
    rows = StoredRows(**joined, mag=None, valid=np.ones(len(joined["seq"]), dtype=bool))
    assert np.isfinite(to_series(rows, 100.0).time_s).all()


def _with_checksum(rng: random.Random, seeds: Sequence[bytes], longest: int) -> bytes:
    """Return a changed packet; one of imuhip gets a checksum that fits, which hides most."""
    data = mutated(rng, seeds, longest)
    if data[:1] != bytes((_IMUHIP,)) or len(data) < 31 or rng.random() < 0.2:
        return data
    n_samples = max(1, (len(data) - 19) // 12)
    data = data[:1] + bytes((n_samples,)) + data[2 : 16 + 12 * n_samples + 1]
    return data + packets.binascii.crc_hqx(data, 0xFFFF).to_bytes(2, "little")


def _advertisement(data: bytes) -> None:
    text = data[:20].decode("utf-8", "replace")
    uuids = tuple(data[k : k + 16].hex() for k in range(0, len(data) // 2, 16))
    told = Advertisement(
        address="C0:00:00:00:00:01",
        name=text,
        rssi_dbm=-200,
        service_uuids=uuids,
        manufacturer_data={int.from_bytes(data[-2:], "little"): data[4:]},
    )
    for driver in DRIVERS:
        assert driver.matches(told) in (True, False)
