"""``imuhip finalise``: make a complete recording small that could not be at its end."""

from __future__ import annotations

from imuhip.cli.options import FileArgument, JsonOption
from imuhip.cli.output import following, print_json, say

__all__ = ["finalise"]


def finalise(file: FileArgument, json: JsonOption = False) -> None:
    """Make a complete recording smaller, every value the same; recording does it by itself."""
    from imuhip.recording.finalise import finalise as finalise_file

    with following(f"finalising {file}", 1.0) as shown:
        done = finalise_file(file, progress=shown.advance)
    if json:
        print_json(
            {"file": done.path, "before_bytes": done.before_bytes, "after_bytes": done.after_bytes}
        )
    elif done.after_bytes == done.before_bytes:
        say(f"{done.path}: is small already ({done.after_bytes / 1e6:.1f} MB)")
    else:
        say(f"{done.path}: {done.before_bytes / 1e6:.1f} -> {done.after_bytes / 1e6:.1f} MB")
