"""Reading what most sensors offer: absent is one thing, unanswered another."""

from __future__ import annotations

import asyncio

import pytest

from imuhip.errors import BondError, ConnectError, NotOfferedError, SensorLostError
from imuhip.sensors.standard_services import SERIAL_UUID, read_battery_percent, read_text


class Answering:
    """A link whose reads end in one way."""

    def __init__(self, outcome: bytes | Exception) -> None:
        self._outcome = outcome

    async def read(self, uuid: str) -> bytes:
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


def test_what_a_sensor_does_not_offer_reads_as_nothing():
    link = Answering(NotOfferedError("the sensor has no characteristic", hint=""))
    assert asyncio.run(read_text(link, SERIAL_UUID)) == ""
    assert asyncio.run(read_battery_percent(link)) is None


@pytest.mark.parametrize("kind", [ConnectError, BondError, SensorLostError])
def test_what_is_not_answered_does_not_read_as_absent(kind: type[Exception]):
    """A sensor whose serial number got lost once was refused as another when it came again."""
    link = Answering(kind("no answer in time", hint=""))
    with pytest.raises(kind):
        asyncio.run(read_text(link, SERIAL_UUID))
    with pytest.raises(kind):
        asyncio.run(read_battery_percent(link))
