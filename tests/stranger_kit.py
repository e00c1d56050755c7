"""A person's kit on the virtual radio, with strangers that take a sensor's place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from imuhip.acquisition.engine import Engine, EngineOptions
from imuhip.radio.bond_store import BondStore
from imuhip.radio.virtual_air import VirtualAir
from imuhip.recording.session import Recording
from imuhip.simulation.kit import VirtualKit
from imuhip.simulation.shared_motion import SharedMotion
from imuhip.simulation.virtual_sensor import SensorSpec, VirtualSensor
from virtual_time import VirtualClock

__all__ = ["StrangerKit", "exchangeable_kit", "spec_of", "stranger_kit"]


def spec_of(segment: str, place: int, **changes: object) -> SensorSpec:
    spec = SensorSpec(
        segment, f"OWN-{place}", f"C4:5C:4E:00:0D:0{place}", clock_offset_s=3.5 + 10.0 * place
    )
    return replace(spec, **changes)


class StrangerKit(VirtualKit):
    """Sensors that can be exchanged while they are worn."""

    async def wear(self, segment: str, spec: SensorSpec) -> VirtualSensor:
        """Put a sensor on the air as the one of a segment."""
        sensor = VirtualSensor(spec, self.motion)
        self.sensors[segment] = sensor
        await self.air.hang(sensor)
        return sensor

    async def take_away(self, segment: str) -> VirtualSensor:
        """Let a segment's sensor vanish from the air."""
        sensor = self.sensors.pop(segment)
        await self.air.take_off(sensor.address)
        return sensor

    async def bring_back(self, segment: str, sensor: VirtualSensor) -> None:
        """Put a sensor on the air again; its clock ran on, but its stack forgot its bonds."""
        since_s = sensor._on_air_s
        self.sensors[segment] = sensor
        await self.air.hang(sensor)
        sensor._on_air_s = since_s


@asynccontextmanager
async def exchangeable_kit(source: Recording, **changes: object) -> AsyncIterator[StrangerKit]:
    """Sensors on the air, and nobody who listens to them; `changes` go to their `SensorSpec`."""
    air = VirtualAir()
    motion = SharedMotion(source.sensors, source.rate_hz, begin="explicit")
    kit = StrangerKit(air, motion, {})
    for place, segment in enumerate(source.sensors):
        await kit.wear(segment, spec_of(segment, place, **changes))
    try:
        yield kit
    finally:
        await kit.close()


@asynccontextmanager
async def stranger_kit(
    clock: VirtualClock,
    source: Recording,
    *,
    store: BondStore | None = None,
    options: EngineOptions | None = None,
    **changes: object,
) -> AsyncIterator[tuple[StrangerKit, Engine]]:
    """The same, and an engine that keeps its bonds in `store`."""
    async with (
        exchangeable_kit(source, **changes) as kit,
        Engine(await kit.air.radio(bonds=store), clock, options) as engine,
    ):
        yield kit, engine
