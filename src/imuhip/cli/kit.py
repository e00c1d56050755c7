"""``imuhip kit``: which sensors are remembered, and telling them apart by taps."""

from __future__ import annotations

from typing import Annotated

import typer

from imuhip.cli.kit_memory import kit_file, recall_kit, remember_kit
from imuhip.cli.options import JsonOption, OptionError, RadioOption
from imuhip.cli.output import note, print_json, print_table, say
from imuhip.errors import ConfigError

__all__ = ["SegmentOption", "SensorOption", "kit_app"]

_EXIT_INTERRUPTED = 130

kit_app = typer.Typer(help="Show the remembered sensors; tell them apart; move them.")

SegmentOption = Annotated[
    list[str] | None,
    typer.Option(
        "--segment",
        metavar="SEGMENT",
        help="Ask for this segment; once per segment. By default pelvis and both thighs.",
    ),
]
SensorOption = Annotated[
    list[str] | None,
    typer.Option(
        "--sensor",
        metavar="ADDRESS",
        help="Choose among these sensors; once per sensor. By default all in reach.",
    ),
]
RateOption = Annotated[int, typer.Option("--rate", min=1, max=1000, help="Samples per second.")]


@kit_app.callback(invoke_without_command=True)
def kit(ctx: typer.Context, json: JsonOption = False) -> None:
    """Show which sensor was worn where last: what imuhip record uses without --assign."""
    if ctx.invoked_subcommand is not None:
        return
    remembered = recall_kit()
    if json:
        print_json({"file": kit_file(), "sensors": remembered})
        return
    print_table(
        ("segment", "serial number", "name", "model", "last address"),
        [
            (segment, one.serial or "-", one.name or "-", one.model or "-", one.address)
            for segment, one in remembered.items()
        ],
        shorten=("name", "serial number", "model"),
    )
    note("imuhip kit assign tells sensors apart by taps; imuhip forget SENSOR forgets one")


@kit_app.command("assign")
def assign(
    segment: SegmentOption = None,
    sensor: SensorOption = None,
    radio: RadioOption = "auto",
    rate: RateOption = 100,
    json: JsonOption = False,
) -> None:
    """Ask for each segment's sensor: the one that feels two taps is worn there. Remember it."""
    from imuhip.cli.stop_signals import StopSignals

    with StopSignals() as stop:
        from imuhip.cli.kit_memory import RememberedSensor
        from imuhip.cli.recording_session import RecordingSession, Stopped
        from imuhip.cli.tap_flow import checked_segments, tapped_kit
        from imuhip.cli.worn_kit import remember_worn

        segments = checked_segments(segment)
        try:
            with RecordingSession(radio, rate, stop, begin="explicit") as session:
                session.open()
                chosen = tapped_kit(session, segments, sensor)
                sensors = {one.address: one for one in session.status().sensors.values()}
                is_virtual = bool(session.virtual_assignment)
        except Stopped:
            note("stopped; the remembered kit is as it was")
            raise typer.Exit(_EXIT_INTERRUPTED) from None
    worn = {
        segment: RememberedSensor(address, one.serial, one.name, one.driver)
        for segment, address in chosen.items()
        for one in [sensors[address]]
    }
    if not is_virtual:
        remember_worn(worn)
    if json:
        print_json({"sensors": worn, "remembered": not is_virtual})
        return
    print_table(
        ("segment", "serial number", "address"),
        [(segment, one.serial or "-", one.address) for segment, one in worn.items()],
    )
    if is_virtual:
        note("virtual sensors are not remembered")
    else:
        note("remembered; next: imuhip record" + ("" if radio == "auto" else f" --radio {radio}"))


@kit_app.command("swap")
def swap(
    one: Annotated[str, typer.Argument(metavar="SEGMENT")],
    other: Annotated[str, typer.Argument(metavar="SEGMENT")],
) -> None:
    """Exchange two segments of the remembered kit, or move a sensor to one that is free."""
    from imuhip.cli.tap_flow import checked_segments

    try:
        checked_segments([one, other])
    except ConfigError as error:
        raise OptionError(error.message, hint=error.hint) from error
    remembered = recall_kit()
    if one not in remembered and other not in remembered:
        raise OptionError(
            f"neither {one} nor {other} is in the remembered kit", hint="imuhip kit shows it"
        )
    exchanged = {one: other, other: one}
    moved = {exchanged.get(segment, segment): sensor for segment, sensor in remembered.items()}
    remember_kit(moved)
    for segment in (one, other):
        if segment in moved:
            say(f"{segment}: {moved[segment].serial or moved[segment].address}")
