"""What stands out together: a small map of measures, lit with restraint.

A node stands out when a measure differs from the other side, or from the person's own baseline, by
more than its minimal detectable change. An edge lights only when both its ends do. Edges are data
of ``calibration/references/compensation.toml``, each with its source, its grade and the study that
speaks against it. "Consistent with" is all an edge ever says: nothing here causes anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

import attrs
import numpy as np

from imuhip import resources
from imuhip.assessment.change import ChangeLimit, Strapping, best_limit
from imuhip.assessment.measures import Measure, MeasureKey
from imuhip.calibration.toml_file import checked_converter, read_structured
from imuhip.core.segments import SIDES, Side

__all__ = [
    "CompensationMap",
    "Edge",
    "LitEdge",
    "MapPlan",
    "Node",
    "NodeState",
    "draw_map",
    "read_map",
    "shipped_map",
]

State = Literal["stands out", "within", "no limit known", "not measured"]

_HINT = "Correct the file; calibration/references/README.md explains each entry."


@attrs.frozen
class Node:
    """One thing to look at."""

    name: str
    measure: str
    stands_out: Literal["less", "more", "either"]
    sided: bool


@attrs.frozen
class Edge:
    """Two things said to go together, by whom, how well, and who found otherwise."""

    ends: tuple[str, str]
    sides: Literal["same", "opposite", "any"]
    words: str
    source: str
    evidence: Literal["A", "B", "C", "D"]
    contrary: str


@attrs.frozen
class MapPlan:
    """What may be looked at, and what is said to go together."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def __attrs_post_init__(self) -> None:
        names = {node.name for node in self.nodes}
        strange = sorted({end for edge in self.edges for end in edge.ends} - names)
        if strange:
            raise ValueError(f"edges end at nodes that are not described: {', '.join(strange)}")


@attrs.frozen
class NodeState:
    """A node of one person.

    Parameters
    ----------
    node : Node
    side : {"left", "right"}, optional
    state : str
    by : float
        How far it differs in the way that counts, in the measure's unit; NaN where unknown.
    limit : float
        The minimal detectable change; NaN where unknown.
    against : str
        ``"other side"`` or ``"own baseline"``, empty where neither is there.
    """

    node: Node
    side: Side | None
    state: State
    by: float = np.nan
    limit: float = np.nan
    against: str = ""


@attrs.frozen
class LitEdge:
    """An edge both of whose ends stand out."""

    edge: Edge
    sides: tuple[Side | None, Side | None]

    @property
    def words(self) -> str:
        """Return what may be said of it."""
        return f"consistent with: {self.edge.words}"


@attrs.frozen
class CompensationMap:
    """All nodes of one person, and the edges that light."""

    nodes: tuple[NodeState, ...]
    lit: tuple[LitEdge, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON-safe values."""
        return {
            "nodes": [
                {
                    "name": found.node.name,
                    "side": found.side,
                    "state": found.state,
                    "by": float(found.by) if np.isfinite(found.by) else None,
                    "limit": float(found.limit) if np.isfinite(found.limit) else None,
                    "against": found.against,
                }
                for found in self.nodes
            ],
            "lit": [
                {
                    "ends": list(lit.edge.ends),
                    "sides": list(lit.sides),
                    "words": lit.words,
                    "source": lit.edge.source,
                    "evidence": lit.edge.evidence,
                    "contrary": lit.edge.contrary,
                }
                for lit in self.lit
            ],
        }


def draw_map(
    measures: Sequence[Measure],
    limits: Sequence[ChangeLimit],
    *,
    baseline: Sequence[Measure] = (),
    strapping: Strapping = "same",
    plan: MapPlan | None = None,
) -> CompensationMap:
    """Return what stands out, and what of that goes together.

    Parameters
    ----------
    measures : sequence of Measure
        Of one person, from tests and gait.
    limits : sequence of ChangeLimit
    baseline : sequence of Measure
        The person's own of an earlier day; goes before the other side. The limit is then that of
        sensors put on again.
    strapping : {"same", "again"}
        Between the two sides; they are usually measured with the same straps.
    plan : optional
        From `read_map`; the one that comes with imuhip without it.
    """
    plan = plan or shipped_map()
    now, before = _Found(measures), _Found(baseline)
    nodes = tuple(
        _state(node, side, now, before, limits, strapping)
        for node in plan.nodes
        for side in (SIDES if node.sided else (None,))
    )
    out = [found for found in nodes if found.state == "stands out"]
    lit = tuple(
        LitEdge(edge, (a.side, b.side))
        for edge in plan.edges
        for a in out
        for b in out
        if (a.node.name, b.node.name) == edge.ends and _belong(edge, a.side, b.side)
    )
    return CompensationMap(nodes, lit)


def _belong(edge: Edge, a: Side | None, b: Side | None) -> bool:
    if edge.sides == "any" or a is None or b is None:
        return True
    return (a == b) == (edge.sides == "same")


class _Found:
    """Measures by name for what is told, and by test for what is compared."""

    def __init__(self, measures: Sequence[Measure]) -> None:
        self._newest = {(m.name, m.side): m for m in measures}
        self._by_key = {m.key: m for m in measures}

    def newest(self, name: str, side: Side | None) -> Measure | None:
        return self._newest.get((name, side))

    def of(self, key: MeasureKey) -> Measure | None:
        return self._by_key.get(key)


def _state(
    node: Node,
    side: Side | None,
    now: _Found,
    before: _Found,
    limits: Sequence[ChangeLimit],
    strapping: Strapping,
) -> NodeState:
    measure = now.newest(node.measure, side)
    if measure is None or not np.isfinite(measure.value):
        return NodeState(node, side, "not measured")
    if measure.name == "pain":  # what a person says needs no second measurement
        state: State = "stands out" if measure.value > 0.0 else "within"
        return NodeState(node, side, state, measure.value, 0.0, "none")
    reference, against = before.of((measure.test, node.measure, side)), "own baseline"
    if reference is None and side is not None:
        other: Side = "right" if side == "left" else "left"
        reference, against = now.of((measure.test, node.measure, other)), "other side"
    elif reference is None and node.stands_out == "either":
        # a bias is counted from none at all
        reference, against = _none_of(measure), "none"
    if reference is None or not np.isfinite(reference.value):
        return NodeState(node, side, "not measured")
    by = measure.value - reference.value
    if node.stands_out == "less":
        by = -by
    elif node.stands_out == "either":
        by = abs(by)
    limit = best_limit(measure, limits, "again" if against == "own baseline" else strapping)
    if limit is None:
        return NodeState(node, side, "no limit known", by, against=against)
    state = "stands out" if by > limit.mdc95 else "within"
    return NodeState(node, side, state, by, limit.mdc95, against)


def _none_of(measure: Measure) -> Measure:
    """Return none of a measure, to count a bias from."""
    return Measure(measure.name, measure.side, 0.0, 0.0, measure.unit, measure.n)


def read_map(path: Path) -> MapPlan:
    """Read a file of nodes and edges.

    Raises
    ------
    ConfigError
        When it cannot be read; the message lists every problem with its place.
    """
    return read_structured(path, MapPlan, checked_converter(), _HINT)


@cache
def shipped_map() -> MapPlan:
    """Return the nodes and edges that come with imuhip."""
    return read_map(resources.folder("calibration") / "references" / "compensation.toml")
