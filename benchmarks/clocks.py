"""How far apart the clocks of sensors are, by model, connection interval and fault.

Sensors of one host, simulated sample by sample (`benchmarks._clock_world`): clocks up to 50 ppm
off, connection intervals against which the packets beat, 3 % sent again, 0.4 ms of jitter, and each
fault once. Every figure is the largest of all sensors and instants, not a mean.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks._clock_world import MODELS, Faults, Link, Model, Outcome, World
from benchmarks._document import DOCUMENT, Printed, add_write
from imuhip.core.series import FloatArray

__all__ = ["FAULTS", "INTERVALS_S", "LIMITS_S", "Cell", "cell", "main"]

INTERVALS_S: Final = (0.0075, 0.01125, 0.015, 0.030, 0.04875, 0.060)
FAULTS: Final = {
    "none": Faults(),
    "stalls": Faults(stalls=4),
    "wrap": Faults(stalls=1, wraps=True),
    "broken link": Faults(stalls=1, breaks=True),
    "reboot": Faults(stalls=1, reboots=True),
}
LIMITS_S: Final = {"imuhip": 0.002, "movella_dot": 0.005, "movesense": 0.005}
"""Between sensors; the rest are held to what they state."""
BOUND_SIGMAS: Final = 3.0
"""The stated bound is so many of the stated uncertainty."""
LIVE_SHARE: Final = 0.95
"""Of the instants; what a stalled host reads late may be given a late time at first."""
SETTLED_S: Final = 30.0
"""From the begin of an epoch on live times are looked at."""


@dataclass(frozen=True)
class Cell:
    """Largest errors of the sensors of one model on one interval, s.

    Parameters
    ----------
    between_s, live_s : float
        Between any two sensors, by the final times, and by those while recording in 95 % of them.
    moved_s : float
        By which the stop moves a sensor's times, those while recording, in 95 % of them.
    late_s : float
        Mean of all final times against the truth.
    bound_s : float
        Stated for the error between two sensors.
    excess : float
        Largest error between two sensors, as a share of what the two state.
    """

    between_s: float
    live_s: float
    moved_s: float
    late_s: float
    bound_s: float
    excess: float


def cell(
    model: Model,
    interval_s: float,
    faults: Faults,
    *,
    n_sensors: int = 4,
    duration_s: float = 60.0,
    seed: int = 0,
    link: Link | None = None,
) -> Cell:
    """Simulate some sensors of a model and compare their times."""
    world = World(duration_s, seed)
    rng = np.random.default_rng(seed + 1)
    skews = [50e-6, -50e-6, *rng.uniform(-50e-6, 50e-6, max(0, n_sensors - 2))]
    for skew in skews[:n_sensors]:
        world.wear(model, link or Link(interval_s), faults, float(skew))
    return compared(world.run(), duration_s, faults)


def compared(outcomes: Sequence[Outcome], duration_s: float, faults: Faults) -> Cell:
    """Return the largest differences between sensors."""
    at_s = np.arange(1.0, duration_s - 0.5, 0.25)
    final_s = np.array([outcome.error_s(at_s) for outcome in outcomes])
    live_s = np.array([outcome.error_s(at_s, live=True) for outcome in outcomes])
    settled = at_s > SETTLED_S
    if faults.reboots:
        settled = (at_s > 20.0) & (at_s < 0.45 * duration_s)
    between_s = np.nanmax(np.ptp(final_s, axis=0))
    stated_s = [max(fit.uncertainty_s for fit in outcome.fits) for outcome in outcomes]
    excess = 0.0
    for i in range(len(outcomes)):
        for j in range(i):
            apart_s = float(np.nanmax(np.abs(final_s[i] - final_s[j])))
            excess = max(excess, apart_s / (BOUND_SIGMAS * max(stated_s[i], stated_s[j], 1e-9)))
    return Cell(
        between_s=float(between_s),
        live_s=_of_most(np.ptp(live_s[:, settled], axis=0)),
        moved_s=_of_most(np.abs(live_s - final_s)[:, settled].max(axis=0)),
        late_s=float(np.nanmean(final_s)),
        bound_s=BOUND_SIGMAS * max(stated_s),
        excess=excess,
    )


def _of_most(values_s: FloatArray) -> float:
    known_s = values_s[np.isfinite(values_s)]
    return float(np.quantile(known_s, LIVE_SHARE)) if len(known_s) else float("nan")


def main(arguments: list[str]) -> int:
    """Print a row for each model and interval."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks clocks", description=__doc__)
    parser.add_argument("--models", nargs="+", choices=sorted(MODELS), default=list(MODELS))
    parser.add_argument("--seeds", type=int, default=1, help="sets of sensors")
    parser.add_argument("--sensors", type=int, default=4, help="of one host at a time")
    parser.add_argument("--seconds", type=float, default=60.0)
    add_write(parser)
    parser.set_defaults(document=DOCUMENT.with_name("clocks.md"))
    options = parser.parse_args(arguments)
    out = Printed("clocks", arguments)
    out(
        f"{options.seconds:g} s, {options.sensors} sensors up to 50 ppm off,"
        f" {options.seeds} times; ms, largest"
    )
    out("each fault its column: between sensors after the stop")
    out(
        f"{'model':19s}{'interval':>9s}"
        + "".join(f"{name:>12s}" for name in FAULTS)
        + f"{'live 95%':>9s}{'moved':>8s}{'late':>8s}{'bound':>8s}{'of bound':>9s}"
    )
    worst = 0
    for name in options.models:
        for interval_s in INTERVALS_S:
            by_fault = {
                fault: [
                    cell(
                        MODELS[name],
                        interval_s,
                        faults,
                        n_sensors=options.sensors,
                        duration_s=options.seconds,
                        seed=10 * seed,
                    )
                    for seed in range(options.seeds)
                ]
                for fault, faults in FAULTS.items()
            }
            cells = [one for many in by_fault.values() for one in many]
            between_s = max(one.between_s for one in cells)
            excess = max(one.excess for one in cells)
            row = "".join(
                f"{1e3 * max(one.between_s for one in many):12.2f}" for many in by_fault.values()
            )
            out(
                f"{MODELS[name].name:19s}{1e3 * interval_s:9.2f}{row}"
                f"{1e3 * max(one.live_s for one in cells):9.2f}"
                f"{1e3 * max(one.moved_s for one in cells):8.2f}"
                f"{1e3 * np.mean([one.late_s for one in cells]):8.2f}"
                f"{1e3 * max(one.bound_s for one in cells):8.2f}{excess:9.2f}"
            )
            worst |= between_s > LIMITS_S.get(name, np.inf) or excess > 1.0
    out("promised: imuhip v1 2 ms, DOT and Movesense 5 ms, all within their bound (of bound <= 1)")
    if options.write:
        out.write(options.document)
    return int(worst)
