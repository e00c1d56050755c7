"""FIT, as sports watches and training logs read it: a run or a walk with what its strides measured.

One record a second holds cadence and stance time in the format's own fields and the ranges of hip
and pelvis in developer fields, which name and describe themselves. A lap begins where gait begins
again. Written by Garmin's own SDK (optional). Format: https://developer.garmin.com/fit/protocol
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from imuhip.analysis.result import Analysis
from imuhip.core.segments import SIDES
from imuhip.core.series import FloatArray
from imuhip.errors import ExchangeError
from imuhip.exchange.results import Exported, Results, check_free, whole_file

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DEVELOPER_FIELDS", "write_fit"]

_RANGES: Final = ("hip_rotation", "hip_flexion", "hip_adduction")
DEVELOPER_FIELDS: Final[Mapping[str, str]] = {
    **{f"{angle}_range_{side}": "deg" for angle in _RANGES for side in SIDES},
    "pelvis_rotation_range": "deg",
    "pelvis_obliquity_range": "deg",
    **{f"stance_time_{side}": "ms" for side in SIDES},
}
"""Names and units of what the format has no field for."""
_APPLICATION: Final = bytes.fromhex("8e1f6f8e4f605bc7afe1b195e7055b17")
_FLOAT32: Final = 0x88
"""With the bit that says it has an order of bytes; the SDK's constant lacks it, readers do not."""
_FRESH_S: Final = 3.0
"""A stride that ended longer ago says nothing of this second."""
_FIT_EPOCH_S: Final = 631_065_600
_NOT_HELD: Final = (
    "angles between seconds: a record is the strides of its last 3 s",
    "uncertainties, excluded strides, measures, seconds, markers and quality: --format csv holds"
    " them",
    "orientations and raw samples: --format mat holds them",
    "packets, clocks and events: the session file stays their place",
    "distance, speed and position: they are not measured",
)


@dataclass(frozen=True, slots=True)
class _Steady:
    """Strides that count, by the second in which they ended."""

    side: np.ndarray[Any, Any]
    end_s: FloatArray
    stride_time_s: FloatArray
    values: Mapping[str, FloatArray]
    """Ranges in degrees and stance times in ms, by the name of the field without its side."""

    def means(self, start_s: float, end_s: float) -> dict[str, float]:
        """Return the means over the strides that ended in a time; sides are weighed alike."""
        inside = (self.end_s > start_s) & (self.end_s <= end_s)
        found: dict[str, float] = {}
        if not inside.any():
            return found
        for name, column in self.values.items():
            per_side = {side: _mean(column[inside & (self.side == side)]) for side in SIDES}
            if name.startswith("pelvis"):
                found[name] = _mean(column[inside])
            else:
                found |= {f"{name}_{side}": value for side, value in per_side.items()}
        found["strides_per_min"] = 60.0 / _mean(self.stride_time_s[inside])
        stances = [found[f"stance_time_{side}"] for side in SIDES]
        found["stance_time"] = _mean(np.array(stances))
        return {name: value for name, value in found.items() if np.isfinite(value)}


def _mean(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def write_fit(results: Results, folder: Path, stem: str) -> Exported:
    """Write an activity: a record a second, laps, and one session.

    Raises
    ------
    ExchangeError
        When the SDK is not installed, there are no strides, or nobody knows when it was.
    """
    try:
        import garmin_fit_sdk
    except ImportError as error:
        raise ExchangeError(
            "FIT files need the optional package garmin-fit-sdk",
            hint='pip install "imuhip[exchange]"',
            code="E709",
        ) from error
    analysis = results.angles("a FIT file")
    began = results.recording.start_time
    if began is None:
        raise ExchangeError(
            f"{stem}.fit: every record of the format has a date, and this recording has none",
            hint="--format csv holds the same without dates",
            code="E802",
        )
    steady = _steady(analysis.strides)
    if not len(steady.end_s):
        raise ExchangeError(
            f"{stem}.fit: no steady stride, and the format holds nothing else",
            hint="imuhip analyze FILE says why; --format csv holds the tests' measures",
            code="E710",
        )
    name = f"{stem}.fit"
    check_free(folder, [name])
    encoder = garmin_fit_sdk.Encoder()
    for message in _messages(encoder, analysis, steady, began, results):
        encoder.write_mesg(message)
    with whole_file(folder / name) as part:
        part.write_bytes(encoder.close())
    zone = (
        () if began.tzinfo else ("the zone of the start time, which the file does not tell: UTC",)
    )
    return Exported((folder / name,), (*zone, *_NOT_HELD))


def _steady(strides: pd.DataFrame) -> _Steady:
    rows = strides[strides["valid"].astype(bool)]
    side = rows["side"].to_numpy(dtype=str)
    values = {}
    for angle in _RANGES:
        values[f"{angle}_range"] = _own_side(rows, angle, side)
    for angle in ("pelvis_rotation", "pelvis_obliquity"):
        values[f"{angle}_range"] = rows[f"{angle}_range_deg"].to_numpy(dtype=float)
    values["stance_time"] = 1e3 * rows["stance_time_s"].to_numpy(dtype=float)
    end_s, stride_s = (rows[n].to_numpy(dtype=float) for n in ("end_s", "stride_time_s"))
    return _Steady(side, end_s, stride_s, values)


def _own_side(rows: pd.DataFrame, angle: str, side: np.ndarray[Any, Any]) -> FloatArray:
    """Return each stride's range of its own hip, degrees."""
    found = np.full(len(side), np.nan)
    for name in SIDES:
        column, own = f"{angle}_{name}_range_deg", side == name
        if column in rows:
            found[own] = rows[column].to_numpy(dtype=float)[own]
    return found


def _messages(
    encoder: Any, analysis: Analysis, steady: _Steady, began: datetime, results: Results
) -> Iterator[dict[str, Any]]:
    """Give the messages in the order in which a watch would have written them."""
    from garmin_fit_sdk import Profile

    number = Profile["mesg_num"]
    began = began if began.tzinfo else began.replace(tzinfo=UTC)
    zero_s = began.timestamp() - _FIT_EPOCH_S
    time_s = analysis.angles.index.to_numpy(dtype=float)
    first, last = int(np.ceil(zero_s + time_s[0])), int(np.floor(zero_s + time_s[-1]))
    serial = int(str(results.settings.get("source_sha256", "0"))[:7], 16)
    yield {
        "mesg_num": number["FILE_ID"],
        "type": "activity",
        "manufacturer": "development",
        "product": 0,
        "serial_number": max(1, serial),
        "time_created": first,
    }
    yield from _described(encoder, number)
    yield {"mesg_num": number["EVENT"], "timestamp": first, "event": "timer", "event_type": "start"}
    for second in range(first, last + 1):
        at_s = second - zero_s
        yield {
            "mesg_num": number["RECORD"],
            "timestamp": second,
            **_fields(steady.means(at_s - _FRESH_S, at_s), ""),
        }
    yield {
        "mesg_num": number["EVENT"],
        "timestamp": last,
        "event": "timer",
        "event_type": "stop_all",
    }
    sport = _sport(analysis)
    laps = _laps(analysis, first - zero_s, last - zero_s)
    for index, (start_s, end_s) in enumerate(laps):
        yield {
            "mesg_num": number["LAP"],
            "message_index": index,
            "event": "lap",
            "event_type": "stop",
            **_span(zero_s, start_s, end_s),
            "sport": sport,
            **_fields(steady.means(start_s, end_s), "avg_"),
        }
    yield {
        "mesg_num": number["SESSION"],
        "message_index": 0,
        "event": "session",
        "event_type": "stop",
        **_span(zero_s, first - zero_s, last - zero_s),
        "sport": sport,
        "sub_sport": "generic",
        "first_lap_index": 0,
        "num_laps": len(laps),
        **_fields(steady.means(first - zero_s, last - zero_s), "avg_"),
    }
    offset = began.utcoffset()
    yield {
        "mesg_num": number["ACTIVITY"],
        "timestamp": last,
        "local_timestamp": last + round(offset.total_seconds() if offset else 0),
        "total_timer_time": float(last - first),
        "num_sessions": 1,
        "type": "manual",
        "event": "activity",
        "event_type": "stop",
    }


def _described(encoder: Any, number: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Give the messages that say what the developer fields are, and tell them the encoder."""
    whose = {
        "mesg_num": number["DEVELOPER_DATA_ID"],
        "application_id": list(_APPLICATION),
        "application_version": 1,
        "developer_data_index": 0,
    }
    yield whose
    for index, (name, unit) in enumerate(DEVELOPER_FIELDS.items()):
        described = {
            "mesg_num": number["FIELD_DESCRIPTION"],
            "developer_data_index": 0,
            "field_definition_number": index,
            "fit_base_type_id": _FLOAT32,
            "field_name": name,
            "units": unit,
        }
        encoder.add_developer_field(name, whose, described)
        yield described


def _fields(means: Mapping[str, float], prefix: str) -> dict[str, Any]:
    """Return what is known as fields of a record (no prefix), a lap or a session (``avg_``)."""
    fields: dict[str, Any] = {}
    if "strides_per_min" in means:
        # a uint8 of whole strides a minute, and another of 128ths
        in_128ths = round(128 * means["strides_per_min"])
        fields[f"{prefix}cadence"] = in_128ths // 128
        fields[f"{prefix}fractional_cadence"] = (in_128ths % 128) / 128
    if "stance_time" in means:
        fields[f"{prefix}stance_time"] = means["stance_time"]
    own = {name: means[name] for name in DEVELOPER_FIELDS if name in means}
    return fields | ({"developer_fields": own} if own else {})


def _span(zero_s: float, start_s: float, end_s: float) -> dict[str, Any]:
    return {
        "timestamp": round(zero_s + end_s),
        "start_time": round(zero_s + start_s),
        "total_elapsed_time": end_s - start_s,
        "total_timer_time": end_s - start_s,
    }


def _laps(analysis: Analysis, start_s: float, end_s: float) -> list[tuple[float, float]]:
    """Return laps without gaps between them; one begins where gait begins again."""
    begins = [m.start_s for m in analysis.activity if m.name == "gait"][1:]
    whole = [float(round(at_s - start_s)) + start_s for at_s in sorted(begins)]
    edges = [start_s, *(at_s for at_s in whole if start_s < at_s < end_s), end_s]
    return list(pairwise(sorted(set(edges))))


def _sport(analysis: Analysis) -> str:
    if analysis.seconds is None:
        return "generic"
    kinds = analysis.seconds["activity"]
    return "running" if (kinds == "run").sum() > (kinds == "walk").sum() else "walking"
