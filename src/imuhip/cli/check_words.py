"""What ``imuhip check`` prints: one recording in full, or a folder with a line for each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from imuhip.cli.check import VERDICTS, Checked, checked, next_step
from imuhip.cli.notes import exclusion_line
from imuhip.cli.output import note, print_json, print_table, progress, say

if TYPE_CHECKING:
    from imuhip.cli.check import SensorFacts
    from imuhip.recording.session import Recording

__all__ = ["check_folder", "tell"]

_EXIT_SOME_UNUSABLE: Final = 3
_EXIT_NOTHING: Final = 1
_UNREADABLE: Final = "unreadable"
_EVENTS_TOLD: Final = 12


def tell(found: Checked, file: Path) -> None:
    """Print everything about one recording."""
    recording = found.recording
    say(f"{file}: {recording.state}, {recording.duration_s:.1f} s")
    print_table(
        ("sensor", "samples", "lost", "loss %", "filled", "gaps", "longest s", "Hz", "clock ±ms"),
        [
            (
                segment,
                f.samples,
                _counted(f),
                f"{f.loss_percent:.2f}",
                f.backfilled,
                f.gaps,
                f"{f.longest_gap_s:.2f}",
                f"{f.rate_hz:.2f}",
                _milliseconds(f.clock_uncertainty_ms),
            )
            for segment, f in found.facts.items()
        ],
        shorten=("sensor",),
    )
    _tell_how_counted(found.facts)
    _tell_rarities(found.facts)
    _tell_strangers(recording)
    events = recording.events
    for event in events[:_EVENTS_TOLD]:
        where = event.segment or "recording"
        say(f"event {event.at_s:8.1f} s  {where}: {event.kind} {event.text}".rstrip())
    if len(events) > _EVENTS_TOLD:
        say(f"and {len(events) - _EVENTS_TOLD} more events (--json lists them)")
    _tell_calibration(found)
    _tell_notes(recording)
    say(f"verdict: {found.verdict}")
    for finding in found.findings:
        say(f"  - {finding.text}")
    step = next_step(found, file)
    show = typer.echo if step.startswith("imuhip ") else say  # what is to be copied stays whole
    show(f"next: {step}")


def _counted(facts: SensorFacts) -> str:
    return f"~{facts.lost}" if facts.loss_is_estimated else str(facts.lost)


def _tell_how_counted(facts: dict[str, SensorFacts]) -> None:
    guessed = [segment for segment, one in facts.items() if one.loss_is_estimated]
    if guessed:
        say(
            f"losses of {', '.join(guessed)} are ESTIMATES (~): these sensors number nothing, so"
            " only pauses longer than usual show that something is missing"
        )
    if len(guessed) < len(facts):
        rest = "those of the others" if guessed else "losses"
        say(f"{rest} are counted, by the numbers or times that sensors give their samples")


def _tell_rarities(facts: dict[str, SensorFacts]) -> None:
    for segment, one in facts.items():
        named = (
            (one.duplicated, "came twice and were dropped"),
            (one.reordered, "came late and were sorted in"),
            (one.reconnects, "reconnections"),
            (one.bad_packets, "packets could not be decoded"),
        )
        told = [f"{number} {words}" for number, words in named if number]
        if told:
            say(f"{segment}: {', '.join(told)}")


def _tell_strangers(recording: Recording) -> None:
    unnamed = [s for s, device in recording.devices.items() if device.is_known_by_address]
    if unnamed:
        say(
            f"{', '.join(unnamed)}: known by the address alone, these sensors state no serial"
            " number; another one under it could not have been told from it"
        )


def _tell_calibration(found: Checked) -> None:
    evidence = found.calibration.evidence
    if found.calibration.grade is None:
        return
    start_s, end_s = evidence["pose_start_s"], evidence["pose_end_s"]
    pose = "no still pose" if start_s is None else f"still pose {start_s:.1f} to {end_s:.1f} s"
    sway = evidence["pose_sway_deg"]
    told = "" if sway is None else f", sway {sway:.1f}°"
    say(f"calibration {evidence['grade']}: {pose}{told}; analysis {found.calibration.grade}")
    clocks = [
        f"{segment} {one['offset_ms']:+.1f} ± {one['sd_ms']:.1f} ms against {one['against']}"
        + (" (corrected)" if one["corrected"] else "")
        for segment, one in found.calibration.sync.items()
    ]
    if clocks:
        say(f"clocks by the motion itself: {'; '.join(clocks)}")


def _tell_notes(recording: Recording) -> None:
    from imuhip.core.annotation import exclusions_of, tags_of

    for one in exclusions_of(recording.annotations):
        say(exclusion_line(one))
    if tags := tags_of(recording.annotations):
        say(f"tags: {', '.join(tags)}")


def _milliseconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def check_folder(folder: Path, *, json: bool) -> None:
    """Check every session file below a folder, a line each.

    The exit code is 3 when one is unusable or cannot be read, 1 when there is none at all.
    """
    files = sorted(path for path in folder.rglob("*.h5") if path.is_file())
    if not files:
        note(f"error[E400] {folder}: there is no session file (.h5) in this folder")
        note("hint: check the name; imuhip record writes into recordings/ by default")
        raise typer.Exit(_EXIT_NOTHING)
    rows = []
    with progress(f"checking {len(files)} files", len(files)) as show:
        for n_done, file in enumerate(files):
            show(n_done)
            rows.append(_line(file, folder))
    if json:
        print_json({"folder": folder, "files": rows, "verdicts": _tally(rows)})
    else:
        print_table(
            ("file", "verdict", "s", "sensors", "loss %", "longest s", "why"),
            [
                (
                    row["file"],
                    row["verdict"],
                    _number(row["duration_s"], 0),
                    str(row["sensors"] or "-"),
                    _number(row["loss_percent"], 2),
                    _number(row["longest_gap_s"], 2),
                    row["findings"][0] if row["findings"] else "",
                )
                for row in rows
            ],
            shorten=("file", "why"),
        )
        say(", ".join(f"{count} {word}" for word, count in _tally(rows).items() if count))
    if any(row["verdict"] in (VERDICTS[2], _UNREADABLE) for row in rows):
        raise typer.Exit(_EXIT_SOME_UNUSABLE)


def _line(file: Path, folder: Path) -> dict[str, Any]:
    from imuhip.errors import ImuhipError

    name = str(file.relative_to(folder))
    try:
        found = checked(file)
    except ImuhipError as error:
        return {
            "file": name,
            "verdict": _UNREADABLE,
            "duration_s": None,
            "sensors": 0,
            "loss_percent": None,
            "loss_is_estimated": False,
            "longest_gap_s": None,
            "findings": [f"error[{error.code}] {error.message}"],
        }
    facts = found.facts.values()
    worst_first = sorted(found.findings, key=lambda finding: -finding.level)
    return {
        "file": name,
        "verdict": found.verdict,
        "duration_s": found.recording.duration_s,
        "sensors": len(found.facts),
        "loss_percent": max((one.loss_percent for one in facts), default=None),
        "loss_is_estimated": any(one.loss_is_estimated for one in facts),
        "longest_gap_s": max((one.longest_gap_s for one in facts), default=None),
        "findings": [finding.text for finding in worst_first],
    }


def _tally(rows: list[dict[str, Any]]) -> dict[str, int]:
    verdicts = [row["verdict"] for row in rows]
    return {word: verdicts.count(word) for word in (*VERDICTS, _UNREADABLE)}


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
