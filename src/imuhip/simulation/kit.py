"""A kit of virtual sensors on a person, on virtual Bluetooth, in this process or as its own.

``open_virtual_kit`` is what ``--radio sim`` uses, ``serve`` what ``imuhip simulate radio`` runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from imuhip.core.link import Radio
from imuhip.errors import ConfigError
from imuhip.recording.session import Recording
from imuhip.simulation.models import VIRTUAL_MODELS, VirtualModel
from imuhip.simulation.shared_motion import SharedMotion
from imuhip.simulation.virtual_sensor import SensorSpec

if TYPE_CHECKING:
    from imuhip.radio.virtual_air import VirtualAir

__all__ = ["DEFAULT_SEGMENTS", "VirtualKit", "open_virtual_kit", "serve", "virtual_person"]

DEFAULT_SEGMENTS: Final = ("pelvis", "thigh_left", "thigh_right")

_LAST_BYTES: Final = {
    "pelvis": (0x1A, 0x2B),
    "thigh_left": (0x2C, 0x3D),
    "thigh_right": (0x3E, 0x4F),
    "shank_left": (0x4A, 0x5B),
    "shank_right": (0x5C, 0x6D),
    "trunk": (0x6E, 0x7F),
}
_SKEW_PPM: Final = {
    "pelvis": 11.0,
    "thigh_left": -17.0,
    "thigh_right": 23.0,
    "shank_left": -8.0,
    "shank_right": 5.0,
    "trunk": -26.0,
}


def virtual_person(
    activity: str = "walk",
    minutes: float = 5.0,
    *,
    seed: int = 0,
    rate_hz: float = 100.0,
    segments: tuple[str, ...] = DEFAULT_SEGMENTS,
) -> Recording:
    """Simulate what the sensors of one person measure.

    Raises
    ------
    ConfigError
        When it cannot be simulated so; see `imuhip.simulation.simulate.simulate`.
    """
    from imuhip.simulation.simulate import simulate

    return simulate(activity, minutes, seed, rate_hz=rate_hz, segments=segments)


class VirtualKit:
    """Virtual sensors on the air. Make it with `open_virtual_kit`; close it with `close`.

    Parameters
    ----------
    air : VirtualAir
        Where they hang, and the knobs of its faults.
    motion : SharedMotion
        What they feel.
    sensors : mapping of segment to VirtualModel
        One for each segment.
    """

    def __init__(
        self, air: VirtualAir, motion: SharedMotion, sensors: Mapping[str, VirtualModel]
    ) -> None:
        self.air = air
        self.motion = motion
        self.sensors = dict(sensors)

    @property
    def assignment(self) -> dict[str, str]:
        """Return the address of the sensor worn on each segment."""
        return {segment: sensor.address for segment, sensor in self.sensors.items()}

    async def radio(self) -> Radio:
        """Return a radio that reaches them: Bleak over a bumble central, as on a real adapter."""
        return await self.air.radio("sim")

    def begin(self) -> None:
        """Let the motion begin now, whoever streams already."""
        self.motion.begin_now()

    async def finished(self) -> None:
        """Wait until the motion has come to its end."""
        await self.motion.finished()

    async def close(self) -> None:
        """Take all sensors off the air."""
        for sensor in self.sensors.values():
            sensor.close()
        await self.air.close()


async def open_virtual_kit(
    source: Recording | None = None,
    *,
    begin: Literal["all", "first", "explicit"] = "all",
    at_end: Literal["hold", "loop"] | None = None,
    lead_s: float = 1.0,
    exact: bool | None = None,
    largest_mtu: int = 247,
    connection_interval_s: float = 0.0,
    back_fills: bool = False,
    tells_clock: bool = False,
    bonds: bool = False,
    sensor: str = "imuhip",
) -> VirtualKit:
    """Put a kit of virtual sensors on the air.

    Parameters
    ----------
    source : Recording, optional
        What the sensors measure, one sensor for each of its segments; by default a person who walks
        for five minutes, pelvis and both thighs.
    begin : {"all", "first", "explicit"}
        When the motion begins; see `SharedMotion`. Until then the person stands still.
    at_end : {"hold", "loop"}, optional
        What follows it; by default a given `source` holds, the default person walks on.
    lead_s : float
        How long the person stands still after the start that lets the motion begin.
    exact : bool, optional
        Give the sensors perfect clocks, so that they send the samples of `source` unchanged; by
        default so for a given `source`. Otherwise clocks run up to 26 ppm fast or slow.
    largest_mtu : int
        Largest ATT MTU the sensors agree to.
    connection_interval_s : float
        Grid on which data crosses the air; 0 delivers at once.
    back_fills : bool
        Whether imuhip sensors can be asked for what got lost.
    tells_clock : bool
        Whether imuhip sensors answer the question for their clock.
    bonds : bool
        Whether imuhip sensors ask for a bond.
    sensor : str
        Model of the sensors: a key of `imuhip.simulation.models.VIRTUAL_MODELS`.

    Raises
    ------
    ConfigError
        When the package for virtual Bluetooth is not installed.
    """
    try:
        from imuhip.radio.virtual_air import VirtualAir
    except ImportError as error:
        raise ConfigError(
            f"virtual sensors need the package {error.name}",
            hint='install it with: pip install "imuhip[sim]"',
        ) from error
    recording = virtual_person() if source is None else source
    motion = SharedMotion(
        recording.sensors,
        recording.rate_hz,
        begin=begin,
        at_end=at_end or ("loop" if source is None else "hold"),
        lead_s=lead_s,
    )
    perfect = source is not None if exact is None else exact
    air = VirtualAir(connection_interval_s=connection_interval_s)
    sensors = {
        segment: VIRTUAL_MODELS[sensor](
            replace(_spec(segment, perfect, largest_mtu, back_fills, tells_clock), bonds=bonds),
            motion,
        )
        for segment in recording.sensors
    }
    for model in sensors.values():
        await air.hang(model)
    return VirtualKit(air, motion, sensors)


async def serve(
    listen: str,
    *,
    replay: str | Path | None = None,
    start_s: float = 0.0,
    stop_s: float | None = None,
    segments: tuple[str, ...] | None = None,
    activity: str = "walk",
    minutes: float = 5.0,
    seed: int = 0,
    rate_hz: float = 100.0,
    begin: Literal["all", "first", "explicit"] = "all",
    sensor: str = "imuhip",
    bonds: bool = False,
    on_ready: Callable[[VirtualKit, str], None] | None = None,
    until: asyncio.Event | None = None,
) -> None:
    """Run a kit of virtual sensors behind an HCI transport until cancelled.

    Parameters
    ----------
    listen : str
        ``"tcp-server:127.0.0.1:9000"`` (port 0 takes a free one), ``"unix-server:PATH"``,
        ``"vhci"`` and whatever else bumble can open.
    replay : path, optional
        A session or MATLAB file to replay, from `start_s` to `stop_s`; see `load_motion`. Without
        it a simulated person does `activity` for `minutes`.
    segments : tuple of str, optional
        Which sensors to wear.
    activity, minutes, seed, rate_hz
        Of the simulated person.
    begin : {"all", "first", "explicit"}
        When the motion begins; see `SharedMotion`.
    sensor : str
        Model of the sensors: a key of `imuhip.simulation.models.VIRTUAL_MODELS`.
    bonds : bool
        Whether imuhip sensors ask for a bond; they forget it when the service ends.
    on_ready : callable, optional
        Called with the kit and the place it listens on, once hosts can connect.
    until : asyncio.Event, optional
        Ends the service when set.

    Raises
    ------
    ConfigError, ExchangeError, BluetoothUnavailableError
        When file, segments or transport cannot be used.
    """
    source = (
        _person(activity, minutes, seed, rate_hz, segments)
        if replay is None
        else _replayed(replay, start_s, stop_s, segments)
    )
    kit = await open_virtual_kit(
        source,
        begin=begin,
        at_end="loop" if replay is None else "hold",
        exact=replay is not None,
        back_fills=True,
        tells_clock=True,
        bonds=bonds,
        sensor=sensor,
    )
    try:
        listening = await kit.air.serve_hci(listen)
        if on_ready is not None:
            on_ready(kit, listening)
        await (until or asyncio.Event()).wait()
    finally:
        await kit.close()


def _person(
    activity: str, minutes: float, seed: int, rate_hz: float, segments: tuple[str, ...] | None
) -> Recording:
    wanted = segments or DEFAULT_SEGMENTS
    return virtual_person(activity, minutes, seed=seed, rate_hz=rate_hz, segments=wanted)


def _replayed(
    path: str | Path, start_s: float, stop_s: float | None, segments: tuple[str, ...] | None
) -> Recording:
    from imuhip.simulation.replay import load_motion

    return load_motion(path, start_s=start_s, stop_s=stop_s, segments=segments)


def _spec(
    segment: str, perfect: bool, largest_mtu: int, back_fills: bool, tells_clock: bool
) -> SensorSpec:
    """Return a sensor that is the same in every run."""
    high, low = _LAST_BYTES[segment]
    order = list(_LAST_BYTES).index(segment)
    return SensorSpec(
        segment=segment,
        serial="SIM-" + segment.upper().replace("_", "-"),
        address=f"C4:5C:4E:00:{high:02X}:{low:02X}",
        skew_ppm=0.0 if perfect else _SKEW_PPM[segment],
        clock_offset_s=float(np.round(3.7 + 41.3 * order, 6)),
        battery_percent=91 - 4 * order,
        largest_mtu=largest_mtu,
        back_fills=back_fills,
        tells_clock=tells_clock,
    )
