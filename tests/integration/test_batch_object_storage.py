"""``imuhip batch`` from and to object storage, against a real server that speaks S3."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import imuhip
from hostile_files import hostile_file

pytest.importorskip("distributed")
s3fs = pytest.importorskip("s3fs")
moto_server = pytest.importorskip("moto.server")

from imuhip.batch.places import find_sources  # noqa: E402
from imuhip.batch.run import run_batch  # noqa: E402
from imuhip.batch.store import Store  # noqa: E402
from imuhip.errors import ConfigError, DiskError  # noqa: E402

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.xdist_group("batch"),
    pytest.mark.timeout(400),
]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Return the address of a server of S3's interface, on a free port of this computer."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def storage(server: str, monkeypatch: pytest.MonkeyPatch) -> s3fs.S3FileSystem:
    """Return the server as a file system; credentials come from the environment, as people's do."""
    for name, value in {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    files = s3fs.S3FileSystem(skip_instance_cache=True)
    for bucket in ("recordings", "results"):
        if not files.exists(bucket):
            files.mkdir(bucket)
    return files


def test_a_bucket_of_sessions_becomes_a_dataset_in_another(
    storage: s3fs.S3FileSystem, tmp_path: Path
) -> None:
    path = imuhip.simulate("walk", 0.3, seed=1, rate_hz=100.0).save(tmp_path / "walk.h5")
    bad = hostile_file("garbled", path, tmp_path / "bad.h5")
    storage.put(str(path), "recordings/study/S01/walk.h5")
    storage.put(str(path), "recordings/study/S02/copy.h5")
    storage.put(str(bad), "recordings/study/bad.h5")
    storage.pipe("recordings/study/notes.txt", b"not looked at")
    places, out = ["s3://recordings/study"], "s3://results/walks"
    found = run_batch(places, out, workers=1)
    assert (found.total, found.done, found.finished_before) == (3, 1, 1)
    assert [(one.file, one.code) for one in found.failures] == [("bad.h5", "E402")]
    assert "s3://" not in found.failures[0].message
    assert found.duplicates == [("S02/copy.h5", "S01/walk.h5")]
    (part,) = storage.glob("results/walks/part=*/*.parquet")
    table = pd.read_parquet(f"s3://{part}", storage_options={"client_kwargs": {}})
    expected = imuhip.analyze(imuhip.open(path)).strides
    assert (table["record"] == "stride").sum() == len(expected)
    assert json.loads(storage.cat("results/walks/_failures.json"))[0]["file"] == "bad.h5"
    before = storage.info(part)["LastModified"]
    again = run_batch(places, out, workers=1)
    assert (again.done, again.finished_before, len(again.failures)) == (0, 2, 1)
    assert storage.info(part)["LastModified"] == before
    storage.rm("recordings/study/bad.h5")
    nothing_left = run_batch(places, out, scheduler="tcp://nobody:1")
    assert nothing_left.finished_before == 2, "nothing is fetched, and no worker is started"


def test_what_is_not_there_is_said(storage: s3fs.S3FileSystem) -> None:
    for place in ("s3://recordings/nowhere", "s3://no-such-bucket/a"):
        with pytest.raises(ConfigError) as refused:
            find_sources([place])
        assert refused.value.code == "E760"
    with pytest.raises(DiskError) as unwritable:
        Store("s3://no-such-bucket/out").check_writable()
    assert unwritable.value.code == "E761"
    storage.pipe("recordings/one/walk.h5", b"1")
    (one,) = find_sources(["s3://recordings/one/walk.h5"])
    assert (one.name, one.size_bytes) == ("walk.h5", 1)
    (same,) = find_sources(["s3://recordings/*/walk.h5"])
    assert same.url == one.url
