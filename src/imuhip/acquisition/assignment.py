"""Which sensor is worn where: checking what people typed, and finding it on the air."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from imuhip.core.link import Advertisement, Radio
from imuhip.core.segments import SEGMENTS
from imuhip.errors import (
    ConfigError,
    ConnectError,
    DeviceError,
    ImuhipError,
    SensorNotFoundError,
)

__all__ = [
    "SearchPlan",
    "WantedSensor",
    "as_wanted",
    "checked_assignment",
    "connect_failure",
    "find_sensors",
]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """How long to look for sensors before giving up."""

    n_scans: int = 3
    scan_s: float = 5.0


@dataclass(frozen=True, slots=True)
class WantedSensor:
    """A sensor as far as it is known before it answers.

    Parameters
    ----------
    address : str
        Where it was last: what to connect to first. A hint when the serial number is known, since
        macOS gives every computer, and every reinstallation, an address of its own.
    serial : str
        Who it is. Empty for a sensor named by its address alone: then whoever answers there first
        is the one, for as long as the engine runs.
    model : str
        Of its driver; only sensors of this model are asked for their serial number when nobody has
        the address.
    """

    address: str
    serial: str = ""
    model: str = ""

    @property
    def has_serial(self) -> bool:
        """Return whether it can be told from others: models without a number state an address."""
        return bool(self.serial) and self.serial.casefold() != self.address.casefold()

    def __str__(self) -> str:
        return f"{self.serial} at {self.address}" if self.has_serial else self.address


Wanted = TypeVar("Wanted", bound=str | WantedSensor)
AskSerial = Callable[[Advertisement], Awaitable[str]]
"""Connects to an advertiser, returns its serial number and lets go of it."""


def as_wanted(sensor: str | WantedSensor) -> WantedSensor:
    """Return what is known of a sensor that may have been named by its address alone."""
    return WantedSensor(sensor) if isinstance(sensor, str) else sensor


def checked_assignment(
    pairs: Mapping[str, Wanted] | Iterable[tuple[str, Wanted]],
) -> dict[str, Wanted]:
    """Return segment to sensor, each at most once.

    Parameters
    ----------
    pairs : mapping or iterable of (segment, sensor)
        As typed: addresses; or as remembered.

    Raises
    ------
    ConfigError
        For an unknown segment, a segment with two sensors, a sensor on two segments, or nothing.
    """
    items = list(pairs.items() if isinstance(pairs, Mapping) else pairs)
    if not items:
        raise ConfigError(
            "no sensor is assigned to a segment",
            hint="assign at least pelvis=ADDRESS and one thigh; imuhip scan shows the addresses",
        )
    by_segment: dict[str, Wanted] = {}
    taken: dict[str, str] = {}
    for segment, sensor in items:
        if segment not in SEGMENTS:
            raise ConfigError(
                f"unknown segment {segment!r}", hint=f"segments are {', '.join(SEGMENTS)}"
            )
        if segment in by_segment:
            raise ConfigError(
                f"{segment}: two sensors assigned, {by_segment[segment]} and {sensor}",
                hint="a segment carries one sensor; remove one of the two",
            )
        wanted = as_wanted(sensor)
        for name in {wanted.address.casefold(), wanted.serial.casefold()} - {""}:
            if name in taken:
                raise ConfigError(
                    f"{sensor}: assigned to {taken[name]} and to {segment}",
                    hint="a sensor can be worn on one segment; imuhip scan shows the addresses",
                )
            taken[name] = segment
        by_segment[segment] = sensor
    return by_segment


async def find_sensors(
    radio: Radio,
    wanted: Mapping[str, WantedSensor],
    plan: SearchPlan,
    *,
    model_of: Callable[[Advertisement], str] = lambda _: "",
    ask_serial: AskSerial | None = None,
) -> dict[str, Advertisement]:
    """Scan until every wanted sensor was seen, or in vain.

    A sensor whose serial number is known and whose address nobody has is looked for among the
    advertisers of its model: each is asked once who it is.

    Parameters
    ----------
    radio : Radio
        The adapter.
    wanted : mapping of segment to WantedSensor
        Addresses are compared without regard to case.
    plan : SearchPlan
        When to give up.
    model_of : callable
        Returns the model an advertisement shows, empty for an unknown one.
    ask_serial : callable, optional
        Asks an advertiser for its serial number; without it addresses decide.

    Returns
    -------
    mapping of segment to Advertisement
        Of those that were seen.
    """
    segments = {sensor.address.casefold(): segment for segment, sensor in wanted.items()}
    found: dict[str, Advertisement] = {}
    asked: dict[str, str] = {}

    def complete(seen: Mapping[str, Advertisement]) -> bool:
        known = {address.casefold() for address in seen}
        return all(a in known or s in found for a, s in segments.items())

    for _ in range(plan.n_scans):
        seen = await radio.scan(plan.scan_s, stop_when=complete)
        for address, advertisement in seen.items():
            if address.casefold() in segments:
                found[segments[address.casefold()]] = advertisement
        absent = {s: w for s, w in wanted.items() if s not in found and w.has_serial}
        if absent and ask_serial is not None:
            strangers = [a for a in seen.values() if a.address.casefold() not in segments]
            found |= await _find_moved(absent, strangers, asked, model_of, ask_serial)
        if len(found) == len(segments):
            break
    return {segment: found[segment] for segment in wanted if segment in found}


async def _find_moved(
    absent: Mapping[str, WantedSensor],
    strangers: Iterable[Advertisement],
    asked: dict[str, str],
    model_of: Callable[[Advertisement], str],
    ask_serial: AskSerial,
) -> dict[str, Advertisement]:
    """Return those of the absent that answer under another address."""
    by_serial = {sensor.serial: segment for segment, sensor in absent.items()}
    models = {sensor.model for sensor in absent.values()}
    found: dict[str, Advertisement] = {}
    for advertisement in strangers:
        if model_of(advertisement) not in models or len(found) == len(absent):
            continue
        if advertisement.address not in asked:
            try:
                asked[advertisement.address] = await ask_serial(advertisement)
            except (ImuhipError, TimeoutError) as error:
                _log.info("%s: not asked for its serial: %s", advertisement.address, error)
                continue
        segment = by_serial.get(asked[advertisement.address])
        if segment is not None:
            found[segment] = advertisement
    return found


def connect_failure(
    missing: Iterable[str],
    failed: Mapping[str, Exception],
    connected: Iterable[str],
    plan: SearchPlan,
) -> DeviceError:
    """Return one error that tells which sensors are connected and what is wrong with the others.

    Parameters
    ----------
    missing : iterable of str
        Segments whose sensor was not seen.
    failed : mapping of segment to exception
        Seen, but not brought to stream.
    connected : iterable of str
        The others.
    plan : SearchPlan
        How long was looked for them.
    """
    missing, connected = list(missing), list(connected)
    parts = []
    hints = []
    if missing:
        total_s = plan.n_scans * plan.scan_s
        parts.append(f"{', '.join(missing)}: not found after {plan.n_scans} scans ({total_s:g} s)")
        hints.append(
            "switch the sensor on, bring it nearer, and make sure that no phone or other program"
            " is connected to it; imuhip scan shows what is in reach"
        )
    for segment, error in failed.items():
        text = str(error) or type(error).__name__
        parts.append(text if text.startswith(segment) else f"{segment}: {text}")
        hints.append(getattr(error, "hint", ""))
    parts.append(f"connected: {', '.join(connected) or 'none'}")
    return _kind(failed)("; ".join(parts), hint="; ".join(dict.fromkeys(h for h in hints if h)))


def _kind(failed: Mapping[str, Exception]) -> type[DeviceError]:
    """Return what they have in common: a stranger in a sensor's place is not just any failure."""
    kinds = {type(error) for error in failed.values()}
    if not kinds:
        return SensorNotFoundError
    kind = kinds.pop()
    return kind if not kinds and issubclass(kind, ConnectError) else ConnectError
