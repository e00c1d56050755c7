"""The benchmark of scale runs all its parts, and judges what it measured."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("distributed")

from benchmarks import scale

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.xdist_group("batch"),
    pytest.mark.timeout(400),
]


def _number(lines: list[str], title: str) -> float:
    (line,) = (line for line in lines if line.strip().startswith(title))
    found = re.search(r"([0-9.]+)", line.strip().removeprefix(title))
    assert found, line
    return float(found[1])


def test_scale_measures_all_parts_and_judges_its_promises(capsys, tmp_path):
    document = tmp_path / "scale.md"
    document.write_text("<!-- scale: begin -->\n<!-- scale: end -->\n")
    options = ["--sessions", "6", "--one-worker", "4", "--killed", "6", "--minutes", "0.5"]
    options += ["--people", "1", "--files", "30", "--hour", "0.5"]
    status = scale.main([*options, "--write", "--document", str(document)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "$ python -m benchmarks scale " + " ".join(options)
    judged = [line for line in lines if "promised" in line]
    assert len(judged) >= 8
    assert status == int(any("NOT KEPT" in line for line in lines))
    assert 0 < _number(lines, "open and analyse") < 60
    assert 0 < _number(lines, "open and read one angle") < 10
    assert 0.1 < _number(lines, "next listing") < 60
    for line in lines:  # a promise is kept exactly when its figure says so
        found = re.search(r"([0-9.]+) s(?: \(.*\))? +promised ([0-9.]+) s: (.*)$", line)
        if found and float(found[1]) != float(found[2]):
            assert (float(found[1]) < float(found[2])) == (found[3] == "kept"), line
    (killed,) = (line for line in lines if "a worker killed in the middle" in line)
    assert killed.endswith("nothing lost, no session twice: kept")
    assert 0.1 < _number(lines, "most memory of a worker") < 2
    assert _number(lines, "recordings") > 0
    assert judged[0] in document.read_text("utf-8")
