"""``imuhip forget``: a sensor that was reset, replaced or given away."""

from __future__ import annotations

from typing import Annotated

import typer

from imuhip.cli.options import JsonOption
from imuhip.cli.output import print_json, say

__all__ = ["forget"]

SensorArgument = Annotated[
    str, typer.Argument(metavar="SENSOR", help="Its serial number, or the address it had last.")
]


def forget(sensor: SensorArgument, json: JsonOption = False) -> None:
    """Forget a sensor: its place in the remembered kit, and the bond made with it."""
    from imuhip.cli.kit_memory import forget_sensor
    from imuhip.errors import ConfigError

    forgotten = forget_sensor(sensor)
    if not forgotten:
        raise ConfigError(
            f"nothing is known of a sensor {sensor}",
            hint="imuhip doctor lists the remembered kit; serial numbers are printed on sensors",
            code="E105",
        )
    if json:
        print_json(forgotten)
        return
    for one in forgotten:
        say(f"forgot {one}")
    say(
        "an operating system that paired with it keeps its own key: remove the sensor from the"
        " system's Bluetooth devices, too"
    )
