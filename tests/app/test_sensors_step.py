"""The step of the sensors on real GATT over the virtual radio: found, told apart, connected."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager

import pytest

pytest.importorskip("PySide6.QtWidgets", exc_type=ImportError, reason="Qt cannot be loaded here")
pytest.importorskip("bumble", reason="virtual Bluetooth is not installed")

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from radios import Kit, Radios

import imuhip
from imuhip.acquisition.assignment import SearchPlan
from imuhip.acquisition.blocking import Acquisition
from imuhip.acquisition.engine import EngineOptions
from imuhip.app.models.bench import Bench
from imuhip.app.models.known_kit import KnownSensor
from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.session_model import SessionParts
from imuhip.app.views.live_window import LiveWindow

pytestmark = [pytest.mark.realtime, pytest.mark.usefixtures("nothing_left")]

THREE = ("pelvis", "thigh_left", "thigh_right")
NEXT = {"pelvis": "thigh_left", "thigh_left": "thigh_right", "thigh_right": "pelvis"}


@pytest.fixture(scope="module")
def walk() -> imuhip.Recording:
    return imuhip.simulate("walk", 0.2, seed=4, calibration=False)


@pytest.fixture
def radios(walk) -> Radios:
    return Radios(walk)


@pytest.fixture
def kit() -> Kit:
    return Kit()


@pytest.fixture
def window(application, radios, kit, tmp_path):
    bench = Bench(radios, EngineOptions(search=SearchPlan(1, 1.5)))
    model = LiveModel(bench, out=tmp_path / "s.h5")
    parts = SessionParts(bench=bench, kit=kit.memory)
    window = LiveWindow(model, parts=parts, step="person")
    window.show()
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window)
    window.start()
    yield window
    window.close()


def wait_until(condition, timeout_s: float = 30.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "waited in vain"
        QTest.qWait(20)


def press(window: LiveWindow, *keys: Qt.Key) -> None:
    for key in keys:
        QTest.keyClick(window.focusWidget() or window, key)
    window.show_words()


def test_sensors_are_found_blink_and_are_told_apart_by_taps_with_keys_alone(
    window, radios, kit, monkeypatch
) -> None:
    sensors, bench = window.session.sensors, window.model._source
    press(window, Qt.Key.Key_F2)
    wait_until(lambda: sensors.is_open and sensors.job is None)
    window.show_words()
    assert "Look for the sensors" in window.header.headline.toolTip()
    press(window, Qt.Key.Key_Space)
    wait_until(lambda: sensors.job is None and len(sensors.heard) == 3)
    window.show_words()
    page = window.sensors_page
    assert page.reach.hasFocus() and page.reach.count() == 3
    assert "not worn" in page.reach.item(0).text() and "dBm" in page.reach.item(0).text()
    press(window, Qt.Key.Key_Home, Qt.Key.Key_Down, Qt.Key.Key_B)
    wait_until(lambda: sensors.job is None)
    assert [radios.kits[0].sensors[s].identified for s in THREE] == [0, 1, 0]
    assert "look for its light" in sensors.said

    # Somebody wears them otherwise than any order of theirs says.
    tap = bench.tap_virtual
    monkeypatch.setattr(bench, "tap_virtual", lambda segment: tap(NEXT[segment]))
    press(window, Qt.Key.Key_Space)
    wait_until(lambda: sensors.taps is not None and sensors.taps.wanted == "thigh_left")
    window.show_words()
    assert "Tap the sensor twice: left thigh" in window.header.headline.toolTip()
    assert "Felt by imuhip 2C3D" in window.header.detail.text()
    wait_until(lambda: sensors.all_stream and sensors.job is None)
    window.tick()
    found = {s: status.serial for s, status in sensors.sensors.items()}
    assert found == {s: f"SIM-{NEXT[s].upper().replace('_', '-')}" for s in THREE}
    assert {s: one.serial for s, one in kit.sensors.items()} == found
    window.show_words()
    assert "All 3 sensors stream" in window.header.headline.toolTip()
    wait_until(lambda: {card.grade for card in window.model.cards} == {"good"})
    window.show_words()
    for segment in THREE:
        card = page.strip.cards[segment]
        assert card.property("kind") == "good", card.accessibleName()
        assert "dBm" in card.figures.text() and "battery" in card.figures.text()
    assert "streaming" in page.body.accessibleDescription()
    press(window, Qt.Key.Key_B)
    wait_until(lambda: sensors.job is None)
    assert sum(radios.kits[0].sensors[s].identified for s in THREE) == 2
    press(window, Qt.Key.Key_Space)
    assert window.session.step not in ("person", "sensors")


def test_virtual_sensors_are_a_key_away_and_say_so(window, radios) -> None:
    radios.has_adapter = False
    sensors = window.session.sensors
    press(window, Qt.Key.Key_F2)
    wait_until(lambda: bool(sensors.error[0]))
    window.show_words()
    assert "no Bluetooth adapter" in window.header.headline.toolTip()
    assert "V takes virtual sensors" in window.header.detail.text()
    assert not window.header.badge.isVisible()
    press(window, Qt.Key.Key_V)
    wait_until(lambda: sensors.all_stream)
    window.show_words()
    assert window.header.badge.isVisible() and window.sensors_page.plate.isVisible()
    press(window, Qt.Key.Key_V)
    wait_until(lambda: sensors.job is None)
    window.show_words()
    assert not window.header.badge.isVisible() and not window.model.status.sensors


def test_a_missing_sensor_is_red_and_the_others_work(window, radios, kit) -> None:
    kit.sensors = {
        "pelvis": KnownSensor("C4:5C:4E:00:1A:2B", "SIM-PELVIS"),
        "thigh_left": KnownSensor("C4:5C:4E:00:2C:3D", "SIM-THIGH-LEFT"),
        "thigh_right": KnownSensor("C4:5C:4E:00:99:99", "SOMEBODY-ELSE", model="imuhip"),
    }
    before = dict(kit.sensors)
    sensors, page = window.session.sensors, window.sensors_page
    press(window, Qt.Key.Key_F2)
    wait_until(lambda: sensors.job is None and len(sensors.sensors) == 2)
    wait_until(lambda: not {"pelvis", "thigh_left"} & set(sensors.missing))
    window.tick()
    window.show_words()
    assert sensors.missing == ("thigh_right",) and not sensors.all_stream
    assert window.header.headline.toolTip() == "Not connected: right thigh"
    card = page.strip.cards["thigh_right"]
    assert card.property("kind") == "bad" and card.symbol.text() == "✖"
    assert "Switch it on" in card.step.text()
    assert kit.sensors == before, "a smaller kit would be remembered"
    body = page.body
    at = body._point("thigh_right").toPoint()
    assert body.place_at(at.x(), at.y()) == "thigh_right"
    QTest.mouseClick(body, Qt.MouseButton.LeftButton, pos=QPoint(at))
    window.tick()
    window.show_words()
    assert sensors.all_stream and "thigh_right" not in page.strip.cards
    press(window, Qt.Key.Key_3)
    assert not sensors.all_stream
    press(window, Qt.Key.Key_3)
    assert sensors.all_stream


def test_a_sensor_is_put_elsewhere_by_hand_but_not_while_it_records(window, radios) -> None:
    sensors = window.session.sensors
    press(window, Qt.Key.Key_F2)
    wait_until(lambda: sensors.job is None and sensors.is_open)
    press(window, Qt.Key.Key_A)
    wait_until(lambda: sensors.job is None and len(sensors.heard) == 3)
    window.show_words()
    page = window.sensors_page
    for row, segment in enumerate(THREE):
        page.reach.setCurrentRow(row)
        press(window, Qt.Key.Key_Right)  # the next place that is free
        assert sensors.worn_on(sensors.chosen) == segment
    assert [page.reach.item(row).text().split(":")[0] for row in range(3)] == [
        "● Pelvis", "● Left thigh", "● Right thigh"
    ]  # fmt: skip
    press(window, Qt.Key.Key_Space)
    wait_until(lambda: sensors.all_stream and sensors.job is None)
    QTest.keyClick(window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    wait_until(lambda: window.model.recording.phase == "recording")
    for key in (Qt.Key.Key_V, Qt.Key.Key_A, Qt.Key.Key_1, Qt.Key.Key_Right, Qt.Key.Key_T):
        press(window, key)
        assert sensors.job is None and "while it records" in sensors.error[0]
        sensors.error = ("", "")
    assert sensors.all_stream
    window.close()
    assert imuhip.open(window.model.control.results[0].path).subject is None


def test_nothing_found_at_all_is_told_once_and_escape_lets_go(window, radios, kit) -> None:
    kit.sensors = {"pelvis": KnownSensor("C4:5C:4E:00:88:88", "NOBODY")}
    sensors = window.session.sensors
    press(window, Qt.Key.Key_F2)
    wait_until(lambda: bool(sensors.error[0]) and sensors.job is None and not sensors.sensors)
    window.show_words()
    assert "pelvis: not found" in window.header.headline.toolTip()
    press(window, Qt.Key.Key_A)
    wait_until(lambda: sensors.job is None and len(sensors.heard) == 3)
    press(window, Qt.Key.Key_T)
    wait_until(lambda: sensors.taps is not None)
    window.show_words()
    assert window.header.headline.toolTip() == "Leave all sensors still"
    press(window, Qt.Key.Key_Escape)
    wait_until(lambda: sensors.job is None and not sensors.sensors)
    assert sensors.taps is None and sensors.error == ("", "")


@pytest.mark.parametrize("state", ["opening", "looking", "connecting", "tapping"])
def test_the_window_closes_whatever_the_sensors_are_at(window, radios, state: str) -> None:
    """The fixture `nothing_left` looks for threads and tasks."""
    sensors = window.session.sensors
    radios.hangs = state == "opening"
    press(window, Qt.Key.Key_F2)
    if state == "opening":
        wait_until(lambda: sensors.job == "opening" and radios.n_asked == 1)
    else:
        wait_until(lambda: sensors.is_open and sensors.job is None)
        sensors.look()
        if state != "looking":
            wait_until(lambda: sensors.job is None and len(sensors.heard) == 3)
            sensors.tap()
            wait_until(lambda: sensors.job == "connecting")
        if state == "tapping":
            wait_until(lambda: sensors.taps is not None)
    begun_s = time.monotonic()
    window.close()
    assert time.monotonic() - begun_s < 10.0 and not window.isVisible()


def test_sensors_connected_before_the_window_opened_can_be_exchanged_in_it(
    application, radios, tmp_path
) -> None:
    """As ``imuhip live`` does."""

    @asynccontextmanager
    async def radio():
        opened = await radios("auto")
        try:
            yield opened.radio
        finally:
            await opened.close()

    with Acquisition(radio, EngineOptions()) as acquisition:
        acquisition.connect(radios.kits[0].assignment)
        bench = Bench(radios, subject="P007")
        bench.adopt("auto", acquisition)
        model = LiveModel(bench, out=tmp_path / "s.h5", expected=THREE)
        window = LiveWindow(model, parts=SessionParts(bench=bench), step="sensors")
        window.show()
        window.start()
        sensors = window.session.sensors
        wait_until(lambda: sensors.all_stream and sensors.job is None)
        assert sensors.plan.is_complete and model.subject == "P007"
        sensors.chosen = radios.kits[0].assignment["thigh_right"]
        sensors.blink()
        wait_until(lambda: sensors.job is None)
        assert radios.kits[0].sensors["thigh_right"].identified == 1
        sensors.turn_place("thigh_right")
        wait_until(lambda: set(sensors.sensors) == {"pelvis", "thigh_left"})
        sensors.turn_virtual()
        wait_until(lambda: model.simulated and sensors.all_stream and sensors.job is None)
        model.subject = "P008"
        window.toggle_recording()
        wait_until(lambda: model.recording.elapsed_s > 0.3)
        window.close()
    recording = imuhip.open(model.control.results[0].path)
    assert recording.subject == "P008" and recording.settings["radio"] == "sim"
    assert len(radios.kits) == 2 and set(recording.sensors) == set(THREE)
