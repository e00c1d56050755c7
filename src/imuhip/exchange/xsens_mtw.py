"""Text logs of Xsens MTw sensors, as MT Manager exports them.

Lines that begin with ``//``, then a header that begins with ``PacketCounter``, columns apart by
tabs. Unlike a DOT's, turn rates are in rad/s and packets are counted in 16 bits; what stamps of
time there are differ between versions, so that packets and the rate written above them tell time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from imuhip.errors import ExchangeError
from imuhip.exchange.samples import Rows, as_series, unwrapped
from imuhip.exchange.sensor_log import SensorLog
from imuhip.exchange.text_table import head_lines, read_bytes, read_table

__all__ = ["is_xsens_mtw", "read_xsens_mtw"]

COUNTER_END = float(1 << 16)
_ACC = ("Acc_X", "Acc_Y", "Acc_Z")
_GYR = ("Gyr_X", "Gyr_Y", "Gyr_Z")


def is_xsens_mtw(head: Sequence[str]) -> bool:
    """Return whether a file begins as these logs do."""
    return head[0].startswith("//") and _header_line(head) is not None


def _header_line(head: Sequence[str]) -> int | None:
    return next((n for n, line in enumerate(head) if line.startswith("PacketCounter\t")), None)


def read_xsens_mtw(path: Path) -> list[SensorLog]:
    """Read one sensor's log.

    Raises
    ------
    ExchangeError
        When it is damaged beyond use, or lacks its rate or a signal.
    """
    content = read_bytes(path)
    head = head_lines(content)
    line = _header_line(head)
    if line is None:
        raise ExchangeError(
            f"{path}: no line begins with PacketCounter and a tab",
            hint="export it from MT Manager as text",
            code="E702",
        )
    stated = "\n".join(head[:line])
    rate = re.search(r"(?:sample|update) rate:?\s*(\d{1,4}(?:\.\d+)?)", stated, re.IGNORECASE)
    if rate is None or not 1.0 <= float(rate[1]) <= 10_000.0:
        raise ExchangeError(
            f"{path}: no sample rate in its first {line} lines: its packets have no time",
            hint="import it with --mapping, which states rate_hz",
            code="E705",
        )
    rate_hz = float(rate[1])
    table = read_table(path, content, line, "\t")
    if not table.has(*_ACC, *_GYR):
        raise ExchangeError(
            f"{path}: no acceleration and turn rate ({_ACC[0]}, {_GYR[0]}); its columns:"
            f" {table.listed}",
            hint="export calibrated inertial data from MT Manager",
            code="E705",
        )
    counter = table.numbers("PacketCounter")[:, 0]
    known = np.isfinite(counter) & (counter >= 0) & (counter < COUNTER_END)
    number, wraps = unwrapped(np.where(known, counter, 0.0)[known], COUNTER_END)
    rows = Rows(
        number / rate_hz,
        table.numbers(*_ACC)[known],
        table.numbers(*_GYR)[known],
        None,
        number.astype(np.int64),
    )
    series, rate_hz, faults = as_series(rows, rate_hz, str(path))
    n_uncounted = int(np.count_nonzero(~known))
    found = re.search(r"_([0-9A-F]{8})$", path.stem)
    return [
        SensorLog(
            path=path,
            name=found[1] if found else "",
            model="Xsens MTw",
            series=series,
            rate_hz=rate_hz,
            clock="synced",
            faults=faults.with_text(table.rows, table.ragged + n_uncounted, wraps),
            wraps_at_s=COUNTER_END / rate_hz,
        )
    ]
