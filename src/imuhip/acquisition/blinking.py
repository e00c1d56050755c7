"""Letting a sensor show itself: the one whose light blinks is the one on the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from imuhip.acquisition.identity import protect
from imuhip.core.link import Advertisement, Radio
from imuhip.errors import ConnectError, ImuhipError, SensorNotFoundError
from imuhip.sensors.driver import SensorDriver

__all__ = ["TALK_S", "blink_advertiser"]

CONNECT_S: Final = 10.0
TALK_S: Final = 15.0


async def blink_advertiser(
    radio: Radio,
    address: str,
    advertisement: Advertisement | None,
    find_driver: Callable[[Advertisement], SensorDriver | None],
) -> None:
    """Connect to a sensor that is not worn, let it blink, and let go of it.

    Parameters
    ----------
    radio : Radio
    address : str
    advertisement : Advertisement or None
        The newest of it, None when it was not heard.
    find_driver : callable

    Raises
    ------
    SensorNotFoundError
        When it was not heard, or is no known sensor.
    ConnectError
        When it does not answer, or its model cannot show itself.
    """
    driver = None if advertisement is None else find_driver(advertisement)
    if driver is None:
        raise SensorNotFoundError(
            f"{address}: not heard, or no sensor of a known model",
            hint="switch it on, bring it near, and look for sensors again",
        )
    link = radio.link(address, lambda: None)
    try:
        await link.connect(CONNECT_S)
        async with asyncio.timeout(TALK_S):
            await protect(address, link, await driver.identify(link))
            await driver.blink(link)
    except TimeoutError as error:
        raise ConnectError(
            f"{address}: connected, but did not answer within {TALK_S:g} s",
            hint="bring the sensor nearer and check its battery",
        ) from error
    finally:
        with suppress(ImuhipError):
            await link.disconnect()
