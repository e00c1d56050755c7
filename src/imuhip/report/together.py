"""What stands out together, and pain beside what was done right before it was told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imuhip.analysis.gait_measures import as_main_gait, as_main_limits, gait_measures, main_gait
from imuhip.assessment.change import shipped_limits
from imuhip.assessment.compensation_map import draw_map
from imuhip.assessment.pain import pain_measures
from imuhip.report.map_drawing import MapDrawing, map_drawing
from imuhip.report.wording import measure_label, plain_number, test_label

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imuhip.analysis.assess import Assessment
    from imuhip.analysis.result import Analysis
    from imuhip.assessment.change import ChangeLimit
    from imuhip.assessment.compensation_map import LitEdge, NodeState
    from imuhip.assessment.measures import Measure
    from imuhip.assessment.pain import Pain, PainBeside

__all__ = [
    "EdgeLine", "MapBox", "NodeRow", "PainRow", "all_measures", "map_box", "pain_rows",
]  # fmt: skip

_SHAPES = {"stands out": "◆", "within": "○", "no limit known": "?"}


@dataclass(frozen=True, slots=True)
class NodeRow:
    """One thing looked at, on one side."""

    name: str
    side: str
    shape: str
    state: str
    by: str
    limit: str
    against: str


@dataclass(frozen=True, slots=True)
class EdgeLine:
    """Two things that stand out together, who says they go together, and who found otherwise."""

    ends: str
    words: str
    source: str
    evidence: str
    contrary: str


@dataclass(frozen=True, slots=True)
class MapBox:
    """The compensation map in rows, and as a drawing."""

    nodes: tuple[NodeRow, ...]
    lit: tuple[EdgeLine, ...]
    unseen: tuple[str, ...]
    drawing: MapDrawing


@dataclass(frozen=True, slots=True)
class PainRow:
    """What was told, and what was done right before."""

    at_s: float
    side: str
    score: int
    doing: str
    values: tuple[str, ...]


def all_measures(
    analysis: Analysis | None, assessment: Assessment | None, said: Sequence[Pain]
) -> tuple[Measure, ...]:
    """Return the measures of tests, gait and pain of one session."""
    of_tests = () if assessment is None else assessment.measures
    of_gait = () if analysis is None else gait_measures(analysis)
    return (*of_tests, *of_gait, *pain_measures(said))


def map_box(
    measures: Sequence[Measure],
    limits: Sequence[ChangeLimit] | None = None,
    *,
    baseline: Sequence[Measure] = (),
) -> MapBox | None:
    """Return what stands out of one session, None where nothing of it was looked at.

    Parameters
    ----------
    measures : sequence of Measure
    limits : sequence of ChangeLimit, optional
        The shipped ones without it.
    baseline : sequence of Measure
        The person's own of an earlier day, which goes before the other side.
    """
    limits = shipped_limits() if limits is None else limits
    other = "run_" if main_gait(measures) == "walk" else "walk_"
    alike = [m for m in baseline if not m.name.startswith(other)]  # walks beside walks alone
    limits = as_main_limits(limits, measures)
    found = draw_map(as_main_gait(measures), limits, baseline=as_main_gait(alike))
    units = {m.name: m.unit for m in as_main_gait(measures)}
    seen = [one for one in found.nodes if one.state != "not measured"]
    if not seen:
        return None
    looked_at = {one.node.name for one in seen}
    lit = tuple(_edge(one) for one in found.lit)
    return MapBox(
        nodes=tuple(_node(one, units.get(one.node.measure, "1")) for one in seen),
        lit=lit,
        unseen=tuple(
            dict.fromkeys(n.node.name for n in found.nodes if n.node.name not in looked_at)
        ),
        drawing=map_drawing(found, [f"{one.ends}, {one.words}" for one in lit]),
    )


def _edge(lit: LitEdge) -> EdgeLine:
    return EdgeLine(
        ends=" and ".join(
            f"{end} ({side})" if side else end
            for end, side in zip(lit.edge.ends, lit.sides, strict=True)
        ),
        words=lit.words,
        source=lit.edge.source,
        evidence=lit.edge.evidence,
        contrary=lit.edge.contrary,
    )


def _node(one: NodeState, unit: str) -> NodeRow:
    is_pain = one.node.measure == "pain"
    return NodeRow(
        name=one.node.name.capitalize(),
        side=one.side or "–",
        shape=_SHAPES[one.state],
        state="told" if is_pain and one.state == "stands out" else one.state,
        by=f"{one.by:.0f} of 10" if is_pain else plain_number(one.by, unit, signed=True),
        limit="–" if is_pain or not np.isfinite(one.limit) else plain_number(one.limit, unit),
        against="what was said" if is_pain else one.against or "–",
    )


def pain_rows(said: Sequence[PainBeside]) -> list[PainRow]:
    """Return what was told, in order of time, beside the repetition before it."""
    return [
        PainRow(
            at_s=one.pain.at_s,
            side=one.pain.side or "side not named",
            score=one.pain.score,
            doing=_doing(one),
            values=tuple(_values(one)),
        )
        for one in said
    ]


def _doing(one: PainBeside) -> str:
    if not one.test:
        return "no test going on"
    test, _, side = one.test.rpartition("_")
    named = test_label(test, side) if side in ("left", "right") else test_label(one.test, None)
    return f"{named}: " + (f"after repetition {one.repetition}" if one.repetition else "between")


def _values(one: PainBeside) -> Iterator[str]:
    for name, value in list(one.values.items())[:3]:
        unit = "1" if name.endswith(("share", "index", "smoothness")) else "deg"
        unit = "s" if name.endswith(("delay", "tempo", "stable")) else unit
        yield f"{measure_label(name)} {plain_number(value, unit)}"
