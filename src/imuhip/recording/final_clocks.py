"""Final clock mappings of a recovered recording, which it had never come to compute itself.

Whoever can decode packets finds them (`imuhip.acquisition.rescued_clocks`); here they are stored,
and the times by them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from imuhip.core.sensor import ClockFit
from imuhip.recording import layout
from imuhip.recording.access import SessionFile
from imuhip.recording.save import rewritten_file

__all__ = ["RescuedClocks", "lacks_final_clocks", "store_final_clocks"]


@dataclass(frozen=True, slots=True)
class RescuedClocks:
    """Final clock mappings found from raw data.

    Parameters
    ----------
    fits : mapping of segment to tuple of ClockFit
        One for each epoch; sensors that are not named keep the mapping known while recording.
    notes : tuple of str
        Why some are not named.
    """

    fits: Mapping[str, tuple[ClockFit, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def lacks_final_clocks(session: SessionFile, committed: Mapping[str, int]) -> bool:
    """Return whether radio made the recording, and it ended before a final mapping was stored."""
    tables = [name for name in committed if name.endswith("/device/clock_fits")]
    return session.state == "recording" and bool(tables) and not any(committed[t] for t in tables)


def store_final_clocks(path: Path, fits: Mapping[str, tuple[ClockFit, ...]]) -> dict[str, float]:
    """Replace the mappings in a saved file, write times anew, and return each sensor's last, s."""
    last_s: dict[str, float] = {}
    if not fits:
        return last_s
    with rewritten_file(path) as file:
        for segment, mappings in fits.items():
            sensor = file["sensors"][segment]
            layout.replace_rows(
                sensor["device/clock_fits"], [layout.fit_row(fit) for fit in mappings]
            )
            samples = sensor["samples"]
            time_s = layout.final_times(
                samples["epoch"][...],
                samples["device_time_s"][...],
                samples["time_s"][...],
                mappings,
            )
            samples["time_s"][...] = time_s
            last_s[segment] = float(time_s[-1]) if len(time_s) else np.nan
        _commit(file, fits)
    return last_s


def _commit(file: Any, fits: Mapping[str, tuple[ClockFit, ...]]) -> None:
    table = file["n_committed"]
    rows = table[...]
    for segment, mappings in fits.items():
        own = rows["stream"] == f"sensors/{segment}/device/clock_fits".encode()
        rows["rows"][own] = len(mappings)
    table[...] = rows
