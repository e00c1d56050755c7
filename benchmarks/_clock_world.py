"""Sensors with known clocks on links with known delays, sample by sample, through the real stream.

Each sample carries its own number in its acceleration, so that the time it is given can be held
against the instant at which it was taken, whatever was lost, wrapped or restarted on the way. The
bytes are those of the models; drivers' decoders and `imuhip.acquisition` do the rest.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from imuhip.acquisition.clock_mapping import MappingPolicy
from imuhip.acquisition.host_time import HostTime
from imuhip.acquisition.settled_clocks import LIVE_WINDOW_S, SETTLE_INTERVAL_S, settle_clocks
from imuhip.acquisition.stream import SensorStream
from imuhip.acquisition.two_way import Exchange
from imuhip.core.sensor import ClockFit, StreamConfig
from imuhip.core.series import FloatArray, IntArray
from imuhip.recording.plan import SampleRows
from imuhip.sensors.imuhip_v1.driver import ImuhipV1Driver
from imuhip.sensors.imuhip_v1.packets import RawPacket, encode_packet
from imuhip.sensors.movella_dot.driver import MovellaDotDriver
from imuhip.sensors.movesense.driver import MovesenseDriver
from imuhip.sensors.witmotion.driver import WitMotionDriver

__all__ = ["MODELS", "Faults", "Link", "Model", "Outcome", "World", "pause_at"]

WRAP_S: Final = 2**32 * 1e-6
PAUSE_S: Final = 3.0
"""A broken link, or a restart, lasts so long."""
_G: Final = 9.80665
_ACC_UNIT: Final = 16 * _G / 32768
_DIGITS: Final = np.array([10_000, 100, 1])
"""Of a sample's number, in x, y and z: small enough for every model's range."""


@dataclass(frozen=True)
class Model:
    """What of a model matters to clocks.

    Parameters
    ----------
    name : str
        For people.
    driver : Any
        Whose decoder reads the packets.
    rate_hz : int
        Of samples.
    batch : int
        Samples in a packet.
    dither_s : float
        By how much the hand-over varies, where it is stated.
    asks : bool
        Whether the sensor answers questions for its clock.
    rate_error : float
        How far the rate of sensors without a clock may be off.
    """

    name: str
    driver: Any
    rate_hz: int
    batch: int
    dither_s: float = 0.0
    asks: bool = False
    rate_error: float = 0.0


MODELS: Final = {
    "imuhip": Model("imuhip v1", ImuhipV1Driver(), 100, 6, dither_s=0.03, asks=True),
    "imuhip_1.0": Model("imuhip v1, no sync", ImuhipV1Driver(), 100, 6, dither_s=0.03),
    "movella_dot": Model("Movella DOT", MovellaDotDriver(), 60, 1),
    "movesense": Model("Movesense", MovesenseDriver(), 104, 8),
    "witmotion": Model("WitMotion", WitMotionDriver(), 100, 1, rate_error=0.01),
}


@dataclass(frozen=True)
class Link:
    """A connection: its events, and what else delays.

    Parameters
    ----------
    interval_s : float
        Between connection events.
    up_s, down_s : float
        Least delay from the sensor to the host, and back, s.
    jitter_s : float
        Scale of what the host adds now and then, s.
    resent : float
        Share of packets that take another interval.
    """

    interval_s: float
    up_s: float = 0.0007
    down_s: float = 0.0007
    jitter_s: float = 0.0004
    resent: float = 0.03

    def delivered(
        self, rng: np.random.Generator, phase_s: float, ready_s: FloatArray, least_s: float
    ) -> FloatArray:
        """Return when what is ready at (n,) instants comes out at the other end, in order."""
        event = np.ceil((ready_s - phase_s) / self.interval_s)
        event += rng.geometric(1 - self.resent, len(ready_s)) - 1
        out_s = phase_s + event * self.interval_s + least_s
        out_s += np.abs(rng.normal(0, self.jitter_s, len(ready_s)))
        return np.asarray(np.maximum.accumulate(out_s))


@dataclass(frozen=True)
class Faults:
    """What happens meanwhile.

    Parameters
    ----------
    stalls : int
        How often the host reads nothing for 50 to 400 ms.
    breaks : bool
        Whether the link breaks in the middle; a u32 clock of µs wraps in the pause.
    wraps : bool
        Whether it wraps while packets come.
    reboots : bool
        Whether the sensor starts anew in the middle.
    """

    stalls: int = 0
    breaks: bool = False
    wraps: bool = False
    reboots: bool = False


def pause_at(duration_s: float) -> float:
    """Return when links break and sensors start anew, s."""
    return round(0.45 * duration_s, 2)


@dataclass
class Outcome:
    """Times given to samples, against when these were taken.

    Parameters
    ----------
    taken_s, live_s, final_s : (n,) array, s
        When each sample was taken, and its times while recording and after the stop.
    fits : tuple of ClockFit
        Final lines.
    live_uncertainty_s : float or None
        As last told in the status.
    """

    taken_s: FloatArray
    live_s: FloatArray
    final_s: FloatArray
    fits: tuple[ClockFit, ...]
    live_uncertainty_s: float | None

    def error_s(self, at_s: FloatArray, *, live: bool = False) -> FloatArray:
        """Return how late times are at given instants, (m,) s; NaN where there is no sample."""
        given_s = self.live_s if live else self.final_s
        right = np.clip(np.searchsorted(self.taken_s, at_s), 1, len(self.taken_s) - 1)
        near = np.minimum(
            np.abs(at_s - self.taken_s[right - 1]), np.abs(at_s - self.taken_s[right])
        )
        error_s = np.interp(at_s, self.taken_s, given_s - self.taken_s)
        return np.where(near < 0.1, error_s, np.nan)


class _Host:
    """A clock that stands where the simulation puts it."""

    now_s = 0.0

    def monotonic_ns(self) -> int:
        return round(self.now_s * 1e9)

    def unix_s(self) -> float:
        return 1.7e9 + self.now_s


@dataclass
class _Sensor:
    model: Model
    stream: SensorStream
    happenings: list[tuple[float, str, Any]]
    taken_s: FloatArray
    rows: list[SampleRows] = field(default_factory=list)

    def store(self, _arrival_s: FloatArray, _packets: Sequence[bytes], rows: Any) -> bool:
        if rows is not None:
            self.rows.append(rows)
        return True


class World:
    """A host and its sensors for a while.

    Parameters
    ----------
    duration_s : float
        How long they stream.
    seed : int
        Of everything that is by chance.
    """

    def __init__(self, duration_s: float, seed: int) -> None:
        self.duration_s = duration_s
        self._rng = np.random.default_rng(seed)
        self._clock = _Host()
        self._host = HostTime(self._clock)
        self._sensors: list[_Sensor] = []

    def wear(self, model: Model, link: Link, faults: Faults, skew: float) -> None:
        """Add a sensor whose clock is `skew` fast, on a connection of its own phase."""
        rng = self._rng
        config = StreamConfig(rate_hz=model.rate_hz)
        stream = SensorStream(
            self._host,
            config,
            model.driver.decoder,
            policy=MappingPolicy(),
            ring_capacity_samples=1000,
            on_event=lambda _kind, _text: None,
        )
        rate_hz = model.rate_hz * (1 + skew) * (1 + model.rate_error * rng.uniform(-1, 1))
        n_samples = int(self.duration_s * rate_hz) // model.batch * model.batch
        taken_s = 0.05 + rng.uniform(0, 0.1) + np.arange(n_samples) / rate_hz
        begin_s = self._clock_begin(faults)
        pause_s = pause_at(self.duration_s)
        happenings: list[tuple[float, str, Any]] = [(0.0, "start", None)]
        parts = [(-np.inf, np.inf, begin_s)]
        if faults.breaks or faults.reboots:
            after_s = 2.0 - pause_s - PAUSE_S if faults.reboots else begin_s
            parts = [(-np.inf, pause_s, begin_s), (pause_s + PAUSE_S, np.inf, after_s)]
            happenings.append((pause_s + PAUSE_S, "start", None))
        n_before = 0
        for first_s, last_s, zero_s in parts:

            def device_s(at_s: FloatArray, zero_s: float = zero_s) -> FloatArray:
                return np.asarray(zero_s + at_s * (1 + skew))

            sent = np.flatnonzero((taken_s >= first_s) & (taken_s < last_s))
            sent = sent[: len(sent) // model.batch * model.batch].reshape(-1, model.batch)
            phase_s = rng.uniform(0, link.interval_s)
            handed_s = taken_s[sent[:, -1]] + rng.uniform(0, 1, len(sent)) * model.dither_s
            arrival_s = link.delivered(rng, phase_s, handed_s, link.up_s)
            n_before = int(sent[0, 0]) if faults.reboots and np.isfinite(first_s) else 0
            for index, hand_s, at_s in zip(sent, handed_s, arrival_s, strict=True):
                packet = _ENCODERS[model.driver.model](
                    index, n_before, device_s(taken_s[index]), float(device_s(hand_s)), model
                )
                happenings.append((float(at_s), "packet", packet))
            if model.asks:
                happenings += self._questions(link, phase_s, arrival_s, device_s)
        happenings = _stalled(happenings, self._stalls(faults.stalls))
        happenings.sort(key=lambda each: each[0])
        self._sensors.append(_Sensor(model, stream, happenings, taken_s))

    def _clock_begin(self, faults: Faults) -> float:
        """Return what a clock shows at 0 s."""
        if faults.breaks:
            return WRAP_S - pause_at(self.duration_s) - 0.5 * PAUSE_S
        return WRAP_S - 0.3 * self.duration_s if faults.wraps else 77.0

    def _stalls(self, n_stalls: int) -> list[tuple[float, float]]:
        starts = self._rng.uniform(1.0, self.duration_s - 1.0, n_stalls)
        return [(float(s), float(s + self._rng.uniform(0.05, 0.4))) for s in starts]

    def _questions(
        self,
        link: Link,
        phase_s: float,
        arrival_s: FloatArray,
        device_s: Callable[[FloatArray], FloatArray],
    ) -> list[tuple[float, str, Any]]:
        rng = np.random.default_rng(round(1e9 * phase_s))  # arrivals are the same without them
        asked_s = arrival_s[0] + np.cumsum(rng.uniform(0.5, 1.5, int(self.duration_s * 2)))
        asked_s = asked_s[asked_s < arrival_s[-1] - 0.5]
        received_s = link.delivered(rng, phase_s, asked_s, link.down_s)
        answered_s = link.delivered(rng, phase_s, received_s + 1e-4, link.up_s)
        return [
            (float(b), "answer", Exchange(float(a), float(r), float(s), float(b)))
            for a, r, s, b in zip(
                asked_s, device_s(received_s), device_s(received_s + 1e-4), answered_s, strict=True
            )
        ]

    def run(self) -> list[Outcome]:
        """Let everything arrive, stop, and return what became of the times of each sensor."""
        streams = {str(k): sensor.stream for k, sensor in enumerate(self._sensors)}
        for sensor in self._sensors:
            sensor.stream.begin_recording(sensor.store)
        happenings = sorted(
            ((at_s, k, kind, what) for k, s in enumerate(self._sensors)
             for at_s, kind, what in s.happenings),
            key=lambda each: each[0],
        )  # fmt: skip
        next_settling_s = 0.0
        for at_s, k, kind, what in happenings:
            self._clock.now_s = at_s
            stream = self._sensors[k].stream
            if kind == "packet":
                stream.on_packet(what)
            elif kind == "answer":
                stream.on_exchange(what)
            else:
                stream.stream_started()
            stream.consume()
            if at_s >= next_settling_s:
                next_settling_s = at_s + SETTLE_INTERVAL_S
                settle_clocks(streams, window_s=LIVE_WINDOW_S)
        live = [sensor.stream.clock_uncertainty_s for sensor in self._sensors]
        settle_clocks(streams)
        return [_outcome(s, told) for s, told in zip(self._sensors, live, strict=True)]


def _outcome(sensor: _Sensor, live_uncertainty_s: float | None) -> Outcome:
    fits = sensor.stream.end_recording()
    rows = {
        name: np.concatenate([getattr(part, name) for part in sensor.rows])
        for name in ("epoch", "device_time_s", "time_s", "acc")
    }
    unit = _ACC_UNIT if sensor.model.driver.model in _COUNTED_ACC else 1.0
    digits = np.rint(rows["acc"] / unit).astype(int)
    taken_s = sensor.taken_s[digits @ _DIGITS]
    final_s = np.concatenate(
        [fit.to_recording(rows["device_time_s"][rows["epoch"] == fit.epoch]) for fit in fits]
    )
    order = np.argsort(taken_s)
    return Outcome(taken_s[order], rows["time_s"][order], final_s[order], fits, live_uncertainty_s)


def _stalled(
    happenings: list[tuple[float, str, Any]], stalls: list[tuple[float, float]]
) -> list[tuple[float, str, Any]]:
    """Return what the host reads late; answers are stamped late too."""
    out = []
    for at_s, kind, what in happenings:
        read_s = max([at_s, *(stop for start, stop in stalls if start <= at_s < stop)])
        if kind == "answer" and read_s > at_s:
            what = Exchange(what.asked_s, what.received_s, what.sent_s, read_s)
        out.append((read_s, kind, what))
    return out


# -- the models' bytes ----------------------------------------------------------------------------

_COUNTED_ACC: Final = ("imuhip", "WitMotion")


def _digits(index: IntArray) -> FloatArray:
    return np.asarray(index[:, np.newaxis] // _DIGITS % 100, dtype=float)


def _imuhip(
    index: IntArray, n_before: int, device_s: FloatArray, handed_s: float, model: Model
) -> bytes:
    counts = np.concatenate([_digits(index), np.zeros((len(index), 3))], axis=1).astype(np.int16)
    first_us, last_us = round(float(device_s[0]) * 1e6), round(float(device_s[-1]) * 1e6)
    return encode_packet(
        RawPacket(
            seq=int(index[0]) - n_before,
            time_us=first_us,
            dt_us=round(1e6 / model.rate_hz),
            counts=counts,
            flags=0,
            age_us=max(0, round(handed_s * 1e6) - last_us),
        )
    )


def _movella_dot(
    index: IntArray, _n_before: int, device_s: FloatArray, _handed_s: float, _model: Model
) -> bytes:
    stamp_us = round(float(device_s[0]) * 1e6) % 2**32
    return struct.pack("<I3f3f", stamp_us, *_digits(index)[0], 0.0, 0.0, 0.0).ljust(40, b"\0")


def _movesense(
    index: IntArray, _n_before: int, device_s: FloatArray, _handed_s: float, _model: Model
) -> bytes:
    stamp_ms = int(float(device_s[0]) * 1e3) % 2**32
    acc = _digits(index).astype("<f4").tobytes()
    return bytes((2, 1)) + struct.pack("<I", stamp_ms) + acc + bytes(len(acc))


def _witmotion(
    index: IntArray, _n_before: int, _device_s: FloatArray, _handed_s: float, _model: Model
) -> bytes:
    return struct.pack("<BB9h", 0x55, 0x61, *_digits(index)[0].astype(int), *([0] * 6))


_ENCODERS: Final[dict[str, Callable[..., bytes]]] = {
    MODELS["imuhip"].driver.model: _imuhip,
    MODELS["movella_dot"].driver.model: _movella_dot,
    MODELS["movesense"].driver.model: _movesense,
    MODELS["witmotion"].driver.model: _witmotion,
}
