"""Motion-BIDS 1.9: what the sensors measured, as a dataset of one person and one session.

Each sensor is a tracking system of its own, since each has its own clock: its rows stand at the
instants in its channel of the type LATENCY. Jeung et al. 2024, doi:10.1038/s41597-024-03559-8.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from imuhip.core.series import ImuSeries, Marker
from imuhip.exchange.results import Exported, Results, check_free, whole_file

__all__ = ["subject_label", "system_label", "write_bids"]

BIDS_VERSION = "1.9.0"
TASK = "motion"
_UNITS = {"acc": ("ACCEL", "m/s^2"), "gyr": ("GYRO", "rad/s"), "mag": ("MAGN", "uT")}


def subject_label(subject: str | None) -> str:
    """Return the person's code in letters and digits, all that BIDS allows."""
    return re.sub(r"[^0-9A-Za-z]", "", subject or "")[:64] or "01"


def system_label(segment: str) -> str:
    """Return a segment as one word: ``thighLeft``."""
    first, *others = segment.split("_")
    return first + "".join(word.capitalize() for word in others)


def write_bids(results: Results, folder: Path, stem: str) -> Exported:
    """Write a dataset; `stem` is kept as its name."""
    recording = results.recording
    label = subject_label(recording.subject)
    texts = _dataset(results, stem, label)
    tables = {}
    for segment, series in recording.sensors.items():
        base = f"sub-{label}/motion/sub-{label}_task-{TASK}_tracksys-{system_label(segment)}"
        tables[f"{base}_motion.tsv"] = series
        texts[f"{base}_channels.tsv"] = _channels(segment, series, recording.rate_hz)
        texts[f"{base}_motion.json"] = _json(_sidecar(results, segment, series))
    if recording.markers:
        texts[f"sub-{label}/motion/sub-{label}_task-{TASK}_events.tsv"] = _events(recording.markers)
    names = [*texts, *tables]
    check_free(folder, names)
    for name, text in texts.items():
        with whole_file(folder / name) as part:
            part.write_text(text, encoding="utf-8")
    for name, series in tables.items():
        with whole_file(folder / name) as part:
            _write_motion(part, series)
    return Exported(tuple(folder / name for name in names), _not_held(recording.subject, label))


def _dataset(results: Results, stem: str, label: str) -> dict[str, str]:
    """Return the files at the top of the dataset."""
    software = str(results.settings.get("software", "imuhip"))
    description = {
        "Name": stem,
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "raw",
        "GeneratedBy": [{"Name": "imuhip", "Description": software}],
    }
    readme = (
        f"Inertial sensors on a body, written by {software}.\n\nEach sensor is a tracking system on"
        " its own clock; the channel latency says when each row was measured, in seconds from the"
        " beginning of the recording. Samples that were lost are n/a.\n"
    )
    return {
        "dataset_description.json": _json(description),
        "README": readme,
        "participants.tsv": f"participant_id\nsub-{label}\n",
    }


def _events(markers: Sequence[Marker]) -> str:
    """Return the markers as events, on the clock that the latencies are on."""
    rows = [
        f"{m.start_s!r}\t{m.end_s - m.start_s!r}\t{' '.join(m.name.split()) or 'n/a'}"
        for m in sorted(markers, key=lambda m: m.start_s)
    ]
    return "\n".join(["onset\tduration\ttrial_type", *rows]) + "\n"


def _signals(series: ImuSeries) -> list[str]:
    return [name for name in _UNITS if getattr(series, name) is not None]


def _channels(segment: str, series: ImuSeries, rate_hz: float) -> str:
    rows = ["name\tcomponent\ttype\ttracked_point\tunits\tsampling_frequency"]
    rows.append(f"latency\tn/a\tLATENCY\tn/a\ts\t{rate_hz:g}")
    for name in _signals(series):
        kind, unit = _UNITS[name]
        rows += [
            f"{segment}_{kind}_{axis}\t{axis}\t{kind}\t{segment}\t{unit}\t{rate_hz:g}"
            for axis in "xyz"
        ]
    return "\n".join(rows) + "\n"


def _sidecar(results: Results, segment: str, series: ImuSeries) -> Mapping[str, Any]:
    device = results.recording.devices.get(segment)
    n_channels = 3 * len(_signals(series))
    span_s = float(series.time_s[-1] - series.time_s[0]) if len(series) else 0.0
    counts = {f"{_UNITS[name][0]}ChannelCount": 3 for name in _signals(series)}
    known = {} if device is None else {
        "ManufacturersModelName": device.identity.model,
        "SoftwareVersions": device.identity.firmware,
    }  # fmt: skip
    return {
        "TaskName": TASK,
        "TrackingSystemName": system_label(segment),
        "SamplingFrequency": results.recording.rate_hz,
        "SamplingFrequencyEffective": (len(series) - 1) / span_s if span_s > 0 else "n/a",
        "RecordingDuration": span_s,
        "RecordingType": "continuous",
        "MotionChannelCount": n_channels + 1,
        "MissingValues": "n/a",
        "TrackedPointsCount": 1,
        "LATENCYChannelCount": 1,
        **counts,
        **{name: value for name, value in known.items() if value},
    }


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _write_motion(path: Path, series: ImuSeries) -> None:
    """Write rows without a header, as BIDS wants them, with all their digits."""
    import pandas as pd

    signals = [getattr(series, name) for name in _signals(series)]
    table = pd.DataFrame(np.column_stack([series.time_s, *signals]))
    table.to_csv(path, sep="\t", header=False, index=False, na_rep="n/a", lineterminator="\n")


def _not_held(subject: str | None, label: str) -> tuple[str, ...]:
    renamed = () if (subject or "") == label else (f"the person's code is sub-{label} here",)
    return (
        *renamed,
        "results: angles, uncertainties, strides, measures, seconds and quality; --format csv holds"
        " them",
        "orientations of the segments: --format mat and opensim hold them",
        "events, packets, counters and clock fits: the session file holds them",
        "which samples are unusable without being lost (valid)",
    )
