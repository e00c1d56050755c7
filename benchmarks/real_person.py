"""A real walker without cameras: what can be known of the hip angles without knowing the truth.

One person, pelvis and both thighs, 100 Hz: standing, seated, standing, 44 s of walking with a half
turn (example data of the qmt package, MIT licence). Told are, for each leg,

- how far the blocks' headings scatter about the smoothed line, and what that line corrected
- how much the strap wobbles, and how much of that fast swing is left in the hip rotation shown
- how much the mean hip rotation of a stride varies over the walk, and its stated uncertainty
- how far angles change where both can be compared when a third of the walk is taken away: the
  last one cut off, the first one left out by a marker
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.io import loadmat

import imuhip
from benchmarks._document import Printed, add_write
from imuhip.analysis.offline import analyze_offline
from imuhip.analysis.settings import Settings
from imuhip.core.butterworth import low_pass, zero_phase
from imuhip.core.segments import SIDES
from imuhip.core.series import Marker
from imuhip.errors import FileFormatError
from imuhip.kinematics.strap_wobble import CUT_HZ

FILE = "full_body_example_data.mat"
SENSORS = {"pelvis": "hip", "thigh_left": "upper_leg_left", "thigh_right": "upper_leg_right"}
RATE_HZ = 100.0
DEFAULT_DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "qmt_full_body"
_EDGE_S = 1.0


def load_person(
    folder: Path, end_s: float | None = None, markers: Sequence[Marker] = ()
) -> imuhip.Recording:
    """Read the recording, up to `end_s` seconds after its start.

    Raises
    ------
    FileFormatError
        When the file is not there.
    """
    path = folder / FILE
    if not path.is_file():
        raise FileFormatError(
            f"{path} is not there",
            hint="Give the folder of the qmt package's full-body example with --data.",
        )
    content = loadmat(path, simplify_cells=True)
    rows = slice(0, None if end_s is None else round(end_s * RATE_HZ))
    return imuhip.Recording.from_arrays(
        rate_hz=RATE_HZ,
        sensors={
            segment: {kind: content[name][kind][rows] for kind in ("acc", "gyr")}
            for segment, name in SENSORS.items()
        },
        markers=list(markers),
    )


def walk_s(analysis: imuhip.Analysis) -> tuple[float, float]:
    """Return from when to when the person walked, s."""
    gait = [marker for marker in analysis.activity if marker.name == "gait"]
    return min(m.start_s for m in gait), max(m.end_s for m in gait)


def thirds(folder: Path, whole: imuhip.Analysis) -> dict[str, imuhip.Analysis]:
    """Return the analyses with a third of the walk taken away, by which third."""
    start_s, end_s = walk_s(whole)
    third_s = (end_s - start_s) / 3.0
    rest = Marker("gait", start_s + third_s, end_s)
    return {
        "last": imuhip.analyze(load_person(folder, end_s - third_s)),
        "first": imuhip.analyze(load_person(folder, markers=[rest])),
    }


def change_deg(whole: imuhip.Analysis, part: imuhip.Analysis, missing: str, column: str) -> float:
    """Return the RMS change of an angle over the two thirds that both have, degrees."""
    start_s, end_s = walk_s(whole)
    third_s = (end_s - start_s) / 3.0
    first_s = start_s + (third_s if missing == "first" else 0.0) + _EDGE_S
    last_s = end_s - (third_s if missing == "last" else 0.0) - _EDGE_S
    common = whole.angles.loc[first_s:last_s, column]
    difference = common - part.angles[column].reindex(common.index, method="nearest")
    return float(np.sqrt((difference**2).mean()))


def fast_swing_deg(angle_deg: pd.Series, start_s: float, end_s: float) -> float:
    """Return the RMS of an angle above 6 Hz over the walk, degrees."""
    values = angle_deg.interpolate(limit_direction="both").to_numpy()
    fast = values - zero_phase(low_pass(CUT_HZ, RATE_HZ, order=4), values)
    inside = (angle_deg.index >= start_s) & (angle_deg.index < end_s)
    return float(np.sqrt(np.mean(fast[inside] ** 2)))


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks real_person",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help=f"folder of {FILE}")
    add_write(parser)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Print a table with a column for each leg."""
    options = _arguments(arguments)
    say = Printed("real_person", arguments)
    recording = load_person(options.data)
    whole = imuhip.analyze(recording)
    found = analyze_offline(
        recording.sensors, recording.markers, recording.rate_hz, Settings("vqf")
    )
    parts = thirds(options.data, whole)
    start_s, end_s = walk_s(whole)
    rows: dict[str, list[str]] = {}

    def add(name: str, value: str) -> None:
        rows.setdefault(name, []).append(value)

    for side in SIDES:
        residual = np.degrees(found.tracks[side].residual_rad)
        residual = residual[np.isfinite(residual)]
        robust = 1.4826 * float(np.median(np.abs(residual - np.median(residual))))
        drift = whole.quality["heading"][side]["corrected_drift_deg"]
        strap, rotation = found.wobble[side], f"hip_rotation_{side}"
        own = whole.strides[(whole.strides["side"] == side) & whole.strides["valid"]]
        add("blocks of 2 s with a heading", f"{len(residual)}")
        add("scatter about the smoothed line", f"{residual.std():.2f}°")
        add("the same, robust", f"{robust:.2f}°")
        add("heading drift corrected", f"{drift:.1f}°")
        add("strap wobble above 6 Hz, rate", f"{strap.fast_rate_rad_s:.1f} rad/s")
        add("strap wobble, angle RMS", f"{np.degrees(strap.amplitude_rad):.1f}°")
        swing = fast_swing_deg(whole.angles[f"{rotation}_deg"], start_s, end_s)
        add("of it in the hip rotation shown", f"{swing:.2f}°")
        add("strides used", f"{len(own)}")
        add("hip flexion, range", f"{own[f'hip_flexion_{side}_range_deg'].mean():.1f}°")
        add("hip rotation, range", f"{own[f'{rotation}_range_deg'].mean():.1f}°")
        mean = own[f"{rotation}_mean_deg"]
        add("mean hip rotation, sd over strides", f"{mean.std():.2f}°")
        sd = whole.angles.loc[start_s:end_s, f"{rotation}_sd_deg"].median()
        add("hip rotation, stated sigma", f"{sd:.1f}°")
        for missing, part in parts.items():
            for angle in ("flexion", "adduction", "rotation"):
                change = change_deg(whole, part, missing, f"hip_{angle}_{side}_deg")
                add(f"change without the {missing} third: {angle}", f"{change:.2f}°")
    say(f"{'':<44}{'left':>12}{'right':>12}")
    for name, values in rows.items():
        say(f"{name:<44}" + "".join(f"{value:>12}" for value in values))
    say(f"grade {whole.quality['grade']}")
    for reason in whole.quality["reasons"]:
        say(f"- {reason}")
    if options.write:
        say.write(options.document)
    return 0
