"""The model of the live window on played sensors: angles, guidance, recording. No Qt in here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from played_source import PlayedSource
from window_picture import walked

import imuhip
from imuhip.acquisition.status import AcquisitionStatus
from imuhip.app.models.live_model import LiveModel
from imuhip.core.segments import ANGLES
from imuhip.errors import DiskError, SensorLostError


@pytest.fixture(scope="module")
def walk() -> imuhip.Recording:
    return imuhip.simulate("walk", 0.6, seed=4, turns=False)


def test_a_walk_is_led_step_by_step_and_its_angles_are_true(walk) -> None:
    source = PlayedSource(walk)
    model = LiveModel(source)
    said = []
    while source.now_s < 65.0:
        walked(source, model, source.now_s + 0.1)
        if not said or said[-1][1] != model.guidance.headline:
            said.append((source.now_s, model.guidance.headline))
        if model.guidance.headline.startswith("Walk"):
            assert model.guidance.progress is not None and model.guidance.kind == "do"
    headlines = [text for _, text in said]
    assert headlines[0].startswith(("Pelvis", "Stand still"))
    assert any(text.startswith("Stand still") for text in headlines)
    assert any(text.startswith("Walk: ") for text in headlines)
    assert headlines[-1].startswith("Measuring")
    for angle in ANGLES:
        curve = model.history.curve(angle)
        at_s = curve.age_s + model.history.now_s
        true_deg = np.interp(at_s, walk.truth.index.to_numpy(), walk.truth[f"{angle}_deg"])
        error_deg = curve.value_deg - true_deg
        assert np.isfinite(error_deg).all() and len(error_deg) > 950
        assert np.sqrt(np.mean(error_deg**2)) < 2.5, angle
        assert np.all(curve.sd_deg > 0)
    assert model.n_missed == 0


def test_pulling_late_or_often_gives_the_same_angles(walk) -> None:
    """A view that was held up for two seconds catches up without a gap."""
    curves = []
    for frame_s in (1 / 30, 2.0):
        source = PlayedSource(walk)
        model = LiveModel(source)
        model.pull()  # a session begins with the first pull
        walked(source, model, 56.0, frame_s)
        curves.append(model.history.curve("hip_rotation_left").value_deg.copy())
    np.testing.assert_allclose(curves[0], curves[1], atol=1e-9)
    assert np.isfinite(curves[0]).all()


def test_a_view_held_up_longer_than_the_rings_counts_what_it_missed(walk) -> None:
    source = PlayedSource(walk, ring_s=1.0)
    model = LiveModel(source)
    model.pull()
    source.play_to(1.0)
    model.pull()
    source.play_to(3.0)
    model.pull()
    assert 280 <= model.n_missed <= 320  # a second of three sensors


def test_a_vanished_sensor_alarms_and_the_others_go_on(walk) -> None:
    source = PlayedSource(walk)
    model = LiveModel(source)
    walked(source, model, 50.0, 0.1)
    assert model.history.reading("hip_flexion_left").is_known
    source.silence("thigh_left")
    walked(source, model, 53.0, 0.1)
    assert model.guidance.kind == "alarm" and "Left thigh" in model.guidance.headline
    assert model.guidance.detail
    assert not model.history.reading("hip_flexion_left").is_known
    assert model.history.reading("hip_flexion_right").is_known
    assert [card.grade for card in model.cards] == ["good", "bad", "good"]
    source.back("thigh_left")
    walked(source, model, 55.0, 0.1)
    assert model.guidance.kind == "well"
    assert not model.history.reading(
        "hip_flexion_left"
    ).is_known  # its heading is to be found again
    walked(source, model, 63.0, 0.1)
    assert model.history.reading("hip_flexion_left").is_known


def test_without_a_thigh_there_are_words_instead_of_angles(walk) -> None:
    source = PlayedSource(walk)
    del source.rings["thigh_left"], source.rings["thigh_right"]
    model = LiveModel(source, expected=["pelvis"])
    walked(source, model, 0.5)
    assert model.guidance.headline == "Angles need the pelvis and one thigh"
    none = PlayedSource(walk)
    none.rings.clear()
    model = LiveModel(none)
    model.pull()
    assert model.guidance.headline == "Connect the sensors" and model.cards == []


def test_sensors_that_come_later_begin_the_analysis(walk) -> None:
    source = PlayedSource(walk)
    late = source.rings.pop("thigh_right")
    model = LiveModel(source)
    model.pull()
    source.rings["thigh_right"] = late
    walked(source, model, 5.0, 0.1)
    assert model.history.n_rows > 400
    assert len(model.cards) == 3


# -- recording -------------------------------------------------------------------------------------


def test_recording_is_started_marked_stopped_and_told(walk, tmp_path: Path) -> None:
    source = PlayedSource(walk)
    told = []
    model = LiveModel(source, out=tmp_path / "walk.h5", on_recorded=told.append)
    walked(source, model, 1.0, 0.1)
    model.mark()
    assert source.marks == [] and model.recording.phase == "idle"
    model.toggle_recording()
    assert model.recording.phase == "starting"
    walked(source, model, 3.0, 0.1)
    assert model.recording.phase == "recording"
    assert model.recording.elapsed_s == pytest.approx(2.0)
    assert str(tmp_path / "walk.h5") in model.recording.line
    model.mark()
    model.pull()
    assert [name for name, _ in source.marks] == ["mark"] and model.recording.n_markers == 1
    model.toggle_recording()
    model.toggle_recording()  # pressed twice: stopping is under way, nothing else happens
    model.pull()
    assert source.calls == ["begin", "end"]
    assert model.recording.phase == "idle" and "Saved" in model.recording.line
    assert [result.duration_s for result in told] == pytest.approx([2.0])


def test_a_refused_start_and_a_full_disk_are_told_with_what_to_do(walk, tmp_path: Path) -> None:
    source = PlayedSource(walk)
    model = LiveModel(source, out=tmp_path / "walk.h5")
    walked(source, model, 1.0, 0.1)
    source.refusal = SensorLostError("thigh_left (silent): no samples for 5 s", hint="bring it")
    model.toggle_recording()
    model.pull()
    assert (model.guidance.kind, model.guidance.detail) == ("alarm", "bring it")
    assert model.recording.phase == "idle"
    source.refusal = None
    model.toggle_recording()
    walked(source, model, 2.0, 0.1)
    source.disk_error = DiskError("disk full at 3.0 s", hint="free some space")
    model.pull()
    assert (model.guidance.headline, model.guidance.kind) == ("disk full at 3.0 s", "alarm")
    model.toggle_recording()
    model.pull()
    assert model.recording.phase == "idle" and model.recording.error == "disk full at 3.0 s"


def test_closing_stops_the_recording_before_the_sensors_and_only_once(walk, tmp_path) -> None:
    source = PlayedSource(walk)
    model = LiveModel(source, out=tmp_path / "walk.h5")
    walked(source, model, 1.0, 0.1)
    model.toggle_recording()
    model.close()  # before the model has learnt that the recording began
    model.close()
    model.pull()
    assert source.calls == ["begin", "end", "close"]
    assert len(model.control.results) == 1


def test_closing_lets_go_of_the_sensors_even_when_the_file_fails(walk, tmp_path) -> None:
    class Broken(PlayedSource):
        def end_recording(self):
            raise RuntimeError("broken")

    source = Broken(walk)
    model = LiveModel(source, out=tmp_path / "walk.h5")
    walked(source, model, 1.0, 0.1)
    model.toggle_recording()
    model.pull()
    with pytest.raises(RuntimeError, match="broken"):
        model.close()
    assert source.closed == 1


def test_an_empty_status_is_no_sensors(walk) -> None:
    class Empty(PlayedSource):
        def status(self) -> AcquisitionStatus:
            return AcquisitionStatus(0.0, {}, None)

    model = LiveModel(Empty(walk), expected=["pelvis", "thigh_left"])
    model.pull()
    assert [card.grade for card in model.cards] == ["bad", "bad"]
    assert model.guidance.kind == "alarm"
