"""From the option ``--radio`` to a radio."""

from __future__ import annotations

from pathlib import Path

from imuhip.core.link import Radio
from imuhip.errors import BluetoothUnavailableError, ConfigError
from imuhip.radio.bleak_radio import BleakRadio
from imuhip.radio.bond_store import BondStore
from imuhip.radio.several_radios import SeveralRadios

__all__ = ["open_radio"]


async def open_radio(spec: str = "auto", *, bonds: Path | None = None) -> Radio:
    """Open a radio; close it with ``await radio.close()``.

    Parameters
    ----------
    spec : str
        ``"auto"`` for the operating system's Bluetooth, or ``"hci:"`` and a transport of bumble:
        ``"hci:tcp-client:127.0.0.1:9000"``, ``"hci:serial:/dev/ttyACM0"``, ``"hci:usb:0"``.
        ``"auto:hci1"`` chooses one of BlueZ's adapters. Several, with commas between them, share
        the sensors: ``"auto:hci0,auto:hci1"``.
    bonds : path, optional
        The file that keeps bonds with sensors that ask for one; without it they last until the
        radio is closed.

    Raises
    ------
    ConfigError
        When `spec` is neither, or bumble is not installed.
    BluetoothUnavailableError
        When no controller answers there.
    """
    store = BondStore(bonds)
    specs = spec.split(",")
    if len(specs) == 1:
        return await _open_one(spec, store, 0)
    radios: list[Radio] = []
    try:
        for number, one in enumerate(specs):
            radios.append(await _open_one(one, store, number))
    except BaseException:
        for radio in radios:
            await radio.close()
        raise
    return SeveralRadios(radios)


async def _open_one(spec: str, store: BondStore, number: int) -> Radio:
    if spec == "auto":
        return BleakRadio(bonds=store)
    kind, _, transport = spec.partition(":")
    if kind == "auto" and transport:
        return BleakRadio(name=spec, bonds=store, adapter=transport)
    if kind != "hci" or not transport:
        raise ConfigError(
            f"unknown radio {spec!r}",
            hint="use auto, auto:hci1, sim, or hci:TRANSPORT such as hci:tcp-client:127.0.0.1:9000;"
            " several adapters with commas between them",
        )
    return await _open_hci(transport, store, number)


async def _open_hci(transport: str, bonds: BondStore, number: int) -> Radio:
    try:
        from bleak.exc import BleakError

        from imuhip.radio.bumble_backend import backends_of
        from imuhip.radio.bumble_central import BumbleCentral
    except ImportError as error:
        raise ConfigError(
            f"an HCI controller needs the package {error.name}",
            hint='install it with: pip install "imuhip[sim]"',
        ) from error
    try:
        central = await BumbleCentral.on_transport(transport, bonds, number)
    except ValueError as error:
        raise ConfigError(
            f"unknown transport {transport!r}: {error}",
            hint="for example tcp-client:127.0.0.1:9000, serial:/dev/ttyACM0 or usb:0",
        ) from error
    except (OSError, BleakError) as error:
        reason = error.args[0] if isinstance(error, BleakError) and error.args else error
        raise BluetoothUnavailableError(
            f"no Bluetooth controller at {transport}: {reason or type(error).__name__}",
            hint="plug it in; virtual sensors start with: imuhip simulate radio --listen"
            " tcp-server:127.0.0.1:9000",
        ) from error
    client, scanner = backends_of(central)
    return BleakRadio(client, scanner, name=f"hci:{transport}", on_close=central.close, bonds=bonds)
