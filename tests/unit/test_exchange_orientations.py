"""OpenSim's orientations read back: of segments as imuhip writes them, of sensors as mounted."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from exchange_kit import written
from imuhip.cli.commands import build
from imuhip.core import quaternion
from imuhip.core.cardan import hip_quaternion, pelvis_quaternion
from imuhip.errors import ExchangeError
from imuhip.exchange.opensim_files import BODIES, OF_SEGMENTS
from imuhip.exchange.orientation_angles import Placing, angles_from, segments_of
from imuhip.exchange.sto_orientations import read_sto

RATE_HZ = 50.0
N_ROWS = 250


def person() -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return times, pelvis angles, hip angles and the segments of somebody who stands, then sways.

    All are zero for the first second; the person faces 40° to the left of the world's x.
    """
    time_s = np.arange(N_ROWS) / RATE_HZ
    swing = np.where(time_s < 1.0, 0.0, np.sin(4.0 * (time_s - 1.0)))[:, None]
    pelvis = swing * np.radians([8.0, -5.0, 0.0])
    hips = {"left": swing * np.radians([35, 8, -12]), "right": swing * np.radians([-30, 5, 15])}
    turned = quaternion.about_axis(np.array([0.0, 0.0, 1.0]), np.radians(40.0))
    q_WB = {"pelvis": quaternion.multiply(turned, pelvis_quaternion(pelvis))}
    for side, angles in hips.items():
        q_PT = hip_quaternion(angles, side)
        q_WB[f"thigh_{side}"] = quaternion.multiply(q_WB["pelvis"], q_PT)
    return time_s, pelvis, hips, q_WB


def sto(
    time_s: np.ndarray,
    q: dict[str, np.ndarray],
    *,
    of_segments: bool = False,
    names: dict[str, str] | None = None,
    keep: np.ndarray | None = None,
) -> str:
    named = names or {segment: f"{BODIES[segment]}_imu" for segment in q}
    head = "DataRate=50.000000\nDataType=Quaternion\nversion=3\nOpenSimVersion=4.5\n"
    head += f"{OF_SEGMENTS}\n" if of_segments else ""
    rows = [
        "\t".join(
            [f"{time_s[k]:.4f}", *(",".join(f"{v:.12g}" for v in one[k]) for one in q.values())]
        )
        for k in (range(len(time_s)) if keep is None else keep)
    ]
    columns = "\t".join(["time", *(named[segment] for segment in q)])
    return head + "endheader\n" + "\n".join([columns, *rows]) + "\n"


def mounted(q_WB: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return sensors turned against their segments any way; that of the pelvis looks backwards."""
    rng = np.random.default_rng(4)
    q_BS = {s: quaternion.normalize(rng.normal(size=4)) for s in q_WB}
    # its z axis along the segment's -x: on the sacrum
    q_BS["pelvis"] = quaternion.about_axis(np.array([0.0, 1.0, 0.0]), -np.pi / 2)
    return {s: quaternion.multiply(q, q_BS[s]) for s, q in q_WB.items()}


def check(table: pd.DataFrame, pelvis: np.ndarray, hips: dict[str, np.ndarray]) -> None:
    for side, angles in hips.items():
        for k, angle in enumerate(("flexion", "adduction", "rotation")):
            found = table[f"hip_{angle}_{side}_deg"]
            np.testing.assert_allclose(found, np.degrees(angles[:, k]), atol=1e-6)
    np.testing.assert_allclose(table["pelvis_tilt_deg"], np.degrees(pelvis[:, 0]), atol=1e-6)
    np.testing.assert_allclose(table["pelvis_obliquity_deg"], np.degrees(pelvis[:, 1]), atol=1e-6)
    assert "pelvis_rotation_deg" not in table and not [c for c in table if c.endswith("_sd_deg")]


def test_orientations_of_segments_give_their_angles(tmp_path):
    time_s, pelvis, hips, q_WB = person()
    found = read_sto(written(tmp_path / "a.sto", sto(time_s, q_WB, of_segments=True)))
    assert found.of_segments and found.rate_hz == pytest.approx(RATE_HZ)
    check(angles_from(found.time_s, segments_of(found, None)), pelvis, hips)


def test_sensors_are_placed_by_the_pose_however_they_sit(tmp_path):
    time_s, pelvis, hips, q_WB = person()
    path = written(tmp_path / "a.sto", sto(time_s, mounted(q_WB)))
    found = read_sto(path)
    assert not found.of_segments
    q = segments_of(found, Placing(0.0, 0.95, "-z"))
    check(angles_from(found.time_s, q), pelvis, hips)
    with pytest.raises(ExchangeError, match="90° off level") as refused:
        segments_of(found, Placing(0.0, 0.95, "y"))
    assert refused.value.code == "E801"
    with pytest.raises(ExchangeError, match="how they sit"):
        segments_of(found, None)
    with pytest.raises(ExchangeError, match="at least 5"):
        segments_of(found, Placing(7.0, 9.0, "-z"))


def test_faults_are_counted_and_gaps_stay(tmp_path):
    time_s, _, _, q_WB = person()
    keep = np.delete(np.arange(N_ROWS), slice(100, 110))
    keep[[50, 51]] = keep[[51, 50]]
    lines = sto(time_s, q_WB, of_segments=True, keep=keep).split("\n")
    lines[20] = lines[20].rsplit("\t", 1)[0]  # a column is missing
    lines[30] = lines[30].replace("\t", "\t9", 1)  # a quaternion longer than one
    lines[40] = lines[39]
    found = read_sto(written(tmp_path / "a.sto", "\n".join(lines)))
    faults = found.faults
    assert (faults.rows, faults.ragged, faults.unreadable) == (240, 1, 1)
    assert (faults.repeated, faults.reordered) == (1, 1)
    assert faults.lost == 10 + 1 + 1 and faults.longest_gap_s == pytest.approx(0.22)
    assert np.all(np.diff(found.time_s) > 0)
    assert int(np.isnan(found.q["pelvis"]).any(axis=1).sum()) == 1


def test_columns_are_named_by_hand(tmp_path):
    time_s, _, hips, q_WB = person()
    names = {"pelvis": "00B4", "thigh_left": "00B5", "thigh_right": "00B6"}
    path = written(tmp_path / "a.sto", sto(time_s, q_WB, of_segments=True, names=names))
    with pytest.raises(ExchangeError, match="no pelvis and thigh") as refused:
        read_sto(path)
    assert refused.value.code == "E706"
    found = read_sto(path, {"pelvis": "00B4", "thigh_right": "00B6"})
    assert found.unused == ("00B5",) and list(found.q) == ["pelvis", "thigh_right"]
    table = angles_from(found.time_s, segments_of(found, None))
    np.testing.assert_allclose(
        table["hip_rotation_right_deg"], np.degrees(hips["right"][:, 2]), atol=1e-6
    )
    with pytest.raises(ExchangeError, match="thigh_left=nobody"):
        read_sto(path, {"pelvis": "00B4", "thigh_left": "nobody"})


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "E703"),
        ("inDegrees=yes\nendheader\ntime\thip_flexion_l\n0\t1\n", "E702"),
        ("DataType=Quaternion\nendheader", "E704"),
        ("DataType=Quaternion\nendheader\ntime\tpelvis_imu\tfemur_l_imu", "E703"),
        ("DataType=Quaternion\nendheader\ntime\ta\ta\n0\t1,0,0,0\t1,0,0,0\n", "E704"),
        ("DataType=Quaternion\nendheader\ntime\tpelvis\tfemur_l\nx\ty\tz\n" * 3, "E704"),
        ("DataType=Quaternion\nendheader\ntime\tpelvis\tfemur_l\n0\t1,0,0,0\t1,0,0,0\n", "E703"),
    ],
)
def test_what_is_none_is_refused(tmp_path, text, code):
    with pytest.raises(ExchangeError) as refused:
        read_sto(written(tmp_path / "a.sto", text))
    assert refused.value.code == code and refused.value.hint


def run(*arguments: object):
    return CliRunner().invoke(build(), ["import", *map(str, arguments)])


def test_the_command_marks_whose_angles_they_are_and_makes_no_session(tmp_path):
    time_s, pelvis, hips, q_WB = person()
    path = written(tmp_path / "a.sto", sto(time_s, mounted(q_WB)))
    out = tmp_path / "angles.csv"
    done = run(path, "--pose", "0:0.95", "--forwards=-z", "--out", out)
    assert done.exit_code == 0, done.output
    assert "another program's orientations" in done.output
    check(pd.read_csv(out, index_col="time_s"), pelvis, hips)
    about = json.loads((tmp_path / "angles_about.json").read_text())
    assert about["angles_from"] == "another program's orientations"
    assert about["placing"] == {"pose_s": [0.0, 0.95], "forwards": "-z"}
    assert run(path, "--pose", "0:0.95", "--forwards=-z", "--out", out).exit_code == 1
    told = run(path, "--out", tmp_path / "walk.h5")
    assert told.exit_code == 2 and not (tmp_path / "walk.h5").exists()
    assert run(path, "--pose", "1", "--out", tmp_path / "b.csv").exit_code == 2
    assert run(path, "--out", tmp_path / "b.csv").exit_code == 1
