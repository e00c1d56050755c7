"""One session, from its file to a Parquet file: what happens in the process of `child`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from imuhip.errors import ImuhipError

__all__ = ["OPTIONS", "analyse_session"]

OPTIONS = {
    "orientation_filter": "vqf",
    "magnetometer": False,
    "place": None,
    "correct_sync": True,
    "correct_slips": False,
}
"""Settings of an analysis, and what they are unless chosen otherwise."""


def analyse_session(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Analyse a local session file and write its rows.

    Parameters
    ----------
    asked : mapping
        ``file``, ``out`` (local paths), ``options`` (as `OPTIONS`), and ``stated``: what
        `imuhip.batch.table.session_rows` wants to be told.

    Returns
    -------
    dict
        JSON-safe: ``rows`` by kind, ``grade``, ``subject``; or ``code``, ``message`` and ``hint``
        of what went wrong.
    """
    import imuhip
    from imuhip.analysis.whole import analyze_whole
    from imuhip.batch.table import session_rows, write_rows

    file, name = Path(asked["file"]), str(asked["stated"]["file"])
    options = dict(asked["options"])
    if options.get("place") is not None:
        options["place"] = tuple(options["place"])
    try:
        recording = imuhip.open(file)
        whole = analyze_whole(recording, options)
        rows = write_rows(session_rows(recording, whole, asked["stated"]), Path(asked["out"]))
    except ImuhipError as error:
        # what is known here under a name of the scratch folder has another one to people
        message, hint = (text.replace(str(file), name) for text in (error.message, error.hint))
        return {"code": error.code, "message": message, "hint": hint}
    except MemoryError:
        return {
            "code": "E765",
            "message": f"{name}: there was not enough memory to analyse it",
            "hint": "allow more with --memory",
        }
    except Exception as error:
        told = f"{type(error).__name__}: {error}".replace(str(file), name)
        return {
            "code": "E999",
            "message": f"{name}: unforeseen {told:.300}",
            "hint": f"this is a fault of imuhip: imuhip --debug analyze {name} shows where",
        }
    grade = None if whole.analysis is None else whole.analysis.quality["grade"]
    return {"rows": rows, "grade": grade, "subject": recording.subject}
