"""``imuhip scan``: which sensors are in reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from imuhip.cli.options import JsonOption, RadioOption
from imuhip.cli.output import note, print_json, print_table, progress, say
from imuhip.cli.session_radio import opened_radio

if TYPE_CHECKING:
    from imuhip.core.link import Advertisement

__all__ = ["scan"]

SecondsOption = Annotated[
    float, typer.Option("--seconds", min=0.5, max=120.0, help="How long to listen.")
]
AllOption = Annotated[
    bool, typer.Option("--all", help="Show every Bluetooth device, not only known sensors.")
]


def scan(
    radio: RadioOption = "auto",
    seconds: SecondsOption = 5.0,
    show_all: AllOption = False,
    json: JsonOption = False,
) -> None:
    """List the sensors in reach: address, name, model, signal."""
    import asyncio

    from imuhip.sensors.registry import driver_for

    seen = asyncio.run(_listen(radio, seconds))
    rows = []
    for advertisement in sorted(seen.values(), key=lambda a: -a.rssi_dbm):
        driver = driver_for(advertisement)
        if driver is not None or show_all:
            rows.append((advertisement, driver.model if driver else ""))
    if json:
        print_json(
            [
                {"address": a.address, "name": a.name, "model": model, "rssi_dbm": a.rssi_dbm}
                for a, model in rows
            ]
        )
        return
    if not rows:
        others = f" ({len(seen)} other Bluetooth devices are; --all shows them)" if seen else ""
        say(f"no known sensor in reach{others}")
        note("hint: switch the sensors on, bring them near, disconnect phones from them")
        return
    worn = _worn()
    print_table(
        ("address", "name", "model", "signal dBm", "last worn"),
        [
            (a.address, a.name or "-", model or "unknown", a.rssi_dbm, worn.get(a.address, "-"))
            for a, model in rows
        ],
    )
    note(f"hint: imuhip record --assign pelvis={rows[0][0].address} --assign thigh_left=...")


def _worn() -> dict[str, str]:
    """Return address to segment of the remembered kit; empty when there is none to be had."""
    from imuhip.cli.kit_memory import recall_kit
    from imuhip.errors import ConfigError

    try:
        return {sensor.address: segment for segment, sensor in recall_kit().items()}
    except ConfigError:
        return {}


async def _listen(spec: str, seconds: float) -> dict[str, Advertisement]:
    import asyncio

    async with opened_radio(spec) as opened:
        with progress(f"scanning for {seconds:g} s", seconds) as show:
            scanning = asyncio.create_task(opened.radio.scan(seconds))
            loop = asyncio.get_running_loop()
            started_s = loop.time()
            while not scanning.done():
                await asyncio.wait({scanning}, timeout=0.2)
                show(loop.time() - started_s)
            return await scanning
