"""``imuhip exclude`` and ``imuhip tag``: notes on a finished file, whose data stay as they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imuhip.cli.options import FileArgument, JsonOption, OptionError
from imuhip.cli.output import print_json, say, working

if TYPE_CHECKING:
    from imuhip.core.annotation import Annotation
    from imuhip.core.segments import Side

__all__ = ["exclude", "exclusion_line", "tag"]

SideOption = Annotated[
    str | None, typer.Option("--side", help="left or right; both legs without it.")
]
FromOption = Annotated[
    float | None, typer.Option("--from", metavar="S", help="Where the stretch begins, s.")
]
ToOption = Annotated[
    float | None, typer.Option("--to", metavar="S", help="Where the stretch ends, s.")
]
AtOption = Annotated[
    float | None, typer.Option("--at", metavar="S", help="The stride at this instant, s.")
]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="Why, in a few words.")]
BackOption = Annotated[
    float | None,
    typer.Option("--take-back", metavar="S", help="Use again what is left out at this instant."),
]
TagsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[TAG]...", help="Free words, each a tag.")
]
RemoveOption = Annotated[bool, typer.Option("--remove", help="Take these tags back.")]


def exclude(
    file: FileArgument,
    at: AtOption = None,
    start: FromOption = None,
    end: ToOption = None,
    side: SideOption = None,
    reason: ReasonOption = None,
    take_back: BackOption = None,
    json: JsonOption = False,
) -> None:
    """Leave strides out of every result, with a reason kept in the file; or list what is.

    Without options what is left out by hand is listed. The data are never changed, and everything
    can be taken back.
    """
    from imuhip.core.annotation import exclusions_of
    from imuhip.recording.annotations import exclude_strides, include_strides, read_annotations

    leg = _leg(side)
    wanted = sum((at is not None, start is not None or end is not None, take_back is not None))
    if wanted > 1 or (start is None) != (end is None):
        raise OptionError(
            "one of --at S, --from S --to S and --take-back S is needed",
            hint="imuhip exclude FILE lists what is left out",
        )
    if take_back is not None:
        include_strides(file, take_back, side=leg)
    elif wanted and reason is None:
        raise OptionError(
            "a stride is left out for a --reason only",
            hint='for example --reason "looked back"; it stands in the file and in the report',
        )
    elif at is not None:
        for whose, start_s, end_s in _strides_at(file, at, leg):
            exclude_strides(file, start_s, end_s, reason or "", side=whose)
    elif start is not None and end is not None:
        exclude_strides(file, start, end, reason or "", side=leg)
    notes = exclusions_of(read_annotations(file))
    if json:
        print_json({"file": file, "excluded_by_hand": notes})
        return
    for note in notes:
        say(exclusion_line(note))
    if not notes:
        say(f"{file}: no stride is left out by hand")


def tag(
    file: FileArgument, tags: TagsArgument = None, remove: RemoveOption = False,
    json: JsonOption = False,
) -> None:  # fmt: skip
    """Give a session tags, free words it is found by; without any, list those it has."""
    from imuhip.core.annotation import tags_of
    from imuhip.recording.annotations import add_tag, read_annotations, remove_tag

    for word in tags or []:
        (remove_tag if remove else add_tag)(file, word)
    found = tags_of(read_annotations(file))
    if json:
        print_json({"file": file, "tags": found})
        return
    for word in found:
        say(word)
    if not found:
        say(f"{file}: has no tags")


def exclusion_line(note: Annotation) -> str:
    """Return an exclusion as a line."""
    whose = f"{note.side} leg" if note.side else "both legs"
    return f"left out by hand: {note.start_s:.2f} to {note.end_s:.2f} s, {whose}: {note.text}"


def _leg(typed: str | None) -> Side | None:
    from imuhip.core.segments import SIDES

    found = next((side for side in SIDES if side == typed), None)
    if typed is not None and found is None:
        raise OptionError(f"--side {typed}: expected left or right")
    return found


def _strides_at(file: Path, at_s: float, side: Side | None) -> list[tuple[Side, float, float]]:
    """Return the strides that hold an instant, as the analysis finds them."""
    import imuhip
    from imuhip.core.segments import SIDES
    from imuhip.errors import RecordingError

    recording = imuhip.open(file)
    with working(f"analysing {recording.duration_s:.0f} s", recording.duration_s / 150):
        strides = imuhip.analyze(recording).strides
    inside = strides[(strides["start_s"] <= at_s) & (strides["end_s"] > at_s)]
    found = [
        (leg, float(one.start_s), float(one.end_s))
        for leg in SIDES
        for one in inside[inside["side"] == leg].itertuples()
        if side in (None, leg)
    ]
    if not found:
        whose = f" of the {side} leg" if side else ""
        raise RecordingError(
            f"{file}: there is no stride{whose} at {at_s:g} s",
            hint="the column start_s of the strides that imuhip export writes tells their times",
            code="E743",
        )
    return found
