"""One session in a fresh process, as a command meets it: imports, analysis, page, PDF, a column."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["column_times", "session_times"]

_ROOT = Path(__file__).resolve().parents[1]


def session_times(path: Path) -> dict[str, float | None]:
    """Return seconds of ``imports``, ``analyze`` (with opening), ``html`` and ``pdf``.

    The last is None where no typesetter is installed.
    """
    return _asked("session", path)


def column_times(path: Path) -> dict[str, float | None]:
    """Return seconds of ``imports``, ``column`` (with opening the results) and ``samples``.

    The last is the time to open the whole recording.
    """
    return _asked("column", path)


def _asked(what: str, path: Path) -> dict[str, float | None]:
    command = [sys.executable, "-m", "benchmarks._scale_one", what, str(path)]
    told = subprocess.run(command, check=True, capture_output=True, text=True, cwd=_ROOT).stdout
    found: dict[str, float | None] = json.loads(told)
    return found


def _seconds(run: Callable[[], object]) -> float:
    begin_s = time.perf_counter()
    run()
    return time.perf_counter() - begin_s


def _session(path: Path) -> dict[str, float | None]:
    begin_s = time.perf_counter()
    from imuhip.analysis.analyze import analyze
    from imuhip.errors import ConfigError
    from imuhip.recording.reader import open_recording
    from imuhip.report.page import render_report

    times: dict[str, float | None] = {"imports": time.perf_counter() - begin_s}
    begin_s = time.perf_counter()
    recording = open_recording(path)
    analysis = analyze(recording)
    times["analyze"] = time.perf_counter() - begin_s
    with tempfile.TemporaryDirectory() as folder:
        begin_s = time.perf_counter()
        page = render_report(recording, analysis)
        (Path(folder) / "page.html").write_text(page, encoding="utf-8")
        times["html"] = time.perf_counter() - begin_s
    try:
        from imuhip.report.pdf import pdf_of, typesetter

        typesetter()
        times["pdf"] = _seconds(lambda: pdf_of(page))
    except (ImportError, ConfigError):
        times["pdf"] = None
    return times


def _column(path: Path) -> dict[str, float | None]:
    begin_s = time.perf_counter()
    from imuhip.recording.reader import open_recording
    from imuhip.recording.results_file import open_results

    times: dict[str, float | None] = {"imports": time.perf_counter() - begin_s}
    times["column"] = _seconds(lambda: open_results(path).column("hip_rotation_left_deg"))
    times["samples"] = _seconds(lambda: open_recording(path))
    return times


if __name__ == "__main__":
    _what, _path = sys.argv[1:]
    print(json.dumps({"session": _session, "column": _column}[_what](Path(_path))))
