"""What OpenSim itself makes of the export; only where its package is installed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import imuhip
from imuhip.exchange.exporters import exporter
from imuhip.exchange.results import Results

opensim = pytest.importorskip("opensim", reason="the package opensim is not installed")


def model_file(path: Path) -> Path:
    """Write a pelvis and two thighs with OpenSim's names, axes and order of rotations."""
    model = opensim.Model()
    model.setName("hips")
    bodies = {}
    for name in ("pelvis", "femur_r", "femur_l"):
        bodies[name] = opensim.Body(name, 1.0, opensim.Vec3(0), opensim.Inertia(1, 1, 1))
        model.addBody(bodies[name])
    zero = opensim.Vec3(0)
    for child, parent, stem, side, names in (
        ("pelvis", model.getGround(), "ground_pelvis", "", ("tilt", "list", "rotation")),
        ("femur_r", bodies["pelvis"], "hip_r", "_r", ("flexion", "adduction", "rotation")),
        ("femur_l", bodies["pelvis"], "hip_l", "_l", ("flexion", "adduction", "rotation")),
    ):
        turns = opensim.SpatialTransform()
        sign = -1.0 if side == "_l" else 1.0
        prefix = "pelvis" if not side else "hip"
        for k, (name, axis) in enumerate(
            zip(names, ((0, 0, 1), (sign, 0, 0), (0, sign, 0)), strict=True)
        ):
            turn = turns.upd_rotation1() if k == 0 else (
                turns.upd_rotation2() if k == 1 else turns.upd_rotation3()
            )  # fmt: skip
            labels = opensim.ArrayStr()
            labels.append(f"{prefix}_{name}{side}")
            turn.setCoordinateNames(labels)
            turn.set_axis(opensim.Vec3(*axis))
            turn.set_function(opensim.LinearFunction(1.0, 0.0))
        joint = opensim.CustomJoint(stem, parent, zero, zero, bodies[child], zero, zero, turns)
        model.addJoint(joint)
    for name, body in bodies.items():
        frame = opensim.PhysicalOffsetFrame(f"{name}_imu", body, opensim.Transform())
        body.addComponent(frame)
    model.finalizeConnections()
    model.printToXML(str(path))
    return path


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, imuhip.Analysis]:
    folder = tmp_path_factory.mktemp("opensim")
    recording = imuhip.simulate("walk", 0.5, seed=5, rate_hz=50)
    analysis = imuhip.analyze(recording)
    exporter("opensim").write(Results(recording, analysis, None, {}), folder, "walk")
    return folder, analysis


def test_opensim_loads_the_angles(exported):
    folder, analysis = exported
    table = opensim.TimeSeriesTable(str(folder / "walk_angles.mot"))
    for name, column in (("hip_rotation_l", "hip_rotation_left_deg"),):
        found = table.getDependentColumn(name).to_numpy()
        np.testing.assert_allclose(found, analysis.angles[column].dropna(), atol=1e-9)
    assert table.getTableMetaDataAsString("inDegrees") == "yes"


def test_imu_inverse_kinematics_gives_our_hip_angles(exported, monkeypatch):
    folder, analysis = exported
    model_file(folder / "model.osim")
    monkeypatch.chdir(folder)
    tool = opensim.IMUInverseKinematicsTool(str(folder / "walk_imu_ik_setup.xml"))
    start_s, end_s = 30.0, 32.0
    tool.setStartTime(start_s)
    tool.setEndTime(end_s)
    assert tool.run()
    table = opensim.TimeSeriesTable(str(next(folder.glob("ik_*.mot"))))
    time_s = np.array(table.getIndependentColumn())
    ours = analysis.angles.iloc[np.searchsorted(analysis.angles.index, time_s - 1e-6)]
    assert len(ours) > 90
    for side in ("left", "right"):
        for angle in ("flexion", "adduction", "rotation"):
            found = table.getDependentColumn(f"hip_{angle}_{side[0]}").to_numpy()
            np.testing.assert_allclose(found, ours[f"hip_{angle}_{side}_deg"], atol=0.05)
