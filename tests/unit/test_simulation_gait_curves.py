"""The figures behind the simulated gait are those of the recordings they name."""

from __future__ import annotations

import numpy as np
import pytest

from imuhip.simulation.gait_curves import CURVES, RANGES

HARMONICS = np.arange(1, 7)
# phase of the right and left initial contact, in strides of the file's own time
WALK_STRIDE_S, WALK_CONTACTS = 1.14069, {"r": 0.2245, "l": 0.72}


def read_storage(path):
    """Read an OpenSim storage file into columns by name."""
    lines = path.read_text().splitlines()
    header = next(i for i, line in enumerate(lines) if line.startswith("time"))
    rows = np.array([[float(x) for x in line.split()] for line in lines[header + 1 :] if line])
    return dict(zip(lines[header].split(), rows.T, strict=True))


def fit(values, phases):
    """Fit six harmonics to both legs at once, a mean for each leg."""
    columns = []
    for leg, phase in enumerate(phases):
        turns = 2 * np.pi * phase[:, None] * HARMONICS
        means = np.zeros((len(phase), 2))
        means[:, leg] = 1.0
        columns.append(np.column_stack([np.cos(turns), np.sin(turns), means]))
    return np.linalg.lstsq(np.concatenate(columns), np.concatenate(values), rcond=None)[0][:12]


def running_phases(columns):
    """Phase by upward crossings of right hip flexion; contacts where free fall ends."""
    time_s, flexion = columns["time"], columns["hip_flexion_r"]
    above = flexion - flexion.mean()
    i = np.flatnonzero((above[:-1] < 0) & (above[1:] >= 0))
    crossings = time_s[i] - above[i] * np.diff(time_s)[i] / np.diff(above)[i]
    crossings = crossings[np.concatenate([[True], np.diff(crossings) > 0.4])]
    phase = np.interp(time_s, crossings, np.arange(len(crossings)), left=np.nan, right=np.nan)
    kept = np.isfinite(phase)
    phase = phase[kept]
    columns = {name: column[kept] for name, column in columns.items()}
    turns = 2 * np.pi * phase[:, None] * HARMONICS
    basis = np.column_stack([np.ones(len(phase)), np.cos(turns), np.sin(turns)])
    height = np.linalg.lstsq(basis, columns["pelvis_ty"], rcond=None)[0][1:]
    q = np.linspace(0, 1, 2000, endpoint=False)
    turns = 2 * np.pi * q[:, None] * HARMONICS
    rates = np.tile((2 * np.pi * HARMONICS / np.diff(crossings).mean()) ** 2, 2)
    acceleration = -np.column_stack([np.cos(turns), np.sin(turns)]) @ (height * rates)
    landed = (acceleration[:-1] < -4.9) & (acceleration[1:] >= -4.9)
    right, left = q[np.flatnonzero(landed)]
    return columns, (phase - right, phase - left)


@pytest.mark.parametrize("channel", ["hip_flexion", "hip_adduction", "hip_rotation"])
@pytest.mark.parametrize("gait", ["walk", "run"])
def test_shapes_are_those_of_the_named_recordings(shared_data, gait, channel):
    folder = shared_data / "opensim_motion"
    if gait == "walk":
        columns = read_storage(folder / "coordinates.mot")
        cycles = columns["time"] / WALK_STRIDE_S
        phases = tuple(cycles - WALK_CONTACTS[leg] for leg in "rl")
    else:
        columns, phases = running_phases(read_storage(folder / "subject02_running_arms_ik.mot"))
    found = fit([columns[f"{channel}_{leg}"] for leg in "rl"], phases)
    curve = CURVES[gait][channel]
    np.testing.assert_allclose(found, [*curve.cosine, *curve.sine], atol=0.02)


@pytest.mark.parametrize("gait", ["walk", "run"])
def test_every_channel_has_a_size_and_a_source(gait):
    assert CURVES[gait].keys() == RANGES[gait].keys()
    for channel, figures in RANGES[gait].items():
        assert figures.source, channel
        assert figures.range_mean > 0, channel


def test_a_symmetric_person_has_a_symmetric_pelvis():
    phase = np.linspace(0, 1, 50)
    for curves in CURVES.values():
        for channel in ("pelvis_tilt", "pelvis_up_mm", "pelvis_forward_mm"):
            np.testing.assert_allclose(curves[channel](phase), curves[channel](phase + 0.5))
        for channel in ("pelvis_obliquity", "pelvis_rotation", "pelvis_left_mm"):
            np.testing.assert_allclose(curves[channel](phase), -curves[channel](phase + 0.5))


def test_horner_equals_the_plain_sum():
    curve = CURVES["run"]["hip_rotation"]
    phase = np.linspace(-1, 2, 77)
    plain = sum(
        c * np.cos(2 * np.pi * k * phase) + s * np.sin(2 * np.pi * k * phase)
        for k, c, s in zip(HARMONICS, curve.cosine, curve.sine, strict=True)
    )
    np.testing.assert_allclose(curve(phase), plain, atol=1e-12)
