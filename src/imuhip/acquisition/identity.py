"""Who a sensor is: its serial number, and where the protocol offers one, the key of a bond.

A name and an address can be had by anybody, and a serial number that is read out can be repeated by
anybody. Only a bond proves more, and only from the second meeting on.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from imuhip.core.link import Advertisement, Link, Radio
from imuhip.core.sensor import SensorIdentity
from imuhip.errors import BondError, WrongSensorError
from imuhip.sensors.driver import SensorDriver

__all__ = ["ask_serial", "named", "protect", "require_serial"]


def named(identity: SensorIdentity, address: str) -> SensorIdentity:
    """Return an identity whose serial number is the address where the sensor states none."""
    return identity if identity.serial else replace(identity, serial=address)


def require_serial(segment: str, address: str, identity: SensorIdentity, serial: str) -> None:
    """Refuse a sensor that is not the one expected.

    Parameters
    ----------
    segment, address : str
        Where it is worn, where it answered.
    identity : SensorIdentity
        Who answered.
    serial : str
        Who was expected; empty for anybody.

    Raises
    ------
    WrongSensorError
        For another serial number.
    """
    if serial and identity.serial != serial:
        raise WrongSensorError(
            f"{segment}: {address} answered with serial number {identity.serial}"
            f" ({identity.model}), expected {serial}; nothing of it is recorded",
            hint=f"switch on the sensor {serial} and switch off or take away {identity.serial}; to"
            f" wear {identity.serial} from now on, forget the other and name this one: imuhip"
            f" forget {serial}; imuhip record --assign {segment}={address}",
        )


async def protect(segment: str, link: Link, identity: SensorIdentity) -> None:
    """Encrypt the link of a sensor that asks for it with the bond made when it was first met.

    Raises
    ------
    BondError
        When the sensor does not hold the key of the bond with its serial number, or does not want
        to know of a bond any more.
    """
    try:
        if identity.asks_for_bond:
            await link.secure(identity.serial)
        elif link.has_bond(identity.serial):
            raise BondError(
                f"{identity.serial} at {link.address} offers no bond, though one was made with this"
                " serial number",
                hint="a stranger may imitate it. If its firmware was changed on purpose, forget"
                f" the bond: imuhip forget {identity.serial}",
            )
    except BondError as error:
        raise BondError(f"{segment}: {error.message}", hint=error.hint) from error


async def ask_serial(
    radio: Radio, driver: SensorDriver, advertisement: Advertisement, timeout_s: float
) -> str:
    """Connect to an advertiser, return its serial number and let go of it.

    Raises
    ------
    DeviceError, ProtocolError
        When it does not answer.
    TimeoutError
        When it takes longer.
    """
    link = radio.link(advertisement.address, lambda: None)
    await link.connect(timeout_s)
    try:
        async with asyncio.timeout(timeout_s):
            return (await driver.identify(link)).serial
    finally:
        await link.disconnect()
