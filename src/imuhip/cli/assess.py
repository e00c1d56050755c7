"""``imuhip assess``: what the tests of a recording show, beside the norms of their position."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imuhip.cli.options import JsonOption, OptionError
from imuhip.cli.output import note, print_json, print_table, say, working

if TYPE_CHECKING:
    from imuhip.analysis.assess import Assessment
    from imuhip.analysis.reserves import GaitReserve
    from imuhip.assessment.compensation_map import CompensationMap
    from imuhip.assessment.measures import Measure
    from imuhip.assessment.norms import NormView
    from imuhip.assessment.pain import PainBeside
    from imuhip.recording.session import Recording

__all__ = ["assess", "value"]

ProfileOption = Annotated[
    str, typer.Option("--norms", help="Whose norms to show beside: clinic or measured.")
]
SexOption = Annotated[str, typer.Option("--sex", help="female, male or any: which norms speak.")]
AgeOption = Annotated[int | None, typer.Option("--age", min=0, max=120, help="Years.")]
MapOption = Annotated[
    bool, typer.Option("--map", help="Show what stands out together, with what speaks against it.")
]
ListOption = Annotated[bool, typer.Option("--list", help="Name all tests and what they need.")]


def assess(
    file: Annotated[Path | None, typer.Argument(help="A session file (.h5).")] = None,
    norms: ProfileOption = "clinic",
    sex: SexOption = "any",
    age: AgeOption = None,
    show_map: MapOption = False,
    list_tests: ListOption = False,
    json: JsonOption = False,
) -> None:
    """Measure the tests of a recording: range of motion, hinge and drills."""
    if list_tests:
        _list(json=json)
        return
    if file is None:
        raise OptionError("FILE is missing", hint="imuhip assess FILE, or imuhip assess --list")
    if sex not in ("female", "male", "any"):
        raise OptionError(f"--sex {sex}: expected female, male or any", hint="such as --sex female")
    import imuhip
    from imuhip.assessment.pain import find_pain, pain_beside

    recording = imuhip.open(file)
    found = measured(recording, file.name)
    views = found.norms(norms, sex=sex, age=age)
    told = pain_beside(find_pain(recording.markers), found.trials)
    drawn = _map(recording) if show_map else None
    if json:
        # several tests may give one measure: each norm tells its position
        beside: dict[str, list[dict[str, object]]] = {}
        for (_, name, of), shown in views.items():
            beside.setdefault(f"{name}_{of}" if of else name, []).extend(map(_norm, shown))
        record = {"file": file, **found.as_dict(), "norms": {"profile": norms, **beside}}
        record["pain"] = [one.as_dict() for one in told]
        print_json(record | ({"map": drawn.as_dict()} if drawn else {}))
        return
    for trial in found.trials:
        side = f", {trial.side}" if trial.side else ""
        count = sum(len(reps) for reps in trial.repetitions.values())
        say(f"{trial.test}{side} at {trial.start_s:.0f} s: {count} repetitions")
        for line in trial.notes:
            say(f"  - {line}")
        if trial.measures:
            rows = [
                (_words(m.name), value(m), _beside(views.get(m.key, ())), m.note)
                for m in trial.measures
            ]
            print_table(("measure", "value", f"norm ({norms})", "note"), rows)
        say()
    _print_reserves(found.reserves)
    _print_pain(told)
    if drawn:
        _print_map(drawn)


def measured(recording: Recording, name: str) -> Assessment:
    """Measure the tests of a recording, and what its gait uses of them, with progress on stderr."""
    import imuhip

    with working(f"measuring {name}", 1.0):
        found = imuhip.assess(recording)
    asked = {"hip_internal_rotation_true", "hip_extension_of_hip"}
    if not asked & {m.name for m in found.measures} and _are_on_one_clock(recording):
        return found
    minutes = recording.duration_s / 60.0
    with working(f"analysing the gait of {name}", 0.5 * minutes):
        try:
            analysis = imuhip.analyze(recording)
        except imuhip.ImuhipError as error:  # a session of tests need not hold a walk
            if any(marker.name == "gait" for marker in recording.markers):
                note(f"what gait uses of the range is not told: {error.message}")
            return found
    return imuhip.assess(recording, analysis=analysis)


def _are_on_one_clock(recording: Recording) -> bool:
    """Return whether every sensor's own clock was mapped; if not, its walk is asked."""
    devices = recording.devices
    return all(s in devices and devices[s].identity.clock_hz > 0.0 for s in recording.sensors)


def _print_reserves(reserves: Sequence[GaitReserve]) -> None:
    """Print what gait uses of what the tests found."""
    if not reserves:
        return

    def number(one: GaitReserve, name: str, unit: str) -> str:
        value, sd = one.found[name], one.found[name.replace("_", "_sd_")]
        return "" if value is None else f"{value:.1f} ± {'?' if sd is None else f'{sd:.1f}'}{unit}"

    print_table(
        ("used in gait", "side", "gait", "used", "available", "share", "note"),
        [
            (_words(one.name), one.side, one.gait, number(one, "used_deg", "°"),
             number(one, "available_deg", "°"), number(one, "share_percent", " %"),
             one.found["problem"] or one.note)
            for one in reserves
        ],
    )  # fmt: skip
    for one in reserves:
        if one.found.get("pelvis_tilt_deg") is not None:
            tilt = one.found["pelvis_tilt_deg"]
            say(
                f"  {one.side}: pelvis tilted by {tilt:.1f}° at the peak of extension in {one.gait}"
            )
    say()


def _print_pain(told: Sequence[PainBeside]) -> None:
    """Print what was said of pain, beside what was done right before."""
    if not told:
        return
    print_table(
        ("pain", "side", "at", "after"),
        [
            (f"{one.pain.score} of 10", one.pain.side or "", f"{one.pain.at_s:.0f} s",
             f"{_words(one.test)}, repetition {one.repetition}" if one.repetition else one.test)
            for one in told
        ],
    )  # fmt: skip
    say(f"n = {len(told)}; beside each other in one person, which is no diagnosis")
    say()


def _map(recording: Recording) -> CompensationMap:
    """Draw what stands out of tests, gait and pain together."""
    from imuhip.analysis.compare import measured as all_measured
    from imuhip.analysis.gait_measures import as_main_gait, as_main_limits
    from imuhip.assessment.change import shipped_limits
    from imuhip.assessment.compensation_map import draw_map

    measures = all_measured(recording).measures
    return draw_map(as_main_gait(measures), as_main_limits(shipped_limits(), measures))


def _print_map(found: CompensationMap) -> None:
    """Print what stands out, and every edge that lights."""

    def number(amount: float, sign: str = "") -> str:
        return "" if math.isnan(amount) else f"{amount:{sign}.1f}"

    print_table(
        ("node", "side", "state", "against", "by", "limit"),
        [
            (n.node.name, n.side or "", n.state, n.against, number(n.by, "+"), number(n.limit))
            for n in found.nodes
            if n.state != "not measured"
        ],
    )
    say()
    for lit in found.lit:
        say(f"{lit.words} [{lit.edge.source}; grade {lit.edge.evidence}]")
        say(f"  against it: {lit.edge.contrary}")
    if not found.lit:
        say("nothing stands out together by more than measuring gives by itself")


def value(measure: Measure) -> str:
    """Return a measure with its uncertainty and how many repetitions it rests on."""
    found = measure.as_dict()
    if found["value"] is None:
        return "not measured"
    unit = {"deg": "°", "1": "", "%": " %", "s": " s", "deg/s": " °/s"}[measure.unit]
    digits = 2 if measure.unit in ("1", "s") else 1
    spread = "± ?" if found["sd"] is None else f"± {found['sd']:.{digits}f}"
    return f"{found['value']:.{digits}f} {spread}{unit} (n = {measure.n})"


def _beside(views: tuple[NormView, ...]) -> str:
    return "; ".join(
        f"{view.standing} [{view.norm.source}, {view.norm.evidence}]"
        if view.standing != "no limits"
        else f"{_group(view)} [{view.norm.source}, {view.norm.evidence}]"
        for view in views
    )


def _group(view: NormView) -> str:
    norm = view.norm
    if norm.mean is None:
        return f"{norm.low:g} to {norm.high:g}°"
    return f"{norm.mean:g}{f' ± {norm.sd:g}' if norm.sd else ''}°"


def _norm(view: NormView) -> dict[str, object]:
    import attrs

    return {"standing": view.standing, "z": view.z, **attrs.asdict(view.norm)}


def _words(name: str) -> str:
    return name.replace("_", " ")


def _list(*, json: bool) -> None:
    from imuhip.assessment.protocol import shipped_test, shipped_tests

    tests = [shipped_test(name) for name in shipped_tests()]
    if json:
        told = [
            {"name": t.name, "title": t.title, "position": t.position, "needs": list(t.needs)}
            | {"sides": t.sides}
            for t in tests
        ]
        print_json({"tests": told})
        return
    print_table(
        ("test", "what", "sensors", "marker"),
        [(t.name, t.title, ", ".join(t.needs), f"{t.name}{'_left' if t.sides else ''}")
         for t in tests],
    )  # fmt: skip
