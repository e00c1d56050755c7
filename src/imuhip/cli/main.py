"""Entry point of ``imuhip``."""

from __future__ import annotations

import sys

__all__ = ["run"]

_INTERRUPTED = 130


def run() -> None:
    """Run the command line and exit; Ctrl-C during start-up is as quiet as later."""
    try:
        from imuhip.cli.commands import build
        from imuhip.cli.stop_signals import terminate_like_ctrl_c

        terminate_like_ctrl_c()
        build()()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
