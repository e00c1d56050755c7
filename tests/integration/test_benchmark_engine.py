"""The benchmark of the engine runs over its real processes, and judges what it measured."""

from __future__ import annotations

import re

import pytest
from benchmarks import engine

pytestmark = pytest.mark.realtime


def test_engine_loses_nothing_of_seven_sensors_and_judges_its_promises(capsys, tmp_path):
    document = tmp_path / "engine.md"
    document.write_text("<!-- engine: begin -->\n<!-- engine: end -->\n")
    options = ["--minutes", "0.1", "--rate", "100", "--away", "0.5", "--seed", "5"]
    status = engine.main([*options, "--write", "--document", str(document)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "$ python -m benchmarks engine " + " ".join(options)
    n_sensors, n_samples = re.match(r"(\d+) sensors, 0.1 min, (\d+) samples", lines[2]).groups()
    assert (n_sensors, int(n_samples) >= 7 * 6 * 95) == ("7", True)
    told = {
        about.strip(): (float(found), float(most), verdict)
        for about, found, most, verdict in (
            re.match(r"(.{46}) *([\d.inf-]+) .* at most +([\d.]+): (.*)", line).groups()
            for line in lines[6:]
        )
    }
    assert [verdict for *_, verdict in told.values()] == [
        "kept" if found <= most else "NOT KEPT" for found, most, _ in told.values()
    ]
    assert status == int(any(verdict != "kept" for *_, verdict in told.values()))
    for name in ("samples lost", "samples duplicated", "samples reordered", "bad packets"):
        assert told[name][0] == 0, name
    assert 0 < told["recorder and live angles together"][0] < 200
    # How quick all this is only a quiet computer can tell.
    assert 0 < told["notification to angle, median"][0] < 2000
    assert 0 < told["connecting 7 sensors"][0] < 60
    assert 0 < told["streams again, back after 0.5 s"][0] < 30
    assert lines[2] in document.read_text("utf-8")
