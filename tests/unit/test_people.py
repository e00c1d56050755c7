"""People: codes that may be files, files that may be broken, names that only a passphrase opens."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.errors import PersonError
from imuhip.people import names as names_module
from imuhip.people.folder import PEOPLE_VARIABLE, PeopleFolder, default_folder
from imuhip.people.names import NAMES_VARIABLE, Names, default_names_file
from imuhip.people.person import Person, checked_code, free_code

PASSPHRASE = "correct horse battery"
NAME = "Zuzana Příkladová"


@pytest.fixture
def cheap(monkeypatch) -> None:
    """A guess costs a millisecond instead of tenths of a second."""
    monkeypatch.setattr(names_module, "_COST", {"n": 16, "r": 8, "p": 1})


@pytest.mark.parametrize(
    "code",
    ["", "../P1", "P1/..", "P 1", ".hidden", "P1.json", "-P1", "CON", "nul", "Com7", "LPT1", "P\n1",
     "Müller", "a" * 33, "C:P1", "P1\x00"],
)  # fmt: skip
def test_codes_that_could_be_paths_or_devices_are_refused(code: str, tmp_path: Path) -> None:
    for call in (checked_code, Person, PeopleFolder(tmp_path).file):
        with pytest.raises(PersonError) as caught:
            call(code)
        assert caught.value.code == "E720" and caught.value.hint
    assert not list(tmp_path.iterdir())


@given(st.text(max_size=40))
def test_whatever_code_is_accepted_is_a_file_right_in_the_folder(code: str) -> None:
    folder = Path("people").absolute()
    try:
        file = PeopleFolder(folder).file(code)
    except PersonError:
        return
    assert file.parent == folder and file.resolve().parent == folder.resolve()
    assert file.stem == code


def test_the_next_free_code_goes_on_after_the_highest() -> None:
    assert free_code([]) == "P001"
    assert free_code(["P001", "P017", "S99", "Pia", "P²"]) == "P018"


def test_people_come_back_as_they_were_kept(tmp_path: Path) -> None:
    folder = PeopleFolder(tmp_path / "new" / "people")
    assert folder.found().people == () == folder.found().problems
    first = Person("P001", "left", 4, "hurts after running – since May")
    folder.create(first)
    folder.create(Person("P002"))
    folder.change(Person("P001", "both", 0, "better"))
    assert folder.found().people == (Person("P001", "both", 0, "better"), Person("P002"))
    with pytest.raises(PersonError, match="this code already") as caught:
        folder.create(Person("p001"))
    assert caught.value.code == "E724"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "E721"),
        ("[1]", "E721"),
        ("{}", "E721"),
        ('{"code": "../../P9"}', "E721"),
        ('{"code": "P8"}', "E721"),
        ('{"code": "P9", "pain_level": 11}', "E721"),
        ('{"code": "P9", "pain_level": true}', "E721"),
        ('{"code": "P9", "pain_side": ["left"]}', "E721"),
        ('{"code": "P9", "purpose": 3}', "E721"),
        ("[" * 100_000, "E721"),
        ('{"code": "P9", "purpose": "' + "x" * 70_000 + '"}', "E721"),
        ('{"format": 2, "code": "P9", "shoe_size": 43}', "E722"),
    ],
)
def test_a_broken_file_is_told_and_kept_and_the_others_are_there(
    tmp_path: Path, text: str, code: str
) -> None:
    folder = PeopleFolder(tmp_path)
    folder.create(Person("P001"))
    broken = tmp_path / "P9.json"
    broken.write_text(text)
    found = folder.found()
    assert [person.code for person in found.people] == ["P001"]
    (problem,) = found.problems
    assert problem.code == code and "P9.json" in problem.message and problem.hint
    with pytest.raises(PersonError):
        folder.change(Person("P9"))
    assert broken.read_text() == text


def test_a_folder_that_cannot_be_used_is_explained(tmp_path: Path) -> None:
    not_a_folder = tmp_path / "people"
    not_a_folder.write_text("a file")
    folder = PeopleFolder(not_a_folder)
    found = folder.found()
    assert found.people == () and found.problems[0].code == "E723"
    assert PEOPLE_VARIABLE in found.problems[0].hint
    with pytest.raises(PersonError) as caught:
        folder.create(Person("P001"))
    assert caught.value.code == "E723"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_a_folder_without_the_right_to_read_is_explained(tmp_path: Path) -> None:
    folder = PeopleFolder(tmp_path / "people")
    folder.create(Person("P001"))
    folder.path.chmod(0)
    try:
        assert folder.found().problems[0].code == "E723"
    finally:
        folder.path.chmod(0o700)


def test_settings_say_where_people_and_names_are(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IMUHIP_SETTINGS_DIR", str(tmp_path / "s"))
    monkeypatch.delenv(PEOPLE_VARIABLE, raising=False)
    assert default_folder() == tmp_path / "s" / "people"
    assert default_names_file() == tmp_path / "s" / "names.imuhip"
    monkeypatch.setenv(PEOPLE_VARIABLE, str(tmp_path / "p"))
    monkeypatch.setenv(NAMES_VARIABLE, str(tmp_path / "stick" / "n"))
    assert PeopleFolder().path == tmp_path / "p"
    assert default_names_file() == tmp_path / "stick" / "n"


def test_names_open_with_the_passphrase_and_are_nowhere_to_be_read(tmp_path, caplog) -> None:
    """With the real cost of a guess."""
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "names.imuhip"
    kept = Names.create(file, PASSPHRASE)
    kept.put("P001", f"  {NAME} ")
    kept.put("P002", "Someone Else")
    kept.put("P002", "")
    again = Names.open(file, PASSPHRASE)
    assert again.of("P001") == NAME and again.of("P002") == "" and dict(again.all) == {"P001": NAME}
    stored = file.read_bytes()
    for secret in (NAME, "P001", PASSPHRASE, "Zuzana"):
        assert secret.encode() not in stored and secret not in caplog.text
        assert secret not in repr(again)
    assert json.loads(stored)["n"] >= 2**15
    if os.name == "posix":
        assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(PersonError) as caught:
        Names.open(file, PASSPHRASE.upper())
    assert caught.value.code == "E725" and PASSPHRASE.upper() not in str(caught.value)


@pytest.mark.usefixtures("cheap")
def test_every_fault_of_the_key_file_is_explained(tmp_path: Path) -> None:
    file = tmp_path / "names.imuhip"

    def code_of(call, *args) -> str:
        with pytest.raises(PersonError) as caught:
            call(*args)
        assert caught.value.hint
        return caught.value.code

    assert code_of(Names.open, file, PASSPHRASE) == "E726"
    assert code_of(Names.create, file, "short") == "E725" and not file.exists()
    Names.create(file, PASSPHRASE).put("P001", NAME)
    assert code_of(Names.create, file, PASSPHRASE) == "E727"
    good = json.loads(file.read_text())
    changes = (
        {"names": good["names"][:-10]}, {"names": good["names"].swapcase()}, {"n": 32},
        {"salt": "AAAA"},
    )  # fmt: skip
    for change in changes:
        file.write_text(json.dumps(good | change))
        assert code_of(Names.open, file, PASSPHRASE) == "E725", change
    damaged = ({"n": 2**30}, {"n": 3}, {"n": 0}, {"r": 10**9}, {"p": -1}, {"kdf": "md5"},
               {"salt": "§"}, {"names": None, "kdf": None})  # fmt: skip
    for change in damaged:
        file.write_text(json.dumps(good | change))
        assert code_of(Names.open, file, PASSPHRASE) == "E727", change
    for text in ("", "[]", "{}", "[" * 100_000):
        file.write_text(text)
        assert code_of(Names.open, file, PASSPHRASE) == "E727", text[:5]
    file.write_text(json.dumps(good | {"format": 2}))
    assert code_of(Names.open, file, PASSPHRASE) == "E722"
    assert json.loads(file.read_text())["names"] == good["names"]


@pytest.mark.usefixtures("cheap")
def test_a_name_that_cannot_be_written_is_not_kept_either(tmp_path: Path) -> None:
    folder = tmp_path / "stick"
    kept = Names.create(folder / "names.imuhip", PASSPHRASE)
    kept.path = tmp_path / "stick" / "names.imuhip" / "gone"
    with pytest.raises(PersonError) as caught:
        kept.put("P001", NAME)
    assert caught.value.code == "E723" and kept.of("P001") == "" and len(kept) == 0
    with pytest.raises(PersonError):
        kept.put("../P001", NAME)


@pytest.mark.usefixtures("cheap")
def test_a_file_made_with_another_cost_stays_readable_after_a_change(tmp_path, monkeypatch) -> None:
    file = tmp_path / "names.imuhip"
    Names.create(file, PASSPHRASE)
    monkeypatch.setattr(names_module, "_COST", {"n": 64, "r": 8, "p": 1})
    Names.open(file, PASSPHRASE).put("P001", NAME)
    assert Names.open(file, PASSPHRASE).of("P001") == NAME


def test_without_the_package_names_are_told_to_be_closed(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cryptography.fernet", None)
    with pytest.raises(PersonError) as caught:
        Names.create(tmp_path / "names.imuhip", PASSPHRASE)
    assert caught.value.code == "E728" and "imuhip[app]" in caught.value.hint
