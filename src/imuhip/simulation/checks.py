"""What a session cannot be: options are refused by name, before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence

from imuhip.core.segments import SEGMENTS
from imuhip.errors import ConfigError
from imuhip.simulation.plan import PAUSES

__all__ = ["check_pause", "check_scales", "check_session"]


def check_session(
    minutes: float, rate_hz: float, segments: Sequence[str], packet_loss: float
) -> None:
    """Raise ConfigError unless a session of that length, rate and kit can be simulated."""
    if not 0.0 < minutes <= 600.0:
        raise ConfigError(f"cannot simulate {minutes} min", hint="choose above 0 and up to 600")
    if not 10.0 <= rate_hz <= 2000.0:
        raise ConfigError(f"cannot simulate at {rate_hz} Hz", hint="choose 10 to 2000 Hz")
    unknown = sorted(set(segments) - set(SEGMENTS))
    if unknown or not segments or len(set(segments)) != len(segments):
        raise ConfigError(
            f"cannot put sensors on {list(segments)}",
            hint=f"choose each at most once from {', '.join(SEGMENTS)}",
        )
    if not 0.0 <= packet_loss < 1.0:
        raise ConfigError(
            f"cannot lose a fraction of {packet_loss} of the packets", hint="choose 0 to below 1"
        )


def check_scales(**scales: float) -> None:
    """Raise ConfigError unless each is 0 or more; the message names the one that is not."""
    for name, value in scales.items():
        if not 0.0 <= value <= 100.0:
            raise ConfigError(f"cannot use {name}={value}", hint="choose 0 or more")


def check_pause(pause: str | None, pause_min: float) -> None:
    """Raise ConfigError unless people can pause like that."""
    if pause is not None and pause not in PAUSES:
        raise ConfigError(
            f"cannot simulate a pause {pause!r}", hint=f"choose one of {', '.join(PAUSES)}"
        )
    if not 1.0 <= pause_min <= 120.0:
        raise ConfigError(f"cannot pause for {pause_min} min", hint="choose 1 to 120")
