"""``imuhip batch`` on real Dask workers: what is finished stays, one bad file stops nothing."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import imuhip
from cli_process import CliProcess, run_cli
from hostile_files import SCRIPT, TRAVERSAL, disguised, hostile_file
from imuhip.errors import ConfigError, DiskError

pytest.importorskip("distributed")
psutil = pytest.importorskip("psutil")

from imuhip.batch import cluster as cluster_module  # noqa: E402
from imuhip.batch.columns import ANGLE_KINDS, COLUMNS  # noqa: E402
from imuhip.batch.run import Batch, Watch, fingerprint_of, run_batch  # noqa: E402
from imuhip.batch.session import OPTIONS  # noqa: E402
from imuhip.batch.worker import Job, work  # noqa: E402
from imuhip.cli.commands import build  # noqa: E402
from imuhip.core.segments import ANGLES  # noqa: E402
from imuhip.recording.annotations import add_tag  # noqa: E402
from imuhip.recording.digest import file_digest  # noqa: E402

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.xdist_group("batch"),
    pytest.mark.timeout(400),
]

_PATIENCE_S = 150.0
"""For workers to start and end on a machine that has other work."""
HOSTILE_HERE = ("zip", "pickle", "cut", "huge shape", "more than it stores", "deep groups")


@pytest.fixture(scope="module")
def walks(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return four good sessions, the last of tests alone."""
    folder = tmp_path_factory.mktemp("walks")
    made = [
        imuhip.simulate("walk", 0.3, seed=seed, rate_hz=100.0).save(folder / f"walk{seed}.h5")
        for seed in (1, 2, 3)
    ]
    run_cli("simulate", "test", "hip_rotation_seated", "--out", "test.h5", cwd=folder)
    return [*made, folder / "test.h5"]


@pytest.fixture
def study(walks: list[Path], tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    (folder / "day 2").mkdir(parents=True)
    for path in walks[:2]:
        shutil.copyfile(path, folder / path.name)
    shutil.copyfile(walks[3], folder / "day 2" / "test.h5")
    return folder


def rows(out: Path | str, record: str, **options) -> pd.DataFrame:
    return pd.read_parquet(out, filters=[("record", "==", record)], **options)


def parts(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for p in sorted(out.rglob("*.parquet"))}


def children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def job(path: Path, out: Path, **limits) -> Job:
    from imuhip.batch.places import find_sources

    settings, fingerprint = fingerprint_of(OPTIONS, {})
    (source,) = find_sources([str(path)])
    given = {"longest_s": 60.0, "largest_memory_bytes": 3 * 10**9} | limits
    return Job(source, str(out), OPTIONS, settings, fingerprint, imuhip.__version__, {}, **given)


def test_a_folder_with_bad_files_becomes_one_dataset_and_a_list_of_reasons(
    study: Path, walks: list[Path], tmp_path: Path
) -> None:
    """And started again, only what failed is tried again."""
    for kind in HOSTILE_HERE:
        hostile_file(kind, walks[0], study / f"{kind}.h5")
    disguised(walks[2], study / "script.h5", SCRIPT)
    shutil.copyfile(walks[0], study / "zz renamed.h5")
    out = tmp_path / "deep" / "out"
    here: dict = {"cwd": tmp_path, "timeout_s": _PATIENCE_S}
    done = run_cli("batch", study, "--out", out, "--workers", 2, "--json", **here)
    assert done.returncode == 3, done.stderr
    told = json.loads(done.stdout)
    assert (told["sessions"], told["analysed"], told["failed"]) == (11, 4, len(HOSTILE_HERE))
    assert told["finished_before"] == 1, "the renamed one has the content of another"
    assert {one["file"] for one in told["failures"]} == {f"{kind}.h5" for kind in HOSTILE_HERE}
    assert all(one["code"].startswith("E4") for one in told["failures"])
    assert not any("imuhip-" in one["message"] for one in told["failures"]), "no scratch paths"
    assert {d["file"] for d in told["duplicates"]} <= {"walk1.h5", "zz renamed.h5"}
    assert told["dashboard"].startswith("http://127.0.0.1:")
    assert f"dashboard {told['dashboard']}" in done.stderr
    index = json.loads((out / "_failures.json").read_text("utf-8"))
    assert [one["file"] for one in index] == sorted(f"{kind}.h5" for kind in HOSTILE_HERE)
    assert all(one["reason"] and one["hint"] for one in index)
    # the dataset
    sessions = rows(out, "session")
    assert len(sessions) == 4 == sessions["session"].nunique()
    assert set(sessions["session"]) == {file_digest(p) for p in walks[:2]} | {
        file_digest(study / "script.h5"), file_digest(study / "day 2" / "test.h5")
    }  # fmt: skip
    assert set(sessions["software_version"]) == {imuhip.__version__}
    assert sessions["settings_sha256"].nunique() == 1
    by_file = sessions.set_index("file")
    assert by_file.loc["script.h5", "subject"] == SCRIPT
    assert by_file.loc["day 2/test.h5", "no_gait"]
    assert json.loads(by_file.loc["walk2.h5", "settings"])["orientation_filter"] == "vqf"
    strides = rows(out, "stride")
    one = strides[strides["session"] == file_digest(walks[1])]
    expected = imuhip.analyze(imuhip.open(walks[1])).strides
    assert by_file.loc["walk2.h5", "strides"] == len(one) == len(expected)
    for name in ("start_s", "hip_rotation_left_range_deg", "pelvis_tilt_mean_deg"):
        assert one[name].to_numpy(float).tobytes() == expected[name].to_numpy().tobytes(), name
    measures = rows(out, "measure")
    assert {"gait", "hip_rotation_seated"} == set(measures["test"])
    assert measures["unit"].notna().all()
    about = json.loads((out / "_about.json").read_text("utf-8"))
    names = [column["name"] for column in about["columns"]]
    assert [name for name in pd.read_parquet(out).columns if name != "part"] == names
    # again
    before = parts(out)
    (study / "zip.h5").unlink()
    again = run_cli("batch", study, "--out", out, "--workers", 2, **here)
    assert again.returncode == 3
    assert "0 sessions analysed, 5 finished before, 5 failed" in again.stdout
    assert "E402" in again.stdout
    assert parts(out) == before


def test_other_settings_take_the_place_of_older_results(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    files = sorted(study.rglob("*.h5"))
    assert [work(job(path, out)).status for path in files] == ["done"] * 3
    before = parts(out)
    other = run_batch([str(study)], str(out), workers=1, options={"orientation_filter": "madgwick"})
    assert (other.done, other.replaced, other.failures) == (3, 3, [])
    after = parts(out)
    assert len(after) == 3 and not set(after) & set(before)
    sessions = rows(out, "session")
    assert sessions["session"].nunique() == 3
    assert all("madgwick" in settings for settings in sessions["settings"])
    assert [work(job(path, out)).status for path in files] == ["done"] * 3
    assert parts(out) == before, "the same settings give the same bytes"


def test_a_session_that_was_tagged_is_not_counted_twice(study: Path, tmp_path: Path) -> None:
    """Its file has another checksum then; so has the copy, whose results stay."""
    out = tmp_path / "out"
    shutil.copyfile(study / "walk1.h5", study / "zz.h5")
    assert run_batch([str(study)], str(out), workers=1).failures == []
    add_tag(study / "walk2.h5", "treadmill")
    add_tag(study / "zz.h5", "copy")
    again = run_batch([str(study)], str(out), workers=1)
    assert (again.done, again.failures) == (2, [])
    sessions = rows(out, "session")
    assert sorted(sessions["session"]) == sorted(map(file_digest, study.rglob("*.h5")))


def test_a_killed_worker_loses_nothing(walks: list[Path], tmp_path: Path) -> None:
    """Once while it works on a session, and so does the process that analyses for it."""
    killed, before = [], {p.pid for p in children()}

    def kill_one(batch: Batch) -> None:
        if batch.done == 1 and not killed:
            workers = [p for p in children() if "spawn_main" in " ".join(p.cmdline())]
            killed.append(workers[0].pid)
            workers[0].send_signal(signal.SIGKILL)

    out = tmp_path / "out"
    found = run_batch(
        [str(path) for path in walks], str(out), workers=2, watch=Watch(progress=kill_one)
    )
    assert killed
    assert (found.done + found.finished_before, found.failures) == (4, [])
    assert len(rows(out, "session")) == 4
    left = [p for p in children() if p.pid not in before]
    assert [p for p in left if "resource_tracker" not in " ".join(p.cmdline())] == []


def test_ctrl_c_leaves_what_is_finished(walks: list[Path], tmp_path: Path) -> None:
    study, out = tmp_path / "study", tmp_path / "out"
    study.mkdir()
    for k in range(8):
        disguised(walks[k % 3], study / f"{k}.h5", f"S{k:02d}")
    arguments = ("batch", study, "--out", out, "--workers", "2")
    with CliProcess(*arguments, cwd=tmp_path) as process:
        process.until("dashboard", _PATIENCE_S)
        while not list(out.rglob("*.parquet")):
            psutil.Process(process.pid).cpu_percent(interval=0.1)  # leaves the cores to the workers
        process.signal(signal.SIGINT)
        assert process.wait(_PATIENCE_S) == 130
        assert "Traceback" not in process.text
        assert "sessions are finished and stay" in process.text
    finished = len(list(out.rglob("*.parquet")))
    assert 0 < finished < 8
    assert len(rows(out, "session")) == finished, "all of them whole"
    assert list(out.rglob("_part-*")) == []
    done = run_cli(*arguments, "--json", cwd=tmp_path, timeout_s=_PATIENCE_S)
    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert (told["analysed"], told["finished_before"]) == (8 - finished, finished)
    assert rows(out, "session")["subject"].nunique() == 8


def test_a_cluster_that_runs_already(study: Path, tmp_path: Path) -> None:
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0", memory_limit=0
    ) as dask:
        found = run_batch([str(study)], str(tmp_path / "out"), scheduler=dask.scheduler_address)
        assert (found.done, found.failures) == (3, [])
        assert len(dask.workers) == 1, "it goes on running"


# -- one session, without Dask --------------------------------------------------------------------


def test_limits_of_time_and_memory(walks: list[Path], tmp_path: Path) -> None:
    slow = work(job(walks[0], tmp_path / "out", longest_s=0.01))
    assert (slow.status, slow.code) == ("failed", "E764")
    assert "not analysed within" in slow.message
    large = work(job(walks[0], tmp_path / "out", largest_memory_bytes=140 * 10**6))
    assert (large.status, large.code) in {("failed", "E765"), ("failed", "E766")}
    assert parts(tmp_path / "out") == {} if (tmp_path / "out").exists() else True
    fine = work(job(walks[0], tmp_path / "out"))
    assert fine.status == "done", fine
    assert 10**7 < fine.peak_bytes < 10**9
    assert work(job(walks[0], tmp_path / "out")).status == "finished before"


def test_calibrations_of_this_computer_reach_the_workers(
    walks: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without, _ = fingerprint_of(OPTIONS, {})
    text = "serial = 'x'"
    settings, fingerprint = fingerprint_of(OPTIONS, {"SIM-pelvis.toml": text})
    assert settings != without
    given = job(walks[0], tmp_path / "out")
    refused = work(
        Job(**{f: getattr(given, f) for f in given.__slots__} | {
            "sensor_files": {"SIM-pelvis.toml": text}, "settings": settings,
            "fingerprint": fingerprint,
        })
    )  # fmt: skip
    assert (refused.status, refused.code) == ("failed", "E100"), "it was found, and is no such file"


def test_traversal_in_a_code_reaches_no_path(walks: list[Path], tmp_path: Path) -> None:
    path = disguised(walks[0], tmp_path / "odd.h5", TRAVERSAL)
    out = tmp_path / "a" / "b" / "out"
    assert work(job(path, out)).status == "done"
    assert rows(out, "session")["subject"].tolist() == [TRAVERSAL]
    written = [p for p in tmp_path.rglob("*") if p.is_file() and p != path]
    assert all(p.is_relative_to(out) for p in written)


# -- what is refused before anything is begun -----------------------------------------------------


def test_refusals(tmp_path: Path, study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="there is no session file") as nothing:
        run_batch([str(tmp_path / "nowhere")], str(tmp_path / "out"))
    assert nothing.value.code == "E760"
    with pytest.raises(ConfigError) as unknown:
        run_batch(["nosuch://bucket/a"], str(tmp_path / "out"))
    assert unknown.value.code == "E768"
    with pytest.raises(ConfigError, match="kalman1960"):
        run_batch([str(study)], str(tmp_path / "out"), options={"orientation_filter": "kalman1960"})
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DiskError) as in_the_way:
        run_batch([str(study)], str(tmp_path / "file" / "out"))
    assert in_the_way.value.code == "E761"
    monkeypatch.setattr(cluster_module, "_CONNECT_S", 0.5)
    with pytest.raises(ConfigError, match="no answer") as alone:
        run_batch([str(study)], str(tmp_path / "out"), scheduler="tcp://127.0.0.1:9")
    assert alone.value.code == "E762"
    both = CliRunner().invoke(
        build(), ["batch", "a.h5", "--out", "o", "--workers", "2", "--scheduler", "tcp://x:1"]
    )
    assert both.exit_code == 2


def test_the_page_lists_every_column() -> None:
    page = (Path(__file__).parents[2] / "docs" / "batch.md").read_text("utf-8")
    of_angles = {f"{angle}_{kind}_deg" for angle in ANGLES for kind in ANGLE_KINDS}
    plain = [column for column in COLUMNS if column.name not in of_angles]
    for column in plain:
        assert f"| `{column.name}` | {column.kind} | {column.meaning} |" in page, column.name
