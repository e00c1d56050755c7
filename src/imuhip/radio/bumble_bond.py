"""LE Secure Connections on bumble: pairing, bonds, and links encrypted with them.

Both sides pair without input or output ("Just Works"): a sensor has neither display nor keys. That
protects against listeners always, and against a man in the middle from the second meeting on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from bumble import core, hci, smp
from bumble.keys import PairingKeys
from bumble.pairing import PairingConfig, PairingDelegate

from imuhip.errors import BondError, SensorLostError
from imuhip.radio.bond_store import BondStore
from imuhip.radio.cancellation import heeding_cancellation

__all__ = ["pair_securely", "secure"]

_KEY_REFUSED: Final = {
    int(hci.HCI_ErrorCode.PIN_OR_KEY_MISSING_ERROR),
    int(hci.HCI_ErrorCode.AUTHENTICATION_FAILURE_ERROR),
    int(hci.HCI_ErrorCode.CONNECTION_TERMINATED_DUE_TO_MIC_FAILURE_ERROR),
}


class _SecureSession(smp.Session):  # type: ignore[misc]  # bumble is untyped here
    """Pairs by Secure Connections or not at all: keys of the older way can be listened in on."""

    async def on_smp_pairing_request_command_async(self, command: Any) -> None:
        if command.auth_req & smp.AuthReq.SC:
            await super().on_smp_pairing_request_command_async(command)
        else:
            self.send_pairing_failed(smp.ErrorCode.AUTHENTICATION_REQUIREMENTS)

    def on_smp_pairing_response_command(self, command: Any) -> None:
        if command.auth_req & smp.AuthReq.SC:
            super().on_smp_pairing_response_command(command)
        else:
            self.send_pairing_failed(smp.ErrorCode.AUTHENTICATION_REQUIREMENTS)


def pair_securely(device: Any, accept: Callable[[], bool] = lambda: True) -> None:
    """Let a bumble device pair by Secure Connections; `accept` is asked when the peer begins.

    No keys are distributed: Secure Connections agree on one, and addresses are static.
    """

    class Delegate(PairingDelegate):  # type: ignore[misc]  # bumble is untyped here
        async def accept(self) -> bool:
            return accept()

    delegate = Delegate(
        PairingDelegate.NO_OUTPUT_NO_INPUT,
        PairingDelegate.KeyDistribution(0),
        PairingDelegate.KeyDistribution(0),
    )
    config = PairingConfig(sc=True, mitm=False, bonding=True, delegate=delegate)
    device.pairing_config_factory = lambda _connection: config
    device.smp_manager.session_proxy = _SecureSession


async def secure(connection: Any, serial: str, bonds: BondStore) -> None:
    """Encrypt a central's connection with the bond of a sensor, or make the bond.

    Raises
    ------
    BondError
        When the sensor does not hold the key, refuses to pair, or cannot do Secure Connections.
    SensorLostError
        When the link broke meanwhile.
    """
    if connection.encryption:
        return
    address = str(connection.peer_address.to_string(with_type_qualifier=False))
    keystore = connection.device.keystore
    keys = bonds.keys(serial)
    if keys is not None:
        await keystore.update(str(connection.peer_address), PairingKeys.from_dict(keys))
        await _unless_refused(connection, connection.encrypt, _lost_bond(serial, address))
        return
    await keystore.delete(str(connection.peer_address))
    try:
        await _unless_refused(connection, connection.pair, _lost_bond(serial, address))
    except core.ProtocolError as error:  # of the security manager: one side said no
        raise _no_pairing(serial, address, error) from error
    made = await keystore.get(str(connection.peer_address))
    bonds.remember(serial, address, made.to_dict())


async def _unless_refused(
    connection: Any, step: Callable[[], Awaitable[None]], refusal: BondError
) -> None:
    """Take a step; raise `refusal` where the link layer says that the keys differ."""
    ended: list[int] = []
    connection.on("disconnection", ended.append)
    task = asyncio.current_task()
    before = 0 if task is None else task.cancelling()
    try:
        with heeding_cancellation():
            await step()
    except hci.HCI_Error as error:
        if int(error.error_code) in _KEY_REFUSED:
            raise refusal from error
        raise
    except asyncio.CancelledError as error:
        # bumble cancels what waits when a link breaks; a real cancellation passes through.
        if task is not None and task.cancelling() > before:
            raise
        if ended and ended[0] in _KEY_REFUSED:
            raise refusal from error
        raise SensorLostError(
            "the connection broke while it was being encrypted",
            hint="bring the sensor nearer; imuhip reconnects by itself while recording",
        ) from error
    finally:
        connection.remove_listener("disconnection", ended.append)


def _lost_bond(serial: str, address: str) -> BondError:
    return BondError(
        f"{serial} at {address} does not hold the key of the bond made with this serial number;"
        " nothing of it is recorded",
        hint="a stranger may imitate it. If you reset the sensor yourself, forget the bond and pair"
        f" anew within a minute of switching it on: imuhip forget {serial}",
    )


def _no_pairing(serial: str, address: str, error: core.ProtocolError) -> BondError:
    if error.error_code == smp.ErrorCode.PAIRING_NOT_SUPPORTED:
        return BondError(
            f"{serial} at {address} refuses to pair: it has a bond with another computer",
            hint="switch it off and on and connect within a minute; it then takes a further bond",
        )
    if error.error_code == smp.ErrorCode.AUTHENTICATION_REQUIREMENTS:
        return BondError(
            f"{serial} at {address}: pairing by LE Secure Connections, which the protocol asks for,"
            " was not agreed on",
            hint="update the sensor's firmware",
        )
    return BondError(
        f"{serial} at {address}: pairing failed ({error.error_name or error})",
        hint="switch the sensor off and on, and connect within a minute",
    )
