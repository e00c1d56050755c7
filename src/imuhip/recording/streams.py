"""Datasets that grow together while a session is recorded, and the rows waiting for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from h5py import h5s
from numpy.typing import NDArray

from imuhip.core.sensor import SensorCounters
from imuhip.recording import layout
from imuhip.recording.plan import SensorPlan
from imuhip.recording.schema import cut_text, table_types
from imuhip.recording.session import DeviceRecord

__all__ = ["GrowingStream", "SensorStreams"]


class GrowingStream:
    """Datasets of one length, appended to in memory and written together.

    Parameters
    ----------
    name : str
        Path inside the file, the name in ``n_committed``.
    datasets : mapping of column to dataset
        Written and flushed in this order.
    """

    def __init__(self, name: str, datasets: Mapping[str, Any]) -> None:
        self.name = name
        self.n_rows = 0
        """Rows in the file."""
        self._datasets = dict(datasets)
        self._waiting: list[tuple[int, Mapping[str, Any]]] = []
        # Asked once: each question to HDF5 costs as much as writing a block.
        self._fill = {c: np.full((1, *d.shape[1:]), d.fillvalue) for c, d in datasets.items()}
        self._row_bytes: int = sum(
            d.dtype.itemsize * int(np.prod(d.shape[1:], dtype=int)) for d in datasets.values()
        )

    @property
    def waiting_bytes(self) -> int:
        """Return the size of the rows not yet written."""
        return self._row_bytes * sum(n_rows for n_rows, _ in self._waiting)

    def add(self, n_rows: int, columns: Mapping[str, Any]) -> None:
        """Keep rows for the next `write`; a column left out reads as its fill value."""
        if n_rows:
            self._waiting.append((n_rows, columns))

    def add_row(self, table: str, row: tuple[Any, ...]) -> None:
        """Keep one row of a table; longer text than its field holds is cut between characters."""
        dtype = table_types()[table]
        fitted = tuple(
            cut_text(value, dtype[i].itemsize) if isinstance(value, bytes) else value
            for i, value in enumerate(row)
        )
        self.add(1, {"": np.array([fitted], dtype=dtype)})

    def write(self) -> None:
        """Write and flush what waits, column by column."""
        if not self._waiting:
            return
        end = self.n_rows + sum(n_rows for n_rows, _ in self._waiting)
        for column, dataset in self._datasets.items():
            shape = self._fill[column].shape[1:]
            dataset.id.set_extent((end, *shape))
            if any(column in columns for _, columns in self._waiting):
                parts = [
                    columns[column] if column in columns else self._fill[column].repeat(n_rows, 0)
                    for n_rows, columns in self._waiting
                ]
                _write_rows(dataset, self.n_rows, np.concatenate(parts), shape)
            dataset.flush()
        self.n_rows = end
        self._waiting.clear()


def _write_rows(dataset: Any, first: int, rows: NDArray[Any], shape: tuple[int, ...]) -> None:
    """Write ``dataset[first:]``; indexing asks HDF5 so much that it takes four times as long."""
    if rows.shape[1:] != shape:
        raise ValueError(f"Expected rows of shape {shape}, got {rows.shape[1:]}")
    space = dataset.id.get_space()
    space.select_hyperslab((first, *(0 for _ in shape)), rows.shape)
    dataset.id.write(h5s.create_simple(rows.shape), space, np.ascontiguousarray(rows))


class SensorStreams:
    """Creates one sensor's part of the file and holds what grows in it."""

    def __init__(self, root: Any, plan: SensorPlan) -> None:
        sensor = root["sensors"].create_group(plan.segment)
        growth = layout.Growth()
        device = layout.create_device(
            sensor,
            DeviceRecord(
                identity=plan.identity,
                address=plan.address,
                config=plan.config,
                battery_percent=plan.battery_percent,
                simulated=plan.simulated,
                driver=plan.driver,
            ),
        )
        packets = layout.create_packets(sensor, growth)
        name = f"sensors/{plan.segment}"
        self.packet_bytes = GrowingStream(f"{name}/packets/bytes", {"": packets.pop("bytes")})
        self.packets = GrowingStream(f"{name}/packets", packets)
        self.samples = GrowingStream(f"{name}/samples", layout.create_samples(sensor, growth))
        fits = f"{name}/device/clock_fits"
        self.tables = {
            table: GrowingStream(f"{name}/device/{table}", {"": device[table]})
            for table in layout.GROWING_TABLES
        }
        self.clock_fits = GrowingStream(fits, {"": device["clock_fits"]})
        self.counters = device["counters"]
        self.pending_counters: SensorCounters | None = None
        self.n_bytes = 0

    @property
    def streams(self) -> tuple[GrowingStream, ...]:
        """Return them in the order they are written."""
        return (
            self.packet_bytes,
            self.packets,
            self.samples,
            *self.tables.values(),
            self.clock_fits,
        )
