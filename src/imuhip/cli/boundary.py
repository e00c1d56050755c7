"""The one place where errors become messages on stderr and exit codes."""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Any

import typer
from typer.core import TyperGroup

from imuhip.cli.options import OptionError
from imuhip.cli.output import note
from imuhip.errors import ImuhipError

__all__ = ["EXIT_ERROR", "EXIT_INTERRUPTED", "EXIT_USAGE", "Boundary", "show_error"]

EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


class Boundary(TyperGroup):
    """The root of the command line; catches what its commands raise."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Accept ``--debug`` in any place, since it is wanted after something went wrong."""
        ctx.obj = {"debug": "--debug" in args}
        _set_up_logging(debug=ctx.obj["debug"])
        return super().parse_args(ctx, [arg for arg in args if arg != "--debug"])

    def invoke(self, ctx: Any) -> Any:
        """Run the command chosen; expected errors end as message, hint and exit code."""
        try:
            return super().invoke(ctx)
        except ImuhipError as error:
            show_error(error, debug=ctx.obj["debug"])
            code = EXIT_USAGE if isinstance(error, OptionError) else EXIT_ERROR
            raise typer.Exit(code) from error
        except KeyboardInterrupt as error:
            typer.echo("interrupted", err=True)
            raise typer.Exit(EXIT_INTERRUPTED) from error
        except (typer.Exit, typer.Abort, typer.BadParameter, BrokenPipeError):
            raise
        except Exception as error:
            if _is_of_typer(error):
                raise
            show_error(_unforeseen(error), debug=ctx.obj["debug"])
            raise typer.Exit(EXIT_ERROR) from error


def show_error(error: ImuhipError, *, debug: bool = False) -> None:
    """Print an error and what to do next on stderr, with the traceback only when asked for."""
    if debug:
        cause = error.__cause__ if error.code == "E999" and error.__cause__ else error
        typer.echo("".join(traceback.format_exception(cause)), err=True, nl=False)
    note(f"error[{error.code}] {error.message}")
    if error.hint:
        note(f"hint: {error.hint}")


def _set_up_logging(*, debug: bool) -> None:
    """Keep logs out of the way; what people need is printed as a status, an error or an event."""
    root = logging.getLogger()
    if debug:
        # Libraries below speak up from warnings on; one line for each packet helps nobody.
        logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
        logging.getLogger("imuhip").setLevel(logging.DEBUG)
    elif not root.handlers:
        root.addHandler(logging.NullHandler())


def _unforeseen(error: Exception) -> ImuhipError:
    wrapped = ImuhipError(
        f"unforeseen {type(error).__name__}: {error}",
        hint="this is a fault of imuhip; run the command again with --debug and report what"
        " it prints",
        code="E999",
    )
    wrapped.__cause__ = error
    return wrapped


def _is_of_typer(error: Exception) -> bool:
    """Return whether typer shows this exception itself: a wrong option, an unknown command."""
    return hasattr(error, "exit_code") and hasattr(error, "format_message")
