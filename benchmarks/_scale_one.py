"""One session in a fresh process, as a command meets it: imports, analysis, page, PDF, a column."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

__all__ = ["column_times", "session_times"]

_ROOT = Path(__file__).resolve().parents[1]


def session_times(path: Path) -> dict[str, float | None]:
    """Return seconds of ``imports``, ``analyze`` (with opening), ``html`` and ``pdf``.

    Each on the wall, and of the processor with ``_cpu`` behind its name; ``pdf`` is None where no
    typesetter is installed.
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


class _Stopwatch:
    """Seconds on the wall and of the processor since it was started, by name."""

    def __init__(self) -> None:
        self.times: dict[str, float | None] = {}
        self.start()

    def start(self) -> None:
        self._wall_s, self._cpu_s = time.perf_counter(), time.process_time()

    def stop(self, name: str) -> None:
        self.times[name] = time.perf_counter() - self._wall_s
        self.times[f"{name}_cpu"] = time.process_time() - self._cpu_s
        self.start()


def _session(path: Path) -> dict[str, float | None]:
    watch = _Stopwatch()
    from imuhip.analysis.analyze import analyze
    from imuhip.errors import ConfigError
    from imuhip.recording.reader import open_recording
    from imuhip.report.page import render_report

    watch.stop("imports")
    recording = open_recording(path)
    analysis = analyze(recording)
    watch.stop("analyze")
    with tempfile.TemporaryDirectory() as folder:
        watch.start()
        page = render_report(recording, analysis)
        (Path(folder) / "page.html").write_text(page, encoding="utf-8")
        watch.stop("html")
    try:
        from imuhip.report.pdf import pdf_of, typesetter

        typesetter()
        pdf_of(page)
        watch.stop("pdf")
    except (ImportError, ConfigError):
        watch.times["pdf"] = None
    return watch.times


def _column(path: Path) -> dict[str, float | None]:
    watch = _Stopwatch()
    from imuhip.recording.reader import open_recording
    from imuhip.recording.results_file import open_results

    watch.stop("imports")
    open_results(path).column("hip_rotation_left_deg")
    watch.stop("column")
    open_recording(path)
    watch.stop("samples")
    return watch.times


if __name__ == "__main__":
    _what, _path = sys.argv[1:]
    print(json.dumps({"session": _session, "column": _column}[_what](Path(_path))))
