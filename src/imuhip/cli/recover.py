"""``imuhip recover``: rescue a recording whose program died."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imuhip.cli.options import FileArgument, JsonOption
from imuhip.cli.output import note, print_json, print_table, say, working

__all__ = ["recover"]

_PER_BYTE_S = 3e-7
"""An hour of three sensors, 100 MB while it is recorded, takes half a minute to decode again."""

OutOption = Annotated[
    Path | None, typer.Option("--out", help="The new file; by default NAME_recovered.h5 beside it.")
]


def recover(file: FileArgument, out: OutOption = None, json: JsonOption = False) -> None:
    """Copy what is sound of an unfinished recording to a new file; the old one is not changed."""
    from imuhip.acquisition.rescued_clocks import rescued_clocks
    from imuhip.recording.recovery import recover as recover_file

    size_bytes = file.stat().st_size if file.exists() else 0
    with working(f"recovering {file}", _PER_BYTE_S * size_bytes):
        found = recover_file(file, out, clocks=rescued_clocks)
    if json:
        print_json(
            {
                "source": found.source,
                "recovered": found.recovered,
                "lost_tail_s": found.lost_tail_s,
                "sensors": dict(found.sensors),
                "notes": found.notes,
                "final_clocks": found.final_clocks,
            }
        )
        return
    say(f"recovered {found.recovered}")
    print_table(
        ("sensor", "samples", "packets", "missing", "repeated", "until s"),
        [
            (s, r.samples, r.packets, r.missing_numbers, r.repeated_numbers, r.last_time_s)
            for s, r in found.sensors.items()
        ],
    )
    say(f"at most {found.lost_tail_s:.2f} s were lost at the end")
    if found.final_clocks:
        say(f"clocks mapped as at a stop: {', '.join(found.final_clocks)}")
    for text in found.notes:
        say(f"note: {text}")
    note(f"hint: imuhip analyze {found.recovered}")
