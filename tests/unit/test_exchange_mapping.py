"""Tables of any columns, read by a mapping: units, times, and all problems at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange_kit import inertial, written
from imuhip.errors import ConfigError, ExchangeError
from imuhip.exchange.importers import read_logs
from imuhip.exchange.mapping import ColumnMapping, read_mapping
from imuhip.exchange.session import assigned, joined

COLUMNS = ["ax", "ay", "az", "gx", "gy", "gz"]
PELVIS = """
[sensors.pelvis]
acc = ["ax", "ay", "az"]
gyr = ["gx", "gy", "gz"]
"""
UNITS = '[units]\nacc = "{acc}"\ngyr = "{gyr}"\n'
TIMED = '[time]\ncolumn = "t"\nunit = "ms"\n'


def mapping(tmp_path: Path, text: str) -> ColumnMapping:
    return read_mapping(written(tmp_path / "columns.toml", text))


def frame(n_samples: int = 200, rate_hz: float = 100.0) -> pd.DataFrame:
    table = pd.DataFrame(inertial(n_samples, rate_hz), columns=COLUMNS)
    table.insert(0, "t", 1000.0 * np.arange(n_samples) / rate_hz)
    return table


def test_every_unit_comes_out_in_si(tmp_path):
    values = inertial(200, 100.0)
    path = tmp_path / "log.csv"
    frame().to_csv(path, index=False)
    for acc, gyr, acc_si, gyr_si in (
        ("m/s2", "rad/s", 1.0, 1.0),
        ("g", "deg/s", 9.80665, np.pi / 180),
        ("mg", "deg/s", 9.80665e-3, np.pi / 180),
    ):
        chosen = mapping(tmp_path, "rate_hz = 100\n" + UNITS.format(acc=acc, gyr=gyr) + PELVIS)
        if gyr == "rad/s":
            with pytest.raises(ExchangeError, match="no sensor measures"):  # deg/s called rad/s
                read_logs(path, mapping=chosen)
            continue
        (log,) = read_logs(path, mapping=chosen)
        np.testing.assert_allclose(log.series.acc, values[:, :3] * acc_si, rtol=1e-12)
        np.testing.assert_allclose(log.series.gyr, values[:, 3:] * gyr_si, rtol=1e-12)
        np.testing.assert_allclose(log.series.time_s, np.arange(200) / 100, atol=1e-12)


def test_a_time_column_shows_what_is_lost_out_of_order_and_twice(tmp_path):
    table = frame()
    spoilt = pd.concat([table[:50], table[60:61], table[55:60], table[61:], table[-1:]])
    path = tmp_path / "log.csv"
    spoilt.to_csv(path, index=False, sep=";")
    text = 'delimiter = ";"\n' + TIMED + UNITS.format(acc="m/s2", gyr="deg/s") + PELVIS
    (log,) = read_logs(path, mapping=mapping(tmp_path, text))
    assert (log.rate_hz, log.faults.lost, log.faults.repeated) == (100.0, 5, 1)
    assert log.faults.reordered == 5
    np.testing.assert_allclose(np.diff(log.series.time_s), 0.01, atol=1e-9)


def test_several_sensors_of_one_table_are_one_session(tmp_path):
    table = pd.concat([frame(), frame()[COLUMNS].add_suffix("_l")], axis=1)
    table.to_csv(tmp_path / "log.csv", index=False)
    left = PELVIS.replace("pelvis", "thigh_left").replace('",', '_l",').replace('z"', 'z_l"')
    text = TIMED + UNITS.format(acc="m/s2", gyr="deg/s") + PELVIS + left
    logs = read_logs(tmp_path / "log.csv", mapping=mapping(tmp_path, text))
    imported = joined(assigned(logs, {})[0])
    assert list(imported.recording.sensors) == ["pelvis", "thigh_left"]
    assert imported.clocks.startswith("one clock")


def test_parquet_gives_the_same_numbers(tmp_path):
    pytest.importorskip("pyarrow", reason="the optional package pyarrow is not installed")
    table = frame()
    table["note"] = "text that nobody asked for"
    table.to_parquet(tmp_path / "log.parquet")
    chosen = mapping(tmp_path, TIMED + UNITS.format(acc="m/s2", gyr="deg/s") + PELVIS)
    (log,) = read_logs(tmp_path / "log.parquet", mapping=chosen)
    np.testing.assert_array_equal(log.series.acc, table[COLUMNS[:3]].to_numpy())
    for content in (b"", b"PAR1", (tmp_path / "log.parquet").read_bytes()[:-40]):
        (tmp_path / "bad.parquet").write_bytes(content)
        with pytest.raises(ExchangeError, match="cannot be read as Parquet") as caught:
            read_logs(tmp_path / "bad.parquet", mapping=chosen)
        assert caught.value.code == "E704"
    table.drop(columns=["az", "gy"]).to_parquet(tmp_path / "less.parquet")
    with pytest.raises(ExchangeError, match=r"2 columns of the mapping are missing.*az, gy"):
        read_logs(tmp_path / "less.parquet", mapping=chosen)
    with pytest.raises(ExchangeError, match=r"0 columns are called|cannot be read as Parquet"):
        table["ax"] = "nonsense"
        table.to_parquet(tmp_path / "text.parquet")
        read_logs(tmp_path / "text.parquet", mapping=chosen)


def test_all_problems_of_a_mapping_are_told_at_once_with_their_places(tmp_path):
    text = """
rate_hz = -5
colour = "red"
[units]
acc = "furlongs"
[sensors.pelvis]
acc = ["ax", "ay"]
gyr = ["gx", 3, "gz"]
"""
    with pytest.raises(ConfigError) as caught:
        mapping(tmp_path, text)
    told = caught.value.message
    for place in ("$.rate_hz", "colour", "$.units.acc", "'gyr' missing", "$.sensors"):
        assert place in told, told
    assert "expected one of 'm/s2', 'g', 'mg', got 'furlongs'" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (UNITS.format(acc="g", gyr="deg/s") + PELVIS, "neither rate_hz nor"),
        ("rate_hz = 100\n" + UNITS.format(acc="g", gyr="deg/s") + "[sensors]\n", "no .sensors"),
        (
            "rate_hz = 100\n" + UNITS.format(acc="g", gyr="deg/s") + PELVIS.replace("gx", "ax"),
            "named twice: ax",
        ),
        ("rate_hz = 100000\n" + UNITS.format(acc="g", gyr="deg/s") + PELVIS, "1 to 10000 Hz"),
    ],
)
def test_a_mapping_that_says_too_little_or_nonsense_is_refused(tmp_path, text, told):
    with pytest.raises(ConfigError, match=told):
        mapping(tmp_path, text)


def test_a_table_that_does_not_fit_its_mapping_is_refused(tmp_path):
    frame()[["t", "ax", "ay"]].to_csv(tmp_path / "log.csv", index=False)
    units = UNITS.format(acc="m/s2", gyr="deg/s")
    with pytest.raises(ExchangeError, match=r"4 columns of the mapping.*az, gx, gy, gz"):
        read_logs(tmp_path / "log.csv", mapping=mapping(tmp_path, TIMED + units + PELVIS))
    with pytest.raises(ExchangeError, match="no header with ';' between"):
        semicolons = mapping(tmp_path, 'delimiter = ";"\n' + TIMED + units + PELVIS)
        read_logs(tmp_path / "log.csv", mapping=semicolons)
    with pytest.raises(ExchangeError, match=r"that is 1e\+05 Hz"):
        frame().to_csv(tmp_path / "log.csv", index=False)
        wrong = mapping(tmp_path, TIMED.replace("ms", "us") + units + PELVIS)
        read_logs(tmp_path / "log.csv", mapping=wrong)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_spoilt_tables_are_read_or_refused(tmp_path, data):
    seed = frame(40).to_csv(index=False).encode()
    spoilt = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(seed) - 1))
        spoilt[at : at + data.draw(st.integers(0, 30))] = data.draw(
            st.sampled_from([b"", b"\n", b",", b"\x00", b"1e400", b"-9e17", b"\xe2\x80\xa8", b"t,"])
        )
    path = tmp_path / "spoilt.csv"
    path.write_bytes(bytes(spoilt))
    chosen = mapping(tmp_path, TIMED + UNITS.format(acc="m/s2", gyr="deg/s") + PELVIS)
    try:
        (log,) = read_logs(path, mapping=chosen)
    except ExchangeError as error:
        assert error.hint
        return
    assert np.count_nonzero(log.series.valid) <= log.faults.rows
