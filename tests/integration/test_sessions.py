"""``imuhip sessions`` over folders as people keep them: doubled, damaged and renamed files."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import imuhip
from hostile_files import HOSTILE, SCRIPT, TRAVERSAL, disguised, hostile_file
from imuhip.cli.commands import build
from imuhip.cli.session_readers import SessionReaders
from imuhip.recording import overview as overview_module
from imuhip.recording.annotations import add_tag, exclude_strides
from imuhip.recording.catalogue import Catalogue
from imuhip.recording.overview import read_overview
from recorded_motion import append_block, counters, fit, writer


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("IMUHIP_CACHE_DIR", str(folder))
    return folder


def made(path: Path, subject: str | None, day: int | None, *names: str, seed: int = 0) -> Path:
    """Write a short recording."""
    noise = np.random.default_rng([seed, day or 0]).normal(size=(300, 3))
    path.parent.mkdir(parents=True, exist_ok=True)
    return imuhip.Recording.from_arrays(
        rate_hz=100.0,
        sensors={s: {"acc": noise + 9.81, "gyr": noise} for s in ("pelvis", "thigh_left")},
        markers=[(name, 0.5 * k, 0.5 * k + 0.4) for k, name in enumerate(names)],
        start_time=None if day is None else datetime(2026, 11, day, 9, 30, tzinfo=UTC),
        subject=subject,
    ).save(path)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    made(folder / "a" / "first.h5", "S01", 3, "n_pose", "knee_to_chest_left")
    made(folder / "a" / "second.h5", "S01", 10, "n_pose", "gait", "hinge")
    made(folder / "b" / "other.h5", "S02", 5, "gait")
    made(folder / "nobody.h5", None, None)
    shutil.copyfile(folder / "b" / "other.h5", folder / "renamed.h5")
    (folder / "letter.h5").write_text("dear reader")
    (folder / ".hidden.h5").write_text("not looked at")
    (folder / "first.results.hdf5").write_text("not looked at")
    add_tag(folder / "a" / "second.h5", "after surgery")
    exclude_strides(folder / "a" / "second.h5", 1.0, 2.0, "looked back", side="left")
    return folder


def cli(*arguments: object):
    return CliRunner().invoke(build(), ["sessions", *(str(one) for one in arguments)])


def listed(*arguments: object) -> list[dict]:
    result = cli(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["sessions"]


def names(*arguments: object) -> list[str]:
    return [one["file"] for one in listed(*arguments)]


def test_a_listing_tells_people_visits_tags_and_what_was_left_out(study: Path) -> None:
    rows = {one["file"]: one for one in listed(study)}
    assert len(rows) == 6
    assert list(rows)[:2] == ["a/first.h5", "b/other.h5"], "by date"
    first, second = rows["a/first.h5"], rows["a/second.h5"]
    assert (first["person"], first["visit"], second["visit"]) == ("S01", 1, 2)
    assert first["tests"] == ["knee_to_chest_left"]
    assert first["duration_s"] == pytest.approx(2.99)
    assert second["tags"] == ["after surgery"]
    assert second["exclusions"] == ["1.0 to 2.0 s left: looked back"]
    assert rows["nobody.h5"]["person"] is None
    text = cli(study).stdout
    assert "6 of 6 files, 2 people, 1 damaged, 1 with the content of another" in text
    assert "2026-11-03 09:30" in text


def test_filters_and_words(study: Path) -> None:
    assert names(study, "--person", "S01") == ["a/first.h5", "a/second.h5"]
    assert names(study, "--since", "2026-11-10") == ["a/second.h5"]
    assert names(study, "--tag", "after surgery") == ["a/second.h5"]
    assert names(study, "--test", "knee_to_chest") == ["a/first.h5"]
    assert names(study, "--test", "knee_to_chest_right") == []
    assert names(study, "--search", "LOOKED s01") == ["a/second.h5"]
    assert names(study, "--damaged") == ["letter.h5"]
    refused = cli(study, "--since", "yesterday")
    assert refused.exit_code == 2
    assert "--since yesterday: expected a day" in refused.stderr


def test_a_doubled_file_is_told_and_a_like_one_is_not(study: Path) -> None:
    rows = {one["file"]: one for one in listed(study)}
    assert rows["renamed.h5"]["same_as"] == "b/other.h5"
    content = bytearray((study / "renamed.h5").read_bytes())
    content[len(content) // 2] ^= 1  # beginning, end and size stay
    (study / "renamed.h5").write_bytes(content)
    assert {one["file"]: one["same_as"] for one in listed(study)}["renamed.h5"] is None


def test_only_changed_files_are_read_again(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counting(path):
        read.append(Path(path).name)
        return read_overview(path)

    monkeypatch.setattr(overview_module, "read_overview", counting)
    assert len(listed(study)) == 6
    assert len(read) == 6
    read.clear()
    listed(study)
    assert read == []
    add_tag(study / "b" / "other.h5", "treadmill")
    (study / "letter.h5").unlink()
    rows = {one["file"]: one for one in listed(study)}
    assert read == ["other.h5"]
    assert rows["b/other.h5"]["tags"] == ["treadmill"]
    assert "letter.h5" not in rows
    assert rows["renamed.h5"]["same_as"] is None
    read.clear()
    cli(study, "--rebuild")
    assert len(read) == 5


def test_the_index_is_never_the_only_copy(study: Path, own_cache: Path) -> None:
    before = listed(study)
    (index,) = own_cache.rglob("*.sqlite")
    for damage in (b"", b"not an index at all" * 1000, index.read_bytes()[:5000]):
        index.write_bytes(damage)
        assert listed(study) == before
    shutil.rmtree(own_cache)
    assert listed(study) == before
    shutil.rmtree(own_cache)
    own_cache.write_text("a file where the folder should be")
    assert listed(study) == before, "without a place for an index it goes without"


def test_a_recording_that_counted_its_losses_says_so(tmp_path: Path) -> None:
    target = writer(tmp_path / "live.h5", ("pelvis",))
    target.append_clock_fit("pelvis", fit(), 1.0)
    append_block(target, "pelvis", np.arange(100))
    target.flush()
    (row,) = listed(tmp_path)
    assert row["damaged"]["code"] == "E401"
    assert "imuhip recover" in row["damaged"]["hint"]
    target.update_counters("pelvis", counters(75))
    target.close()
    (row,) = listed(tmp_path)
    assert row["damaged"] is None
    assert row["lost_percent"] == 0.0
    assert row["sensors"][0]["received"] == 75


def _crashing(file: str) -> tuple[str, str, str, str, str]:
    if file.endswith("7.h5"):
        os.kill(os.getpid(), signal.SIGSEGV)
    return "", "", "", "", file


def test_a_file_that_crashes_its_reader_is_told_and_the_others_are_read() -> None:
    with SessionReaders() as readers:
        readers._alone = 0
        told = readers.each(_crashing, [f"{k}.h5" for k in range(12)])
    assert [one[-1] for one in told if not one[1]] == [f"{k}.h5" for k in range(12) if k != 7]
    assert told[7][1:3] == ("E402", "is damaged so that reading it crashes")


def test_no_folder_and_an_empty_one(tmp_path: Path) -> None:
    result = cli(tmp_path / "nowhere")
    assert result.exit_code == 1
    assert result.stderr.startswith("error[E769]")
    assert cli(tmp_path).stdout == f"{tmp_path}: no session files (.h5) yet\n"


@pytest.mark.parametrize("link", ["folder", "file", "nowhere"])
def test_links_lead_nowhere_else(study: Path, tmp_path: Path, link: str) -> None:
    before = set(names(study))
    target = {"folder": study, "file": study / "a" / "first.h5", "nowhere": tmp_path / "gone.h5"}
    (study / "link.h5").symlink_to(target[link])
    assert set(names(study)) - before == ({"link.h5"} if link == "file" else set())


def test_hostile_files_are_listed_with_their_reason_in_no_time(tmp_path: Path) -> None:
    good = made(tmp_path / "good" / "walk.h5", "S01", 3)
    folder = tmp_path / "all"
    folder.mkdir()
    for kind in HOSTILE:
        hostile_file(kind, good, folder / f"{kind}.h5")
    begin_s = time.process_time()
    rows = {one["file"].removesuffix(".h5"): one for one in listed(folder)}
    assert time.process_time() - begin_s < 10.0
    assert set(rows) == set(HOSTILE)
    # what only reading all samples shows is `imuhip check`'s to find
    unseen = {name for name, row in rows.items() if row["damaged"] is None}
    assert unseen <= {
        "huge shape", "more than it stores", "external link", "soft link", "other file's bytes",
        "endless text", "nested JSON",
    }  # fmt: skip
    for row in rows.values():
        assert row["damaged"] is None or (row["damaged"]["problem"] and row["damaged"]["hint"])
    assert not (tmp_path / "pickled").exists()


@pytest.mark.parametrize("subject", [SCRIPT, TRAVERSAL, "a\x1b[2J\x07b", "=cmd()", "'; DROP TABLE"])
def test_codes_are_text_and_nothing_else(tmp_path: Path, subject: str) -> None:
    good = made(tmp_path / "walk.h5", "S01", 3)
    folder = tmp_path / "all"
    folder.mkdir()
    disguised(good, folder / "odd.h5", subject)
    (row,) = listed(folder)
    assert row["person"] == subject
    assert names(folder, "--person", subject) == ["odd.h5"]
    text = cli(folder).stdout
    assert "\x1b" not in text and "\x07" not in text
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("esc")] == []


def test_looking_can_be_broken_off_and_goes_on(study: Path, tmp_path: Path) -> None:
    index = tmp_path / "index.sqlite"

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with Catalogue(study, index) as catalogue, pytest.raises(KeyboardInterrupt):
        catalogue.look(stop)
    with Catalogue(study, index) as catalogue:
        assert catalogue.look().read == 6
        assert catalogue.look().read == 0
