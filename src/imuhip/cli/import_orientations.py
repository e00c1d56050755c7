"""``imuhip import FILE.sto``: another program's orientations become a table of angles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from imuhip.cli.options import OptionError, free_path
from imuhip.cli.output import print_json, say, working

if TYPE_CHECKING:
    from imuhip.exchange.orientation_angles import Placing
    from imuhip.exchange.sto_orientations import Orientations

__all__ = ["ENDING", "import_orientations"]

ENDING: Final = ".sto"


def import_orientations(
    path: Path,
    wanted: Mapping[str, str],
    out: Path | None,
    *,
    pose: str | None,
    forwards: str,
    json: bool,
) -> None:
    """Write the angles of a file of orientations, and say what they are not."""
    import imuhip
    from imuhip.exchange.orientation_angles import (
        MARK,
        NOT_TOLD,
        angles_from,
        segments_of,
        write_angles,
    )
    from imuhip.exchange.sto_orientations import read_sto

    placing = _placing(pose, forwards)
    if out is not None and out.suffix.casefold() != ".csv":
        raise OptionError(
            f"--out {out}: orientations alone make no session file, as nothing measured is in them",
            hint="name a table of angles, ending in .csv",
        )
    target = free_path(out or Path(f"{path.stem}_angles.csv"))
    with working("reading", 1.0):
        found = read_sto(path, wanted)
        table = angles_from(found.time_s, segments_of(found, placing))
        about = {
            "angles_from": MARK,
            "software": f"imuhip {imuhip.__version__}",
            "placing": None
            if placing is None
            else {"pose_s": [placing.start_s, placing.end_s], "forwards": placing.forwards},
            **_facts(found),
            "not_told": list(NOT_TOLD),
        }
        files = write_angles(table, {**about, "source": path.name}, target)
    if json:
        print_json({**about, "source": path, "files": files})
        return
    say(f"angles from {MARK}, not estimated by imuhip:")
    for segment, column in found.columns.items():
        say(f"  - {segment}: column {column}")
    for line in (*_remarks(found), *NOT_TOLD):
        say(f"  - {line}")
    span = f"{found.time_s[0]:.2f} to {found.time_s[-1]:.2f} s at {found.rate_hz:.4g} Hz"
    say(f"{files[0]}: {len(table)} rows, {span}")


def _placing(pose: str | None, forwards: str) -> Placing | None:
    from imuhip.exchange.orientation_angles import FORWARDS, Placing

    if forwards not in FORWARDS:
        raise OptionError(
            f"--forwards {forwards}: no such axis", hint=f"one of {', '.join(FORWARDS)}"
        )
    if pose is None:
        return None
    start, colon, end = pose.partition(":")
    try:
        start_s, end_s = float(start), float(end)
    except ValueError:
        start_s = end_s = 0.0
    if not colon or not start_s < end_s:
        raise OptionError(
            f"--pose {pose}: expected its first and last second", hint="such as --pose 0:2"
        )
    return Placing(start_s, end_s, forwards)


def _facts(found: Orientations) -> dict[str, Any]:
    return {
        "rows": len(found.time_s),
        "rate_hz": found.rate_hz,
        "from_s": float(found.time_s[0]),
        "to_s": float(found.time_s[-1]),
        "columns": dict(found.columns),
        "unused": list(found.unused),
        "faults": found.faults.as_dict(),
    }


def _remarks(found: Orientations) -> list[str]:
    faults = found.faults
    counted = {
        "rows with another number of values than the header, dropped": faults.ragged,
        "rows with orientations that are none, left empty": faults.unreadable,
        "rows whose time stood there already, dropped": faults.repeated,
        "rows put back where their time belongs": faults.reordered,
        f"instants missing, the longest gap {faults.longest_gap_s:.2f} s": faults.lost,
    }
    lines = [f"{n} {what}" for what, n in counted.items() if n]
    return [*lines, *(f"not used: {name}" for name in found.unused)]
