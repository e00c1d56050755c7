"""``imuhip simulate``: a person who does not exist, as a file or as sensors on the air."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imuhip.cli.options import JsonOption, OptionError, free_path, session_path
from imuhip.cli.output import note, print_json, say, working

if TYPE_CHECKING:
    from imuhip.simulation.kit import VirtualKit

__all__ = ["simulate_app"]

simulate_app = typer.Typer(
    help="Simulate a person, with the exact truth beside the data.", no_args_is_help=False
)

ActivityOption = Annotated[str, typer.Option("--activity", help="walk or run.")]
MinutesOption = Annotated[
    float, typer.Option("--minutes", min=0.1, max=600.0, help="How long the person moves.")
]
SeedOption = Annotated[int, typer.Option("--seed", help="Another number is another person.")]
RateOption = Annotated[float, typer.Option("--rate", min=25.0, max=1000.0, help="In Hz.")]


@simulate_app.callback(invoke_without_command=True)
def simulate(
    ctx: typer.Context,
    activity: ActivityOption = "walk",
    minutes: MinutesOption = 2.0,
    seed: SeedOption = 0,
    rate: RateOption = 100.0,
    out: Annotated[Path | None, typer.Option("--out", help="The session file to write.")] = None,
    protocol: Annotated[
        str | None,
        typer.Option(
            "--protocol", help="Calibration movements of this protocol (calibration/protocols/)."
        ),
    ] = None,
    magnetometer: Annotated[
        bool, typer.Option("--magnetometer", help="Sensors with one, in an undisturbed field.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Write the recording of a simulated person, with its truth, to a session file."""
    if ctx.invoked_subcommand is not None:
        return
    import imuhip

    movements = None if protocol is None else _movements(protocol)
    now = datetime.now().astimezone()
    path = free_path(out or session_path(Path("recordings"), now, "simulated"))
    with working(f"simulating {minutes:g} min"):
        recording = imuhip.simulate(
            activity,
            minutes,
            seed,
            rate_hz=rate,
            movements=movements,
            magnetometer=magnetometer,
        )
        recording.save(path)
    if json:
        print_json(
            {
                "file": path,
                "duration_s": recording.duration_s,
                "rate_hz": recording.rate_hz,
                "sensors": list(recording.sensors),
                "seed": seed,
            }
        )
    else:
        say(f"{path}: {recording.duration_s:.1f} s, {', '.join(recording.sensors)}")


def _movements(protocol: str) -> tuple[str, ...]:
    from imuhip.calibration.protocol import shipped_protocol, shipped_protocol_names

    names = shipped_protocol_names()
    if protocol not in names:
        raise OptionError(
            f"--protocol {protocol}: there is no such protocol",
            hint=f"choose among {', '.join(names)}",
        )
    return shipped_protocol(protocol).movements


@simulate_app.command("test")
def test(
    name: Annotated[
        str, typer.Argument(metavar="TEST", help="For example hip_rotation_supine or hinge.")
    ],
    seed: SeedOption = 0,
    rate: RateOption = 100.0,
    out: Annotated[Path | None, typer.Option("--out", help="The session file to write.")] = None,
    side: Annotated[str, typer.Option("--side", help="Leg under test: left or right.")] = "left",
    repetitions: Annotated[
        int, typer.Option("--repetitions", help="How many, of each direction.")
    ] = 3,
    direction: Annotated[
        str | None, typer.Option("--direction", help="internal, external, open, closed or both.")
    ] = None,
    active: Annotated[
        bool, typer.Option("--active", help="The person moves the leg, not a tester.")
    ] = False,
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", metavar="NAME[=SIZE]", help="What is done wrong; 1 is plain."),
    ] = None,
    visit: Annotated[int, typer.Option("--visit", help="Another number: another time.")] = 0,
    restrapped: Annotated[
        bool, typer.Option("--restrapped", help="Sensors strapped on anew for this visit.")
    ] = False,
    change: Annotated[
        list[str] | None,
        typer.Option("--change", metavar="NAME=SIZE", help="What truly changed until this visit."),
    ] = None,
    trunk: Annotated[bool, typer.Option("--trunk", help="Wear a trunk sensor too.")] = False,
    json: JsonOption = False,
) -> None:
    """Write the recording of a simulated person who does a clinical test or a drill.

    Printed beside it: what the test should report, measured on the person's bones.
    """
    from imuhip.cli.simulated_test import AskedTest, simulate_test

    now = datetime.now().astimezone()
    path = free_path(out or session_path(Path("recordings"), now, "simulated"))
    asked = AskedTest(
        test=name,
        seed=seed,
        rate_hz=rate,
        side=side,
        repetitions=repetitions,
        direction=direction,
        active=active,
        faults=fault or (),
        changes=change or (),
        visit=visit,
        restrapped=restrapped,
        trunk=trunk,
    )
    simulate_test(asked, path, json=json)


@simulate_app.command("radio")
def radio(
    listen: Annotated[
        str,
        typer.Option(
            "--listen",
            metavar="TRANSPORT",
            help="Where a host can connect; port 0 takes a free one.",
        ),
    ] = "tcp-server:127.0.0.1:9000",
    replay: Annotated[
        Path | None,
        typer.Option("--replay", help="Replay this session (.h5) or MATLAB (.mat) file."),
    ] = None,
    start: Annotated[
        float, typer.Option("--start", min=0.0, help="Begin the replay here, s in the file.")
    ] = 0.0,
    stop: Annotated[
        float | None, typer.Option("--stop", min=0.0, help="End the replay here, s in the file.")
    ] = None,
    sensor: Annotated[str, typer.Option("--sensor", help="Model of the sensors.")] = "imuhip",
    bond: Annotated[
        bool, typer.Option("--bond", help="Sensors that ask for a bond; imuhip ones can.")
    ] = False,
    worn: Annotated[
        list[str] | None,
        typer.Option("--segment", help="Wear a sensor here; once per sensor. All by default."),
    ] = None,
    activity: ActivityOption = "walk",
    minutes: MinutesOption = 5.0,
    seed: SeedOption = 0,
    taps: Annotated[
        bool,
        typer.Option("--taps", help="Tap a sensor twice for each line 'tap SEGMENT' on stdin."),
    ] = False,
) -> None:
    """Run virtual sensors behind an HCI controller, until Ctrl-C.

    Another process reaches them with --radio hci:tcp-client:127.0.0.1:9000.
    """
    import asyncio

    from imuhip.simulation.kit import serve
    from imuhip.simulation.models import VIRTUAL_MODELS

    if sensor not in VIRTUAL_MODELS:
        raise OptionError(
            f"--sensor {sensor}: not a model that can be simulated",
            hint=f"choose among {', '.join(VIRTUAL_MODELS)}",
        )
    asyncio.run(
        serve(
            listen,
            replay=replay,
            start_s=start,
            stop_s=stop,
            segments=tuple(worn) if worn else None,
            activity=activity,
            minutes=minutes,
            seed=seed,
            sensor=sensor,
            bonds=bond,
            on_ready=_announce_with_taps if taps else _announce,
        )
    )


def _announce(kit: VirtualKit, listening: str) -> None:
    for segment, address in kit.assignment.items():
        say(f"{segment}={address}")
    say(f"listening on {listening}; {kit.motion.duration_s:.1f} s of motion; Ctrl-C ends")
    if listening.startswith("tcp-server:"):
        note(f"hint: imuhip scan --radio hci:tcp-client:{listening.removeprefix('tcp-server:')}")


def _announce_with_taps(kit: VirtualKit, listening: str) -> None:
    import asyncio
    import sys
    import threading

    _announce(kit, listening)
    loop = asyncio.get_running_loop()

    def listen() -> None:
        for line in sys.stdin:
            command, _, segment = line.strip().partition(" ")
            if command == "tap" and segment in kit.sensors:
                loop.call_soon_threadsafe(kit.motion.tap, segment)
                note(f"tapped {segment}")
            elif line.strip():
                note(f"expected 'tap SEGMENT' with one of {', '.join(kit.sensors)}")

    # A daemon: reading stdin cannot be broken off, and Ctrl-C has to end the service.
    threading.Thread(target=listen, name="imuhip-taps", daemon=True).start()
