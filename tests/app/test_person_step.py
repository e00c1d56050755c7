"""The step of the person: codes, what hurts, names behind a passphrase, sessions, rescue."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PySide6.QtWidgets", exc_type=ImportError, reason="Qt cannot be loaded here")

from played_source import PlayedSource
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

import imuhip
from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.session_model import SessionParts
from imuhip.app.models.shelf import Shelf
from imuhip.app.models.worker import InPlace
from imuhip.app.views.live_window import LiveWindow
from imuhip.core.series import Marker
from imuhip.people import names as names_module
from imuhip.people.folder import PeopleFolder
from imuhip.people.person import Person
from recorded_motion import append_block, writer

pytestmark = pytest.mark.usefixtures("nothing_left")

PASSPHRASE = "correct horse battery"
NAME = "Zuzana Prikladova"


@pytest.fixture(scope="module")
def walk() -> imuhip.Recording:
    return imuhip.simulate("walk", 0.1, seed=4, calibration=False)


@pytest.fixture
def people(tmp_path: Path) -> PeopleFolder:
    return PeopleFolder(tmp_path / "people")


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    """Return the folder of recordings."""
    (tmp_path / "recordings").mkdir()
    return tmp_path / "recordings"


@pytest.fixture
def make_window(application, walk, people, sessions, tmp_path):
    """Return what opens windows; all of them are closed in the end."""
    opened = []

    def make() -> LiveWindow:
        source = PlayedSource(replace(walk, subject=None), writes=True)
        model = LiveModel(source, simulated=True, out=sessions / "new.h5")
        parts = SessionParts(people=people, names_file=tmp_path / "names.imuhip")
        window = LiveWindow(model, parts=parts, step="person")
        window.source = source
        window.show()
        window.activateWindow()
        assert QTest.qWaitForWindowActive(window)
        opened.append(window)
        settled(window)
        return window

    yield make
    for window in opened:
        window.close()


def settled(window: LiveWindow) -> None:
    """Wait for the worker, then show what it found."""
    person, deadline_s = window.session.person, time.monotonic() + 20.0
    window.tick()
    while person.is_opening or person.shelf.is_looking or person.shelf.recovering:
        assert time.monotonic() < deadline_s, "waited in vain"
        QTest.qWait(5)
        window.tick()
    window.tick()
    window.show_words()


def press(window: LiveWindow, *keys: Qt.Key) -> None:
    for key in keys:
        QTest.keyClick(window.focusWidget() or window, key)
    window.show_words()


def typed(window: LiveWindow, text: str) -> None:
    QTest.keyClicks(window.focusWidget(), text)
    window.show_words()


def headline(window: LiveWindow) -> str:
    return window.header.headline.toolTip()


def test_the_first_person_is_one_key_and_their_code_is_in_the_file(make_window, people) -> None:
    window = make_window()
    page = window.person_page
    assert page.people.hasFocus() and "Who is it?" in headline(window)
    assert page.code.text() == "P001"
    press(window, Qt.Key.Key_Space)
    assert window.session.step == "sensors" and window.model.subject == "P001"
    assert people.found().people == (Person("P001"),)
    window.source.play_to(1.0)
    window.toggle_recording()
    window.tick()
    window.source.play_to(2.0)
    window.tick()
    window.toggle_recording()
    window.tick()
    press(window, Qt.Key.Key_F1)
    settled(window)
    assert imuhip.open(window.model.control.results[0].path).subject == "P001"
    assert window.session.person.sessions[0].cells[-1] == "new.h5"
    assert page.table.isVisible() and "1 session so far" in window.header.detail.text()


def test_code_side_level_and_purpose_are_typed_by_keyboard_alone(make_window, people) -> None:
    people.create(Person("P007", "right", 6, "old"))
    window = make_window()
    page = window.person_page
    press(window, Qt.Key.Key_E)
    assert page.code.hasFocus() and page.code.selectedText() == "P008"
    typed(window, "S12 t")  # letters and digits are typed, they are no keys of the window now
    press(window, Qt.Key.Key_Tab)
    assert page.side.hasFocus()
    press(window, Qt.Key.Key_Down)
    press(window, Qt.Key.Key_Tab, Qt.Key.Key_Down, Qt.Key.Key_Down)
    press(window, Qt.Key.Key_Tab)
    typed(window, "after running 5 km")
    press(window, Qt.Key.Key_Return)
    assert "'S12 t' cannot be a person's code" in headline(window)
    assert window.header.property("kind") == "alarm" and window.session.step == "person"
    page.code.setFocus()
    page.code.selectAll()
    typed(window, "S12")
    press(window, Qt.Key.Key_Return)
    assert people.found().people[1] == Person("S12", "left", 1, "after running 5 km")
    assert page.people.hasFocus() and page.people.currentItem().text() == "S12  left 1"
    press(window, Qt.Key.Key_Up)
    assert window.session.person.chosen.code == "P007" and page.purpose.text() == "old"
    press(window, Qt.Key.Key_E)
    assert page.side.hasFocus() and page.code.isReadOnly()
    press(window, Qt.Key.Key_Down, Qt.Key.Key_Escape)
    assert page.side.currentText() == "right" and page.people.hasFocus()
    press(window, Qt.Key.Key_E, Qt.Key.Key_Down)
    QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert people.found().people[0].pain_side == "both"


def test_names_are_shown_after_the_passphrase_and_are_in_no_recording(
    make_window, people, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(names_module, "_COST", {"n": 16, "r": 8, "p": 1})
    people.create(Person("P001"))
    window = make_window()
    page, person = window.person_page, window.session.person
    press(window, Qt.Key.Key_Down)
    assert not page.name.isEnabled() and "U begins to" in page.name_hint.text()
    press(window, Qt.Key.Key_U)
    assert page.passphrase.hasFocus() and page.again.isVisible()
    typed(window, PASSPHRASE)
    press(window, Qt.Key.Key_Return)
    typed(window, PASSPHRASE[:-1])
    press(window, Qt.Key.Key_Return)
    settled(window)
    assert "passphrases differ" in headline(window) and person.names is None
    page.passphrase.setFocus()
    typed(window, PASSPHRASE)
    press(window, Qt.Key.Key_Return)
    typed(window, PASSPHRASE)
    press(window, Qt.Key.Key_Return)
    settled(window)
    assert person.names is not None and not page.passphrase.isVisible()
    page.name.setFocus()
    typed(window, NAME)
    press(window, Qt.Key.Key_Return)
    assert NAME in page.people.currentItem().text()
    window.go_on()
    window.source.play_to(1.0)
    window.toggle_recording()
    window.tick()
    window.source.play_to(2.0)
    window.close()
    for file in tmp_path.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert NAME.encode() not in content and PASSPHRASE.encode() not in content, file

    window = make_window()  # the next day
    page, person = window.person_page, window.session.person
    press(window, Qt.Key.Key_Down)
    assert NAME not in page.people.item(1).text() and "U opens them" in page.name_hint.text()
    press(window, Qt.Key.Key_U)
    assert not page.again.isVisible()
    typed(window, "wrong horse battery")
    press(window, Qt.Key.Key_Return)
    settled(window)
    assert "does not open it" in headline(window) and person.names is None
    assert page.passphrase.text() == ""
    typed(window, PASSPHRASE)
    press(window, Qt.Key.Key_Return)
    settled(window)
    assert page.name.text() == NAME
    press(window, Qt.Key.Key_Space)
    assert window.session.step == "sensors"


def test_broken_files_are_explained_and_the_rest_can_be_used(make_window, people, tmp_path) -> None:
    people.create(Person("P001"))
    (people.path / "P002.json").write_text("{")
    (tmp_path / "names.imuhip").write_text("not ours")
    window = make_window()
    page = window.person_page
    assert page.people.count() == 2 and "P002.json" in page.notes.text()
    press(window, Qt.Key.Key_U)
    typed(window, PASSPHRASE)
    press(window, Qt.Key.Key_Return)
    settled(window)
    assert "is not a file of names" in headline(window)
    assert "codes work without names" in window.header.detail.text()
    press(window, Qt.Key.Key_Escape, Qt.Key.Key_Down, Qt.Key.Key_Space)
    assert window.session.step == "sensors" and window.model.subject == "P001"


def test_a_folder_that_cannot_be_used_keeps_nobody_from_recording(make_window, people) -> None:
    people.path.parent.mkdir(exist_ok=True)
    people.path.write_text("a file where a folder should be")
    window = make_window()
    assert "cannot be read" in window.person_page.notes.text()
    press(window, Qt.Key.Key_Space)
    assert window.session.step == "person" and "cannot be written" in headline(window)
    press(window, Qt.Key.Key_F7)
    window.source.play_to(1.0)
    window.tick()
    press(window, Qt.Key.Key_Space)
    assert window.model.recording.phase == "starting" or window.source.calls == ["begin"]


def test_while_it_records_the_person_stays(make_window, people) -> None:
    people.create(Person("P001"))
    people.create(Person("P002"))
    window = make_window()
    press(window, Qt.Key.Key_Down, Qt.Key.Key_Space)
    window.source.play_to(1.0)
    window.toggle_recording()
    window.tick()
    press(window, Qt.Key.Key_F1, Qt.Key.Key_Down, Qt.Key.Key_Space)
    assert window.session.step == "person" and window.model.subject == "P001"
    assert "recording that runs is of P001" in headline(window)
    press(window, Qt.Key.Key_Up, Qt.Key.Key_Space)
    assert window.session.step == "sensors"


def died(folder: Path, name: str, *, age_s: float = 60.0) -> Path:
    """Return a recording as a killed process leaves it."""
    target = writer(folder / "running.h5", ("pelvis", "thigh_left"))
    append_block(target, "pelvis", np.arange(500))
    append_block(target, "thigh_left", np.arange(500))
    target.append_marker(Marker("n_pose", 0.0, 3.0))
    target.flush()
    shutil.copyfile(folder / "running.h5", folder / name)
    target.close()
    (folder / "running.h5").unlink()
    then = time.time() - age_s
    os.utime(folder / name, (then, then))
    return folder / name


def test_unfinished_recordings_are_offered_and_rescued(make_window, sessions) -> None:
    dead = died(sessions, "session-a.h5")
    (sessions / "session-c.h5").write_bytes(b"never began")
    before = dead.read_bytes()
    window = make_window()
    page = window.person_page
    notes = page.notes.text()
    assert "A recording was not finished: session-a.h5, 0:05 min" in notes
    assert "session-c.h5" in notes
    assert page.buttons["recover"].isVisible()
    press(window, Qt.Key.Key_V)
    settled(window)
    notes = page.notes.text()
    assert "● Rescued: session-a_recovered.h5, 0:0" in notes and "not finished" not in notes
    assert not page.buttons["recover"].isVisible() and dead.read_bytes() == before
    recording = imuhip.open(sessions / "session-a_recovered.h5")
    assert recording.state == "recovered" and len(recording.sensors["pelvis"]) == 500
    window.close()
    window = make_window()
    assert "not finished" not in window.person_page.notes.text()


def test_a_recording_that_died_just_now_is_offered_some_seconds_later(tmp_path: Path) -> None:
    now_s = 100.0
    shelf = Shelf(tmp_path, InPlace(), lambda: now_s)
    dead = died(tmp_path, "session-a.h5", age_s=0.0)
    shelf.look()
    for _ in range(3):
        shelf.pull(shown=True)
    assert shelf.unfinished == []
    then = time.time() - 60.0
    os.utime(dead, (then, then))
    now_s = 105.0
    shelf.pull(shown=True)
    assert shelf.unfinished == []
    now_s = 107.0
    shelf.pull(shown=False)
    assert not shelf.is_looking and shelf.unfinished == []
    for _ in range(2):
        shelf.pull(shown=True)
    assert [one.path for one in shelf.unfinished] == [dead]


def test_a_rescue_that_is_not_possible_is_explained(make_window, sessions, monkeypatch) -> None:
    died(sessions, "session-a.h5")
    window = make_window()

    def full(*_: object, **__: object) -> None:
        raise imuhip.ImuhipError("the disk is full", hint="free some space")

    monkeypatch.setattr("imuhip.app.models.shelf.recover", full)
    press(window, Qt.Key.Key_V)
    settled(window)
    assert "the disk is full. free some space" in window.person_page.notes.text()
    assert window.person_page.buttons["recover"].isVisible()
