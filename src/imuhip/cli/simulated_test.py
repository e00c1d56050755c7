"""``imuhip simulate test``: a clinical test done by a person who does not exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imuhip.cli.options import OptionError
from imuhip.cli.output import print_json, print_table, say, working
from imuhip.errors import ConfigError

if TYPE_CHECKING:
    from imuhip.simulation.performances import Performance

__all__ = ["AskedTest", "simulate_test"]


@dataclass(frozen=True, slots=True)
class AskedTest:
    """What was typed about a test; sizes still as ``NAME=SIZE``."""

    test: str
    seed: int
    rate_hz: float
    side: str
    repetitions: int
    direction: str | None
    active: bool
    faults: Sequence[str]
    changes: Sequence[str]
    visit: int
    restrapped: bool
    trunk: bool


def simulate_test(asked: AskedTest, path: Path, *, json: bool) -> None:
    """Write the recording of a test, and print what the bones say it should report.

    Raises
    ------
    OptionError
        When an option cannot be used; the message lists what can.
    """
    with working(f"simulating {asked.test}"):
        performance = _perform(asked)
        performance.recording.save(path)
    if json:
        print_json(_told(performance, path, asked))
    else:
        _print(performance, path)


def _perform(asked: AskedTest) -> Performance:
    from imuhip.simulation.performances import perform

    worn = ["pelvis", "thigh_left", "thigh_right", "shank_left", "shank_right"]
    try:
        return perform(
            asked.test,
            seed=asked.seed,
            side=asked.side,  # type: ignore[arg-type]  # refused by name inside
            repetitions=asked.repetitions,
            faults=_sizes("--fault", asked.faults),
            sensors=(*worn, "trunk") if asked.trunk else worn,
            rate_hz=asked.rate_hz,
            direction=asked.direction,  # type: ignore[arg-type]
            mode="active" if asked.active else "passive",
            visit=asked.visit,
            restrapped=asked.restrapped,
            change=_sizes("--change", asked.changes),
        )
    except OptionError:
        raise
    except ConfigError as error:
        raise OptionError(error.message, hint=error.hint) from error


def _sizes(option: str, typed: Sequence[str]) -> dict[str, float]:
    sizes = {}
    for item in typed:
        name, equals, size = item.partition("=")
        try:
            sizes[name.strip()] = float(size) if equals else 1.0
        except ValueError:
            raise OptionError(
                f"{option} {item}: expected NAME or NAME=SIZE", hint="for example shift=1.5"
            ) from None
    return sizes


def _measures(performance: Performance) -> dict[str, float]:
    """Return the medians without the values of each repetition."""
    return {
        name: value
        for name, value in performance.truth.items()
        if not name.endswith("_per_repetition")
    }


def _told(performance: Performance, path: Path, asked: AskedTest) -> dict[str, Any]:
    return {
        "file": path,
        "test": performance.test,
        "side": performance.side,
        "seed": asked.seed,
        "sensors": list(performance.recording.sensors),
        "repetitions": [
            {
                "start_s": one.start_s,
                "peak_s": one.peak_s,
                "end_s": one.end_s,
                "direction": one.direction or None,
            }
            for one in performance.repetitions
        ],
        "false_starts": len(performance.false_starts),
        "truth": {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in performance.truth.items()
        },
    }


def _print(performance: Performance, path: Path) -> None:
    recording = performance.recording
    say(f"{path}: {recording.duration_s:.1f} s, {', '.join(recording.sensors)}")
    ends = ", ".join(f"{one.start_s:.1f}-{one.end_s:.1f}" for one in performance.repetitions)
    broken = len(performance.false_starts)
    say(f"{len(performance.repetitions)} repetitions (s): {ends}; {broken} false starts")
    rows = [
        [name, f"{value:.3g}" if abs(value) < 1.0 else f"{value:.1f}"]
        for name, value in _measures(performance).items()
    ]
    print_table(["measure, on the bones", "median"], rows)
