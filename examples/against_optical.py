"""Validating against optical data: bias and limits of agreement, several strides a person.

The simulator's own bones stand in for the optical system here, so this shows the method and how
well the algorithms do, not how well worn sensors do on real people. With real data put the optical
angles, resampled to ``analysis.angles.index``, where ``recording.truth`` stands.

The limits of agreement count strides of one person as what they are, repeated measurements of one
person: Bland and Altman 2007, doi:10.1080/10543400701329422.

    python examples/against_optical.py --out optical
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd

import imuhip

mpl.use("Agg")
ANGLES = ("hip_flexion", "hip_adduction", "hip_rotation")


@dataclass(frozen=True)
class Agreement:
    """Bias and 95 % limits of agreement, deg; of how many people and strides."""

    bias: float
    low: float
    high: float
    people: int
    strides: int


def agreement(differences: Sequence[np.ndarray]) -> Agreement:
    """Return the agreement of one method with another, from each person's differences.

    The variance of one difference is that between people's means, freed of the part that strides
    bring to it, and that between strides of one person (one-way analysis of variance).
    """
    n = np.array([len(one) for one in differences], dtype=float)
    total, k = n.sum(), len(differences)
    means = np.array([one.mean() for one in differences])
    bias = float((n * means).sum() / total)
    within = sum(((one - one.mean()) ** 2).sum() for one in differences) / (total - k)
    between = (n * (means - bias) ** 2).sum() / (k - 1)
    per_person = (total - (n**2).sum() / total) / (k - 1)
    variance = max((between - within) / per_person, 0.0) + within
    half = 1.96 * np.sqrt(variance)
    return Agreement(bias, bias - half, bias + half, k, int(total))


def ranges(strides: pd.DataFrame, time_s: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return (k,) the range of an angle within each stride."""
    found = []
    for start_s, end_s in strides[["start_s", "end_s"]].to_numpy():
        part = values[(time_s >= start_s) & (time_s <= end_s)]
        found.append(part.max() - part.min() if len(part) else np.nan)
    return np.array(found)


def main(arguments: list[str] | None = None) -> dict[str, Agreement]:
    """Measure people with both, print the agreement, draw it."""
    parser = argparse.ArgumentParser(description="validating against optical data")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--minutes", type=float, default=2.0)
    asked = parser.parse_args(arguments)
    asked.out.mkdir(parents=True, exist_ok=True)

    pairs: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {angle: [] for angle in ANGLES}
    for person in range(asked.people):
        recording = imuhip.simulate("walk", asked.minutes, seed=500 + person, soft_tissue=1.0)
        analysis = imuhip.analyze(recording)
        optical = recording.truth  # here: the optical system's table
        assert optical is not None
        for angle in ANGLES:
            both = []
            for side in ("left", "right"):
                used = analysis.strides[
                    (analysis.strides["side"] == side) & analysis.strides["valid"]
                ]
                name = f"{angle}_{side}"
                worn = used[f"{name}_range_deg"].to_numpy(dtype=float)
                time_s = optical.index.to_numpy(dtype=float)
                seen = ranges(used, time_s, optical[f"{name}_deg"].to_numpy(dtype=float))
                both.append(np.stack([worn, seen])[:, np.isfinite(worn) & np.isfinite(seen)])
            worn, seen = np.concatenate(both, axis=1)
            pairs[angle].append((worn, seen))

    found = {a: agreement([worn - seen for worn, seen in of]) for a, of in pairs.items()}
    print("range per stride, worn less optical (simulated truth), deg")
    print(f"{'angle':<16}{'bias':>7}{'95 % limits of agreement':>27}{'people':>8}{'strides':>9}")
    for angle, one in found.items():
        limits = f"{one.low:+.2f} to {one.high:+.2f}"
        print(f"{angle:<16}{one.bias:>+7.2f}{limits:>27}{one.people:>8}{one.strides:>9}")
    draw(pairs, found, asked.out / "bland_altman.png")
    print("written bland_altman.png")
    return found


def draw(
    pairs: dict[str, list[tuple[np.ndarray, np.ndarray]]], found: dict[str, Agreement], path: Path
) -> None:
    """Draw difference over mean, each person with a mark of their own."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.6), layout="constrained")
    for axes, (angle, people) in zip(figure.subplots(1, len(pairs)), pairs.items(), strict=True):
        for k, (worn, seen) in enumerate(people):
            mark = "osD^vP*X<>hd"[k % 12]
            axes.plot(
                0.5 * (worn + seen), worn - seen, mark, ms=2.5, color=f"{0.15 + 0.03 * k:.2f}"
            )
        one = found[angle]
        for height, style in ((one.bias, "-"), (one.low, "--"), (one.high, "--")):
            axes.axhline(height, color="black", linestyle=style, linewidth=1.0)
        axes.set_title(f"{angle.replace('_', ' ')}, range per stride", loc="left", fontsize=10)
        axes.set_xlabel("mean of both [deg]")
        axes.set_ylabel("worn less optical [deg]")
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
