"""Which sensor is worn where: checking what people typed, and finding it on the air."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from imuhip.core.link import Advertisement, Radio
from imuhip.core.segments import SEGMENTS
from imuhip.errors import ConfigError, ConnectError, DeviceError, SensorNotFoundError

__all__ = ["SearchPlan", "checked_assignment", "connect_failure", "find_sensors"]


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """How long to look for sensors before giving up."""

    n_scans: int = 3
    scan_s: float = 5.0


def checked_assignment(pairs: Mapping[str, str] | Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return segment to address, each at most once.

    Parameters
    ----------
    pairs : mapping or iterable of (segment, address)
        As typed.

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
    by_segment: dict[str, str] = {}
    by_address: dict[str, str] = {}
    for segment, address in items:
        if segment not in SEGMENTS:
            raise ConfigError(
                f"unknown segment {segment!r}", hint=f"segments are {', '.join(SEGMENTS)}"
            )
        if segment in by_segment:
            raise ConfigError(
                f"{segment}: two sensors assigned, {by_segment[segment]} and {address}",
                hint="a segment carries one sensor; remove one of the two",
            )
        if address.casefold() in by_address:
            raise ConfigError(
                f"{address}: assigned to {by_address[address.casefold()]} and to {segment}",
                hint="a sensor can be worn on one segment; imuhip scan shows the addresses",
            )
        by_segment[segment] = address
        by_address[address.casefold()] = segment
    return by_segment


async def find_sensors(
    radio: Radio, wanted: Mapping[str, str], plan: SearchPlan
) -> dict[str, Advertisement]:
    """Scan until every wanted sensor was seen, or in vain.

    Parameters
    ----------
    radio : Radio
        The adapter.
    wanted : mapping of segment to address
        Addresses are compared without regard to case.
    plan : SearchPlan
        When to give up.

    Returns
    -------
    mapping of segment to Advertisement
        Of those that were seen.
    """
    segments = {address.casefold(): segment for segment, address in wanted.items()}
    found: dict[str, Advertisement] = {}

    def complete(seen: Mapping[str, Advertisement]) -> bool:
        known = {address.casefold() for address in seen}
        return all(a in known or s in found for a, s in segments.items())

    for _ in range(plan.n_scans):
        seen = await radio.scan(plan.scan_s, stop_when=complete)
        for address, advertisement in seen.items():
            if address.casefold() in segments:
                found[segments[address.casefold()]] = advertisement
        if len(found) == len(segments):
            break
    return {segment: found[segment] for segment in wanted if segment in found}


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
    kind = ConnectError if failed else SensorNotFoundError
    return kind("; ".join(parts), hint="; ".join(dict.fromkeys(h for h in hints if h)))
