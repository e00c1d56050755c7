"""The Thingy's bytes against golden vectors."""

from __future__ import annotations

import json
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.core.link import Advertisement
from imuhip.core.sensor import FLAGS, StreamConfig
from imuhip.errors import ProtocolError
from imuhip.sensors.registry import driver_for
from imuhip.sensors.thingy52 import MotionSettings, Thingy52Decoder

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "thingy52.json").read_text(encoding="utf-8")
)
SERVICE = "ef680100-9b35-4933-9b10-52ffa9740042"


@pytest.mark.parametrize("case", [pytest.param(c, id=c["name"]) for c in GOLDEN["samples"]])
def test_samples_have_known_values(case: dict[str, Any]) -> None:
    block = Thingy52Decoder(StreamConfig()).decode(bytes.fromhex(case["hex"]))
    assert block.mag is not None
    np.testing.assert_allclose(block.acc[0], np.multiply(case["acc_g"], 9.80665), atol=1e-12)
    np.testing.assert_allclose(block.gyr[0], np.radians(case["gyr_dps"]), atol=1e-12)
    np.testing.assert_allclose(block.mag[0], case["mag_ut"], atol=1e-12)
    clipped = FLAGS["clip_acc"] | FLAGS["clip_gyr"]
    assert block.flags == (clipped if case["clipped"] else 0)
    assert block.is_counted


def test_settings_have_known_bytes() -> None:
    golden = GOLDEN["settings"]
    settings = MotionSettings.from_bytes(bytes.fromhex(golden["hex"]))
    assert list(astuple(settings)) == golden["values"]
    assert settings.to_bytes().hex() == golden["hex"]
    with pytest.raises(ProtocolError, match="8 bytes, expected 9"):
        MotionSettings.from_bytes(bytes(8))


@pytest.mark.parametrize(
    ("advertisement", "is_ours"),
    [
        (Advertisement("AA", "Thingy", -50, (SERVICE,)), True),
        (Advertisement("AA", "left leg", -50, (SERVICE,)), True),
        (Advertisement("AA", "Thingy", -50), True),
        (Advertisement("AA", "Thingy", -50, (SERVICE.replace("0100", "0200"),)), True),
        (Advertisement("AA", "Thing", -50), False),
    ],
)
def test_known_by_its_advertisement(advertisement: Advertisement, is_ours: bool) -> None:
    driver = driver_for(advertisement)
    assert (driver is not None and driver.model == "Thingy:52") is is_ours


@given(packets=st.lists(st.one_of(st.binary(max_size=40), st.binary(min_size=18, max_size=18))))
def test_any_bytes_are_one_sample_or_refused(packets: list[bytes]) -> None:
    decoder = Thingy52Decoder(StreamConfig(rate_hz=50))
    n_samples = 0
    for packet in packets:
        try:
            block = decoder.decode(packet)
        except ProtocolError as error:
            assert len(packet) != 18 and str(error)
        else:
            assert block.seq.tolist() == [n_samples]
            assert block.device_time_s[0] == pytest.approx(n_samples / 50)
            n_samples += 1
