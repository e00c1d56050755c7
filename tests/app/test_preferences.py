"""Settings of the window: kept between windows, never destroyed when they are not understood."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from imuhip.app.models.notices import Notice, Notices
from imuhip.app.models.preferences import PreferenceFile, Preferences, settings_file

DARK = Preferences(theme="dark", text_percent=150, language="de")


def test_what_is_changed_is_there_in_the_next_window(tmp_path: Path) -> None:
    path = tmp_path / "new" / "settings.toml"
    file = PreferenceFile(path)
    assert file.preferences == Preferences() and file.problem is None and not path.exists()
    file.change(Preferences())
    assert not path.exists(), "nothing was changed"
    file.change(DARK)
    assert file.problem is None and PreferenceFile(path).preferences == DARK
    assert tomllib.loads(path.read_text())["version"] == 1
    assert list(path.parent.iterdir()) == [path]


def test_settings_stand_where_all_settings_stand(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IMUHIP_SETTINGS_DIR", str(tmp_path))
    assert settings_file() == tmp_path / "settings.toml"


def test_text_grows_in_steps_within_its_limits() -> None:
    one = Preferences()
    assert one.enlarged(-1) == one
    assert one.enlarged(1).text_scale == pytest.approx(1.1)
    assert one.enlarged(99).text_percent == 200 == one.enlarged(10).enlarged(1).text_percent


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        (b'version = 2\ntheme = "dark"\nholograms = true\n', "E750", "version 2"),
        (b'theme = "dark"\ntext_percent = 90000\n', "E751", "text_percent = 90000"),
        (b'theme = "dark"\ntext_percent = true\n', "E751", "text_percent = True"),
        (b'theme = "dark"\ncolour = "pink"\n', "E751", "colour = 'pink'"),
        (b'theme = "dark"\nlanguage = "../../x"\n', "E751", "language"),
        (b'version = "one"\ntheme = "dark"\n', "E751", "version = 'one'"),
        (b'version = 0\ntheme = "dark"\n', "E751", "version = 0"),
        (b"theme = \n", "E751", "line 1"),
        (b"\xff\xfe\x00theme", "E751", "utf-8"),
        (b"# x\n" * 20_000, "E751", "too large"),
        (b"a = " + b"[" * 5_000, "E751", ""),
    ],
)
def test_a_file_not_understood_is_explained_used_in_part_and_left_alone(
    tmp_path: Path, content: bytes, code: str, told: str
) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(content)
    file = PreferenceFile(path)
    assert file.problem is not None and file.problem.code == code
    assert told in file.problem.message and str(path) in file.problem.message
    assert "left as it is" in file.problem.hint
    understood = b'"dark"' in content
    assert file.preferences == Preferences(theme="dark" if understood else "light")
    file.change(replace(file.preferences, text_percent=130))
    assert file.preferences.text_percent == 130, "the window follows all the same"
    assert path.read_bytes() == content and list(tmp_path.iterdir()) == [path]


def test_a_file_edited_meanwhile_is_not_overwritten_either(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    file = PreferenceFile(path)
    path.write_text("version = 7\n")
    file.change(DARK)
    assert file.problem is not None and file.problem.code == "E750"
    assert path.read_text() == "version = 7\n"
    path.unlink()
    file.change(Preferences())
    assert file.problem is None and path.exists()


def test_settings_that_cannot_be_read_are_explained(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").mkdir()
    file = PreferenceFile(tmp_path / "settings.toml")
    assert file.problem is not None and file.problem.code == "E751"
    assert file.preferences == Preferences()


def test_settings_that_cannot_be_kept_are_explained(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.with_suffix(".new").mkdir()  # where the fresh file is written first
    file = PreferenceFile(path)
    file.change(DARK)
    assert file.problem is not None and file.problem.code == "E752" and file.preferences == DARK
    assert "until this window is closed" in file.problem.hint


def test_a_notice_is_told_once_and_goes_when_it_was_read() -> None:
    notices = Notices()
    notices.tell(None)
    assert notices.unread == []
    one, other = Notice("One thing.", "Do this."), Notice("Another")
    for notice in (one, other, one):
        notices.tell(notice)
    assert notices.unread == [one, other] and one.text == "One thing. Do this."
    notices.read()
    notices.tell(one)
    assert notices.unread == [other]
    notices.read()
    notices.read()
    assert notices.unread == []
