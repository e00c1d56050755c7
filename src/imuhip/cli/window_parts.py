"""What the window is given by the command line: radios by name, and the remembered kit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imuhip.app.models.known_kit import KitMemory, KnownSensor
    from imuhip.cli.session_radio import OpenRadio
    from imuhip.recording.session import Recording

__all__ = ["kit_memory", "window_radio"]

_WALK_MIN = 10.0


async def window_radio(name: str) -> OpenRadio:
    """Open a radio for the window: virtual sensors are worn by somebody who waits for the cue."""
    from imuhip.cli.session_radio import open_for

    if name != "sim":
        return await open_for(name)
    return await open_for(name, _virtual_person(), begin="explicit")


@cache
def _virtual_person() -> Recording:
    """Return somebody who stands for 8 s, then walks: what the first calibration asks for."""
    from imuhip.simulation.simulate import simulate

    return simulate("walk", _WALK_MIN, calibration=False)


def kit_memory() -> KitMemory:
    """Return the kit used last as the window reads and writes it."""
    from imuhip.app.models.known_kit import KitMemory, KnownSensor
    from imuhip.cli.kit_memory import RememberedSensor, recall_kit, remember_kit

    def recall() -> Mapping[str, KnownSensor]:
        return {
            segment: KnownSensor(one.address, one.serial, one.name, one.model)
            for segment, one in recall_kit().items()
        }

    def remember(kit: Mapping[str, KnownSensor]) -> None:
        remember_kit(
            {
                segment: RememberedSensor(one.address, one.serial, one.name, one.model)
                for segment, one in kit.items()
            }
        )

    return KitMemory(recall, remember)
