"""The benchmark of file sizes runs, and judges what it measured."""

from __future__ import annotations

from benchmarks import file_size


def test_file_size_measures_a_recording_and_judges_its_promises(capsys, tmp_path):
    document = tmp_path / "file_format.md"
    document.write_text("<!-- file_size: begin -->\n<!-- file_size: end -->\n")
    options = ["--minutes", "1", "--sensors", "1", "--batch", "6", "18"]
    status = file_size.main([*options, "--write", "--document", str(document)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "$ python -m benchmarks file_size " + " ".join(options)
    rows = [line.split() for line in lines[3:5]]
    for row, batch in zip(rows, (6, 18), strict=True):
        sensors, size, raw, live, small, live_ratio, ratio, seconds = row[:8]
        assert (sensors, size) == ("1", str(batch))
        # 19 bytes around 12 for each sample, 360000 samples an hour; the last packet may be short
        assert abs(float(raw) / (0.36 * (12 + 19 / batch)) - 1) < 0.01
        assert 3 < float(live_ratio) < 12 and float(small) < float(live)
        assert row[10] == "yes", "the same bit for bit"
        kept = float(ratio) <= file_size.RATIO_PROMISED
        kept &= float(seconds) <= file_size.SECONDS_PROMISED
        assert (row[-1] == "kept" and row[-2] != "NOT") == kept
    assert status == int(any("NOT" in row for row in rows))
    assert lines[3] in document.read_text("utf-8")
