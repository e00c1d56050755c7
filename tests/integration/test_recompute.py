"""``imuhip recompute``: results beside a recording, the same in every bit, and what differs."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

import imuhip
from cli_process import run_cli
from imuhip.cli.commands import build
from imuhip.errors import RecordingError
from imuhip.recording.annotations import add_tag, exclude_strides
from imuhip.recording.digest import file_digest
from imuhip.recording.results_file import results_path


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recorded") / "walk.h5"
    return imuhip.simulate("walk", 0.6, seed=4, rate_hz=100.0).save(path)


@pytest.fixture
def session(recorded: Path, tmp_path: Path) -> Path:
    path = tmp_path / "walk.h5"
    path.write_bytes(recorded.read_bytes())
    return path


@pytest.fixture(scope="module")
def results(recorded: Path) -> Path:
    """Return the results of the recording, as a command stored them."""
    assert told(recorded)["written"]
    return results_path(recorded)


@pytest.fixture
def stored(session: Path, results: Path) -> Path:
    """Return the recording with its results beside it."""
    results_path(session).write_bytes(results.read_bytes())
    return session


def cli(*arguments: object):
    return CliRunner().invoke(build(), ["recompute", *(str(one) for one in arguments)])


def told(*arguments: object) -> dict:
    result = cli(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_results_are_what_the_api_computes_and_say_where_they_come_from(session: Path) -> None:
    content = session.read_bytes()
    first = told(session)
    assert first["written"] and first["stored"] is None and first["identical"] is None
    assert session.read_bytes() == content, "the recording stays as it is"
    stored = imuhip.open_results(session)
    analysis = imuhip.analyze(imuhip.open(session))
    for name in analysis.angles:
        expected = analysis.angles[name].to_numpy()
        assert stored.column(name).tobytes() == expected.tobytes(), name
    np.testing.assert_array_equal(stored.column("time_s"), analysis.angles.index.to_numpy())
    strides = stored.table("strides")
    assert list(strides["side"]) == list(analysis.strides["side"])
    assert strides["valid"].dtype == bool
    assert stored.document("summary")["sides"] == analysis.summary["sides"]
    assert len(stored.table("measures"))
    about = stored.about
    assert about["software_version"] == imuhip.__version__
    assert about["settings"]["orientation_filter"] == "vqf"
    assert about["input"]["sha256"] == file_digest(session)
    assert about["packages"]["numpy"] == np.__version__


def test_two_processes_give_the_same_bytes(session: Path, tmp_path: Path) -> None:
    """Both are fresh processes, so nothing can be left over from one analysis to the next."""
    contents = []
    for threads in ("1", "2"):
        done = run_cli("recompute", "walk.h5", cwd=tmp_path, OMP_NUM_THREADS=threads)
        assert done.returncode == 0, done.stderr
        contents.append(results_path(session).read_bytes())
        results_path(session).unlink()
    assert contents[0] == contents[1]


def test_the_same_again_changes_nothing(stored: Path) -> None:
    session = stored
    before = results_path(session).read_bytes()
    again = told(session)
    assert again["identical"] is True and not again["written"]
    assert results_path(session).read_bytes() == before


def test_other_settings_are_told_and_stored_only_when_asked(stored: Path) -> None:
    session = stored
    before = results_path(session).read_bytes()
    other = told(session, "--filter", "madgwick")
    assert other["identical"] is False and not other["written"]
    assert other["changed"] == ["orientation filter vqf -> madgwick"]
    by = {(one["table"], one["column"]): one for one in other["differences"]}
    analysis = imuhip.analyze(imuhip.open(session))
    changed = imuhip.analyze(imuhip.open(session), orientation_filter="madgwick")
    name = "hip_rotation_left_deg"
    gap = np.nanmax(np.abs(analysis.angles[name] - changed.angles[name]))
    assert by["angles", name]["largest"] == pytest.approx(gap)
    assert by["angles", name]["rows_now"] == len(analysis.angles)
    assert results_path(session).read_bytes() == before
    assert told(session, "--filter", "madgwick", "--replace")["written"]
    kept = cli(session)
    assert "imuhip 0.1.0, madgwick" in kept.stdout, "settings not named are the stored ones"
    assert "the same, bit for bit" in kept.stdout


def test_notes_change_the_file_and_not_the_samples(stored: Path) -> None:
    session = stored
    add_tag(session, "treadmill")
    tagged = told(session)
    assert tagged["identical"] is True
    assert tagged["changed"] == ["the same samples in a file that changed: notes, or made smaller"]
    strides = imuhip.open_results(session).table("strides")
    one = strides[strides["valid"]].iloc[3]
    exclude_strides(session, one["start_s"], one["end_s"], "looked back", side=one["side"])
    left_out = told(session)
    assert {d["column"] for d in left_out["differences"]} >= {"valid", "exclusion"}


def test_results_of_another_recording_are_told(stored: Path) -> None:
    session = stored
    session.unlink()
    imuhip.simulate("walk", 0.6, seed=5, rate_hz=100.0).save(session)
    other = told(session)
    assert "other samples: the stored results are of another recording" in other["changed"]
    assert not other["identical"]


def test_a_session_of_tests_alone_has_results(tmp_path: Path) -> None:
    done = run_cli("simulate", "test", "hip_rotation_seated", "--out", "t.h5", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert told(tmp_path / "t.h5")["about"]["no_gait"]
    stored = imuhip.open_results(tmp_path / "t.h5")
    assert stored.tables == ("measures",)
    assert set(stored.table("measures")["test"]) == {"hip_rotation_seated"}
    assert told(tmp_path / "t.h5")["identical"] is True


def _with(place: str, **options):
    def change(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            del file[place]
            file.create_dataset(place, **options)

    return change


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:9000]),
        lambda path: path.write_bytes(b"PK\x03\x04" + bytes(100)),
        _with("documents/about", data=np.frombuffer(b"[1", np.uint8)),
        _with("documents/about", shape=(10**12,), dtype="u1", chunks=(1024,)),
        _with("documents/columns", data=np.frombuffer(b"[" * 100_000, np.uint8)),
        _with("documents/columns", data=np.frombuffer(b'{"angles": 3}', np.uint8)),
        _with("tables/angles/time_s", shape=(10**12,), dtype="f8", chunks=(1024,)),
        _with("tables/angles/time_s", data=np.zeros(3, "S9000")),
        _with("tables/angles/time_s", data=np.zeros((3, 3))),
    ],
)
def test_damaged_results_are_refused(stored: Path, damage) -> None:
    damage(results_path(stored))
    with pytest.raises(RecordingError) as refused:
        imuhip.open_results(stored).column("time_s")
    assert "imuhip recompute FILE --replace" in refused.value.hint


def test_damaged_results_are_computed_again_when_asked(stored: Path) -> None:
    _with("tables/angles/time_s", data=np.zeros((3, 3)))(results_path(stored))
    again = cli(stored)
    assert again.exit_code == 1
    assert again.stderr.startswith("error[E770]")
    assert told(stored, "--replace")["written"]
    assert len(imuhip.open_results(stored).column("time_s"))


def test_no_results_and_no_recording(tmp_path: Path, session: Path, results: Path) -> None:
    with pytest.raises(RecordingError, match="no such file"):
        imuhip.open_results(session)
    assert cli(tmp_path / "none.h5").exit_code == 1
    with pytest.raises(KeyError, match="hip_rotation_left"):
        imuhip.open_results(results).column("hip_rotation_left")
