"""``imuhip scan``: which sensors are in reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from imuhip.cli.options import JsonOption, RadioOption
from imuhip.cli.output import following, note, print_json, say, terminal_columns
from imuhip.cli.session_radio import opened_radio

if TYPE_CHECKING:
    from imuhip.cli.kit_memory import RememberedSensor
    from imuhip.cli.output import Following
    from imuhip.cli.scan_table import Heard, ScanTable
    from imuhip.cli.stop_signals import StopSignals
    from imuhip.core.link import Radio
    from imuhip.errors import ImuhipError

__all__ = ["remembered", "scan"]

_EXIT_INTERRUPTED = 130
_STEP_S = 0.1
_DRAW_S = 0.25
_CONNECT_S = 10.0
_TALK_S = 15.0

SecondsOption = Annotated[
    float, typer.Option("--seconds", min=0.5, max=600.0, help="How long to listen.")
]
AllOption = Annotated[
    bool, typer.Option("--all", help="Show every Bluetooth device, not only known sensors.")
]
ReadOption = Annotated[
    bool,
    typer.Option("--read", help="Connect to each sensor: serial number, firmware, battery."),
]
IdentifyOption = Annotated[
    str | None,
    typer.Option(
        "--identify",
        metavar="ADDRESS",
        help="Let this sensor blink, if its model can; a segment of the remembered kit will do.",
    ),
]


def scan(
    radio: RadioOption = "auto",
    seconds: SecondsOption = 5.0,
    show_all: AllOption = False,
    read: ReadOption = False,
    identify: IdentifyOption = None,
    json: JsonOption = False,
) -> None:
    """List the sensors in reach: name, model, address, signal, and where they were last worn.

    On a terminal the table renews itself while it listens. Ctrl-C ends it early, with what was
    heard so far.
    """
    import asyncio

    from imuhip.cli.scan_table import ScanTable
    from imuhip.cli.stop_signals import StopSignals

    table = ScanTable(remembered(), show_all)
    wanted = None
    if identify is not None:
        known = table.kit.get(identify)
        wanted = identify if known is None else known.address
    with StopSignals() as stop:
        asyncio.run(_scan(radio, seconds, table, stop, read=read, blink=wanted))
    if json:
        print_json([one.facts() for one in table.rows])
    else:
        _print(table, radio, blinked=wanted)
    if stop.requested.is_set():
        raise typer.Exit(_EXIT_INTERRUPTED)


def remembered() -> dict[str, RememberedSensor]:
    """Return the remembered kit; empty when there is none to be had."""
    from imuhip.cli.kit_memory import recall_kit
    from imuhip.errors import ConfigError

    try:
        return dict(recall_kit())
    except ConfigError:
        return {}


async def _scan(
    spec: str,
    seconds: float,
    table: ScanTable,
    stop: StopSignals,
    *,
    read: bool,
    blink: str | None,
) -> None:
    with following(f"listening for {seconds:g} s", seconds, transient=True) as shown:
        async with opened_radio(spec) as opened:
            await _listen(opened.radio, seconds, table, stop, shown, until=blink)
            if stop.requested.is_set():
                return
            if blink is not None:
                await _identify(opened.radio, table, blink)
            elif read:
                for one in [one for one in table.rows if one.model]:
                    shown.show(seconds, [*_drawn(table), f"reading {one.address}"])
                    await _read(opened.radio, one)
                    if stop.requested.is_set():
                        return


async def _listen(
    radio: Radio,
    seconds: float,
    table: ScanTable,
    stop: StopSignals,
    shown: Following,
    *,
    until: str | None,
) -> None:
    import asyncio

    loop = asyncio.get_running_loop()
    started_s = loop.time()
    next_s = 0.0
    sought = (until or "").casefold()
    scanning = asyncio.create_task(
        radio.scan(
            seconds,
            on_seen=lambda heard: table.hear(heard, loop.time()),
            stop_when=lambda seen: bool(sought) and sought in {a.casefold() for a in seen},
        )
    )
    while not scanning.done() and not stop.requested.is_set():
        await asyncio.wait({scanning}, timeout=_STEP_S)
        elapsed_s = loop.time() - started_s
        shown.advance(elapsed_s)
        if shown.is_in_place and elapsed_s >= next_s:
            next_s = elapsed_s + _DRAW_S
            shown.show(elapsed_s, _drawn(table, loop.time()))
    if not scanning.done():
        scanning.cancel()
        await asyncio.gather(scanning, return_exceptions=True)
        return
    await scanning


def _drawn(table: ScanTable, now_s: float | None = None) -> list[str]:
    lines = table.lines(terminal_columns() - 1, now_s) if table.rows else ["no sensor heard yet"]
    return [*lines, *_others(table)]


def _others(table: ScanTable) -> list[str]:
    n = table.n_hidden
    if not n:
        return []
    return [f"and {n} other Bluetooth device{'s' * (n > 1)} (--all shows them)"]


async def _read(radio: Radio, one: Heard) -> None:
    """Read what only a connected sensor tells; trouble with one leaves the others be."""
    import asyncio

    from imuhip.errors import ImuhipError
    from imuhip.sensors.registry import driver_for

    driver = driver_for(one.advertisement)
    if driver is None:
        return
    link = radio.link(one.address, lambda: None)
    try:
        await link.connect(_CONNECT_S)
        async with asyncio.timeout(_TALK_S):
            one.take(await driver.identify(link), await driver.battery_percent(link))
    except ImuhipError as error:
        one.trouble = error.message
    except TimeoutError:
        one.trouble = f"{one.address}: connected, but did not answer within {_TALK_S:g} s"
    finally:
        await _let_go(link)


async def _identify(radio: Radio, table: ScanTable, address: str) -> None:
    """Let a sensor blink.

    Raises
    ------
    SensorNotFoundError, ConnectError
        When it is not there, is no known sensor, or its model cannot show itself.
    """
    import asyncio

    from imuhip.acquisition.identity import protect
    from imuhip.errors import ConnectError
    from imuhip.sensors.registry import driver_for

    one = next((one for one in table.rows if one.address.casefold() == address.casefold()), None)
    driver = None if one is None else driver_for(one.advertisement)
    if one is None or driver is None:
        raise _not_there(address, table)
    link = radio.link(one.address, lambda: None)
    try:
        await link.connect(_CONNECT_S)
        async with asyncio.timeout(_TALK_S):
            identity = await driver.identify(link)
            one.take(identity, await driver.battery_percent(link))
            await protect(one.address, link, identity)
            await driver.blink(link)
    except TimeoutError as error:
        raise ConnectError(
            f"{one.address}: connected, but did not answer within {_TALK_S:g} s",
            hint="bring the sensor nearer and check its battery",
        ) from error
    finally:
        await _let_go(link)


def _not_there(address: str, table: ScanTable) -> ImuhipError:
    from imuhip.errors import SensorNotFoundError

    near = ", ".join(one.address for one in table.rows if one.model) or "none"
    return SensorNotFoundError(
        f"{address}: not heard, or no sensor of a known model; sensors heard: {near}",
        hint="switch it on, bring it near, disconnect phones from it; --seconds 20 listens longer",
    )


async def _let_go(link: object) -> None:
    from contextlib import suppress

    from imuhip.errors import ImuhipError

    with suppress(ImuhipError):
        await link.disconnect()  # type: ignore[attr-defined]


def _print(table: ScanTable, radio: str, *, blinked: str | None) -> None:
    import sys

    rows = table.rows
    if not rows:
        say("no known sensor in reach")
        for line in _others(table):
            say(line)
        note(
            "what helps: switch the sensors on (a charging or sleeping sensor is silent); bring"
            " them within 5 m; disconnect phones and other programs from them: a connected sensor"
            " does not advertise; listen longer with --seconds 20; imuhip doctor examines this"
            " computer's Bluetooth"
        )
        return
    width = terminal_columns() - 1 if sys.stdout.isatty() else None
    for line in [*table.lines(width), *_others(table)]:
        typer.echo(line)
    for one in rows:
        if one.trouble:
            say(f"{one.address}: could not be read: {one.trouble}")
    if table.absent:
        say(f"of the kit used last not heard: {', '.join(table.absent)}")
    _print_verification(rows)
    known = [one for one in rows if one.model]
    if blinked is not None:
        say(f"{blinked}: was told to blink; look for its light now")
    elif table.kit and not table.absent:
        note("next: imuhip record" + _radio_option(radio))
    elif known:
        options = _radio_option(radio)
        example = f"pelvis={known[0].address} --assign thigh_left=ADDRESS"
        typer.echo(f"next: imuhip record{options} --assign {example} ...", err=True)
        typer.echo(f"or by taps: imuhip kit assign{options}", err=True)


def _print_verification(rows: list[Heard]) -> None:
    from imuhip.sensors.registry import verification

    by_words: dict[str, list[str]] = {}
    for model in sorted({one.model for one in rows if one.model}):
        by_words.setdefault(verification(model), []).append(model)
    for words, models in by_words.items():
        if words != "hardware-verified":
            note(f"{', '.join(models)}: {words}")


def _radio_option(radio: str) -> str:
    return "" if radio == "auto" else f" --radio {radio}"
