"""Radios as the command line gives them to the window, with virtual sensors for real ones."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import imuhip
from imuhip.app.models.known_kit import KitMemory, KnownSensor
from imuhip.core.link import Radio
from imuhip.errors import BluetoothUnavailableError, ConfigError
from imuhip.simulation.kit import VirtualKit, open_virtual_kit


@dataclass
class Opened:
    radio: Radio
    kit: VirtualKit

    async def close(self) -> None:
        await self.radio.close()
        await self.kit.close()


@dataclass
class Radios:
    """Opens radios as the command line does; a kit of virtual sensors stands for real ones too."""

    walk: imuhip.Recording
    has_adapter: bool = True
    hangs: bool = False
    n_asked: int = 0
    kits: list[VirtualKit] = field(default_factory=list)

    async def __call__(self, name: str) -> Opened:
        self.n_asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        if name != "sim" and not self.has_adapter:
            raise BluetoothUnavailableError("no Bluetooth adapter", hint="plug one in")
        kit = await open_virtual_kit(self.walk, begin="explicit")
        self.kits.append(kit)
        return Opened(await kit.radio(), kit)


@dataclass
class Kit:
    """A settings file that keeps the kit."""

    sensors: dict[str, KnownSensor] = field(default_factory=dict)

    def recall(self) -> dict[str, KnownSensor]:
        if not self.sensors:
            raise ConfigError("no kit is remembered yet", code="E102")
        return self.sensors

    @property
    def memory(self) -> KitMemory:
        return KitMemory(self.recall, lambda kit: self.sensors.update(kit))
