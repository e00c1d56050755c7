"""The compensation map as a drawing: a box a node, left and right as on the body, lit edges thick.

Nothing is told by colour: a box says its state by shape, word and frame, an edge its lines below by
a number. The drawing has its words beside it for those who cannot see it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from imuhip.assessment.compensation_map import shipped_map
from imuhip.core.segments import SIDES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from imuhip.assessment.compensation_map import CompensationMap, Edge, NodeState
    from imuhip.core.segments import Side

__all__ = ["EdgeDrawing", "MapDrawing", "NodeDrawing", "map_drawing"]

_BOX: Final = (188.0, 30.0)
_STEP: Final = 38.0
_TOP: Final = 26.0
_LEFT_X: Final[Mapping[Side | None, float]] = {"left": 4.0, None: 256.0, "right": 508.0}
WIDTH: Final = 700.0
_SIGNS: Final = {
    "stands out": ("◆", "stands out"),
    "within": ("○", "within"),
    "no limit known": ("?", "no limit known"),
    "not measured": ("–", "not measured"),
}

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class NodeDrawing:
    """One thing on one side: where its box begins, and what stands in it."""

    x: float
    y: float
    name: str
    sign: str
    state: str
    frame: str
    """``"thick"``, ``"plain"`` or ``"dashed"``: stands out, looked at, not measured."""


@dataclass(frozen=True, slots=True)
class EdgeDrawing:
    """A line between two boxes; `number` names its words, 0 where it is not lit."""

    path: str
    number: int
    label: Point


@dataclass(frozen=True, slots=True)
class MapDrawing:
    """The whole drawing in its own units; y grows downwards."""

    nodes: tuple[NodeDrawing, ...]
    edges: tuple[EdgeDrawing, ...]
    height: float
    words: str
    width: float = WIDTH
    box: tuple[float, float] = _BOX


def map_drawing(found: CompensationMap, lit_words: Sequence[str]) -> MapDrawing:
    """Return the drawing of one person's map.

    Parameters
    ----------
    found : CompensationMap
        From `imuhip.assessment.compensation_map.draw_map`.
    lit_words : sequence of str
        What is said of each lit edge, in their order; numbered from 1.
    """
    places = _places(found)
    seen = {key: one for key, one in _by_key(found).items() if one.state != "not measured"}
    lit = {(one.edge, one.sides): k for k, one in enumerate(found.lit, start=1)}
    edges = [
        _edge(places, edge, sides, lit.get((edge, sides), 0))
        for edge in shipped_map().edges
        for sides in _pairs(edge, seen)
    ]
    edges.sort(key=lambda one: one.number > 0)  # lit ones on top
    height = max(y for _, y in places.values()) + _BOX[1] + 4.0
    out = [_named(one) for one in found.nodes if one.state == "stands out"]
    said = f"Standing out: {', '.join(out) or 'nothing'}. "
    said += " ".join(f"Edge {k}: {text}." for k, text in enumerate(lit_words, start=1))
    return MapDrawing(
        nodes=tuple(_node(one, places[_key(one)]) for one in found.nodes),
        edges=tuple(edges),
        height=height,
        words=said + ("" if lit_words else "No edge is lit."),
    )


def _key(one: NodeState) -> tuple[str, Side | None]:
    return one.node.name, one.side


def _by_key(found: CompensationMap) -> dict[tuple[str, Side | None], NodeState]:
    return {_key(one): one for one in found.nodes}


def _named(one: NodeState) -> str:
    return f"{one.node.name} {one.side}" if one.side else one.node.name


def _places(found: CompensationMap) -> dict[tuple[str, Side | None], Point]:
    """Return where each box begins: a row for each sided node, the others between the sides."""
    sided = list(dict.fromkeys(one.node.name for one in found.nodes if one.side))
    single = [one.node.name for one in found.nodes if one.side is None]
    places: dict[tuple[str, Side | None], Point] = {
        (name, side): (_LEFT_X[side], _TOP + k * _STEP)
        for k, name in enumerate(sided)
        for side in SIDES
    }
    gap = len(sided) / (len(single) + 1.0)
    for k, name in enumerate(single, start=1):
        places[name, None] = (_LEFT_X[None], _TOP + (k * gap - 0.5) * _STEP)
    return places


def _node(one: NodeState, at: Point) -> NodeDrawing:
    sign, state = _SIGNS[one.state]
    if one.node.measure == "pain" and one.state == "stands out":
        state = f"told: {one.by:.0f} of 10"
    frame = {"stands out": "thick", "not measured": "dashed"}.get(one.state, "plain")
    return NodeDrawing(*at, one.node.name.capitalize(), sign, state, frame)


def _pairs(
    edge: Edge, seen: Mapping[tuple[str, Side | None], NodeState]
) -> Iterator[tuple[Side | None, Side | None]]:
    first, second = edge.ends
    for name, one in seen:
        if name != first:
            continue
        for other_name, other in seen:
            if other_name != second:
                continue
            free = edge.sides == "any" or one is None or other is None
            if free or (one == other) == (edge.sides == "same"):
                yield one, other


def _edge(
    places: Mapping[tuple[str, Side | None], Point],
    edge: Edge,
    sides: tuple[Side | None, Side | None],
    number: int,
) -> EdgeDrawing:
    (ax, ay), (bx, by) = (
        _border(places[name, side], side, other)
        for name, side, other in zip(edge.ends, sides, reversed(sides), strict=True)
    )
    if sides[0] == sides[1] and sides[0] is not None:
        way = 1.0 if sides[0] == "left" else -1.0
        bulge = way * (10.0 + 0.16 * abs(by - ay))
        control = ax + bulge * 4.0 / 3.0
        path = f"M{ax:.1f} {ay:.1f}C{control:.1f} {ay:.1f} {control:.1f} {by:.1f} {bx:.1f} {by:.1f}"
        return EdgeDrawing(path, number, (ax + bulge, 0.5 * (ay + by)))
    path = f"M{ax:.1f} {ay:.1f}L{bx:.1f} {by:.1f}"
    # not in the middle, where the lines of both sides cross
    return EdgeDrawing(path, number, (ax + 0.3 * (bx - ax), ay + 0.3 * (by - ay)))


def _border(at: Point, side: Side | None, other: Side | None) -> Point:
    """Return where a line leaves a box: towards the middle, from the middle to the other side."""
    x, y = at
    to_right = side == "left" or (side is None and other == "right")
    return (x + _BOX[0] if to_right else x, y + 0.5 * _BOX[1])
