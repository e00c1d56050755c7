"""The list of commands, and what ``imuhip`` without one does."""

from __future__ import annotations

import typer

from imuhip.cli import (
    analyze,
    assess,
    batch,
    check,
    compare,
    deidentify,
    demo,
    doctor,
    export,
    finalise,
    forget,
    history,
    import_,
    intrinsics,
    kit,
    live,
    notes,
    recompute,
    record,
    recover,
    repeats,
    report,
    scan,
    sessions,
    simulate,
)
from imuhip.cli import app as window
from imuhip.cli.boundary import Boundary
from imuhip.cli.options import DebugOption, VersionOption

__all__ = ["build"]

_HELP = (
    "Record wearable Bluetooth IMUs and measure hip and pelvis rotation.\n\n"
    "Without a command the window opens. imuhip demo shows the whole way without hardware."
    " Not a medical device."
)


def build() -> typer.Typer:
    """Return the application with all commands."""
    app = typer.Typer(
        name="imuhip",
        cls=Boundary,
        help=_HELP,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_start)
    app.command("demo")(demo.demo)
    app.command("scan")(scan.scan)
    app.command("record")(record.record)
    app.command("live")(live.live)
    app.command("app")(window.app)
    app.command("analyze")(analyze.analyze)
    app.command("assess")(assess.assess)
    app.command("compare")(compare.compare)
    app.command("repeats")(repeats.repeats)
    app.command("history")(history.history)
    app.command("report")(report.report)
    app.command("import")(import_.import_)
    app.command("export")(export.export)
    app.command("deidentify")(deidentify.deidentify)
    app.command("batch")(batch.batch)
    app.command("sessions")(sessions.sessions)
    app.command("recompute")(recompute.recompute)
    app.command("check")(check.check)
    app.command("exclude")(notes.exclude)
    app.command("tag")(notes.tag)
    app.command("calibrate-sensor")(intrinsics.calibrate_sensor)
    app.command("recover")(recover.recover)
    app.command("finalise")(finalise.finalise)
    app.command("forget")(forget.forget)
    app.add_typer(kit.kit_app, name="kit")
    app.add_typer(simulate.simulate_app, name="simulate")
    app.command("doctor")(doctor.doctor)
    return app


def _start(ctx: typer.Context, version: VersionOption = False, debug: DebugOption = False) -> None:
    if ctx.invoked_subcommand is None:
        window.app()
