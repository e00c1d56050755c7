"""The sensor models that can be simulated, by the name ``--sensor`` knows them by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from imuhip.radio.gatt_model import GattModel
from imuhip.simulation.sensor_stream import Motion
from imuhip.simulation.virtual_metamotion import VirtualMetaMotion
from imuhip.simulation.virtual_movella_dot import VirtualMovellaDot
from imuhip.simulation.virtual_movesense import VirtualMovesense
from imuhip.simulation.virtual_polar import VirtualPolar
from imuhip.simulation.virtual_sensor import SensorSpec, VirtualSensor
from imuhip.simulation.virtual_thingy52 import VirtualThingy52
from imuhip.simulation.virtual_witmotion import VirtualWitMotion

__all__ = ["VIRTUAL_MODELS", "VirtualModel"]


class VirtualModel(GattModel, Protocol):
    """A worn sensor on the virtual radio."""

    @property
    def spec(self) -> SensorSpec:
        """Return who it is."""
        ...

    def close(self) -> None:
        """End whatever runs."""
        ...


VIRTUAL_MODELS: Final[Mapping[str, Callable[[SensorSpec, Motion], VirtualModel]]] = {
    "imuhip": VirtualSensor,
    "movella_dot": VirtualMovellaDot,
    "movesense": VirtualMovesense,
    "witmotion": VirtualWitMotion,
    "thingy52": VirtualThingy52,
    "polar": VirtualPolar,
    "metamotion": VirtualMetaMotion,
}
