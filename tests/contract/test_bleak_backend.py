"""What imuhip relies on in Bleak's backend API, which Bleak does not call stable."""

from __future__ import annotations

import asyncio
import inspect
import platform
import subprocess
import sys
from pathlib import Path

import bleak
import pytest
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakCharacteristicNotFoundError,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)

from imuhip.errors import (
    BluetoothUnavailableError,
    ConfigError,
    ConnectError,
    NotOfferedError,
    SensorLostError,
    SensorNotFoundError,
)
from imuhip.radio.faults import translation
from imuhip.radio.open_radio import open_radio


def parameters(function: object) -> set[str]:
    return set(inspect.signature(function).parameters)


def test_client_backend_has_exactly_the_abstract_members_we_implement() -> None:
    assert BaseBleakClient.__abstractmethods__ == {
        "connect",
        "disconnect",
        "is_connected",
        "mtu_size",
        "pair",
        "read_gatt_char",
        "read_gatt_descriptor",
        "start_notify",
        "stop_notify",
        "unpair",
        "write_gatt_char",
        "write_gatt_descriptor",
    }
    assert {"self", "pair"} <= parameters(BaseBleakClient.connect)
    assert list(inspect.signature(BaseBleakClient.write_gatt_char).parameters) == [
        "self",
        "characteristic",
        "data",
        "response",
    ]
    assert {"disconnected_callback", "timeout"} <= parameters(BaseBleakClient.__init__)


def test_scanner_backend_has_exactly_the_abstract_members_we_implement() -> None:
    assert BaseBleakScanner.__abstractmethods__ == {"start", "stop"}
    for used in ("create_or_update_device", "call_detection_callbacks", "is_allowed_uuid"):
        assert callable(getattr(BaseBleakScanner, used))
    assert AdvertisementData._fields == (
        "local_name",
        "manufacturer_data",
        "service_data",
        "service_uuids",
        "tx_power",
        "rssi",
        "platform_data",
    )


def test_bleak_takes_backend_classes_and_the_arguments_we_pass() -> None:
    assert "backend" in parameters(bleak.BleakClient.__init__)
    assert "backend" in parameters(bleak.BleakScanner.__init__)
    assert {"obj", "handle", "uuid", "properties", "max_write_without_response_size"} <= parameters(
        BleakGATTCharacteristic.__init__
    )
    assert parameters(BleakGATTService.__init__) == {"self", "obj", "handle", "uuid"}
    assert parameters(BleakGATTDescriptor.__init__) >= {"obj", "handle", "uuid", "characteristic"}
    assert {"add_service", "add_characteristic", "add_descriptor"} <= set(
        dir(BleakGATTServiceCollection)
    )
    assert parameters(BLEDevice.__init__) >= {"address", "name", "details"}


Reason = BleakBluetoothNotAvailableReason


@pytest.mark.parametrize(
    ("error", "expected", "hint"),
    [
        (
            BleakBluetoothNotAvailableError("off", Reason.POWERED_OFF),
            BluetoothUnavailableError,
            "switch Bluetooth on",
        ),
        (
            BleakBluetoothNotAvailableError("no", Reason.DENIED_BY_USER),
            BluetoothUnavailableError,
            "privacy",
        ),
        (
            BleakBluetoothNotAvailableError("none", Reason.NO_BLUETOOTH),
            BluetoothUnavailableError,
            "plug in",
        ),
        (
            BleakDBusError("org.bluez.Error.NotReady", []),
            BluetoothUnavailableError,
            "bluetoothctl power on",
        ),
        (FileNotFoundError(2, "no bus"), BluetoothUnavailableError, "--radio sim"),
        (BleakDeviceNotFoundError("AA", "x"), SensorNotFoundError, "imuhip scan"),
        (TimeoutError(), ConnectError, "5 m"),
        (BleakGATTProtocolError(13), NotOfferedError, "off and on"),
        (BleakGATTProtocolError(14), ConnectError, "off and on"),
        (BleakCharacteristicNotFoundError("1234"), NotOfferedError, "another sensor model"),
        (BleakError("Not connected"), SensorLostError, "reconnects"),
        (BleakError("Connection Limit Exceeded"), ConnectError, "disconnect other devices"),
        (BleakError("anything else"), ConnectError, "off and on"),
    ],
)
def test_every_error_from_below_gets_our_class_and_a_way_out(
    error: BaseException, expected: type[Exception], hint: str
) -> None:
    ours = translation(error, "connecting to AA")
    assert type(ours) is expected
    assert hint in ours.hint
    assert str(ours)


@pytest.mark.skipif(
    platform.system() != "Linux" or Path("/run/dbus/system_bus_socket").exists(),
    reason="this machine has a D-Bus, and perhaps Bluetooth",
)
def test_machine_without_bluetooth_says_so() -> None:
    async def main() -> None:
        radio = await open_radio("auto")
        with pytest.raises(BluetoothUnavailableError, match="not available") as scanning:
            await radio.scan(0.5)
        assert "--radio sim" in scanning.value.hint
        with pytest.raises(BluetoothUnavailableError):
            await radio.link("C4:00:00:00:00:01", lambda: None).connect(1.0)
        await radio.close()

    asyncio.run(main())


@pytest.mark.parametrize("spec", ["usb", "hci:", "hci:nonsense:1", "hci:tcp-client:nowhere"])
def test_unknown_radio_is_a_configuration_error(spec: str) -> None:
    with pytest.raises(ConfigError) as refused:
        asyncio.run(open_radio(spec))
    assert refused.value.hint


def test_nobody_at_the_other_end() -> None:
    with pytest.raises(BluetoothUnavailableError, match="no Bluetooth controller") as refused:
        asyncio.run(open_radio("hci:tcp-client:127.0.0.1:1"))
    assert "imuhip simulate radio" in refused.value.hint


def test_bleak_radio_does_not_load_bumble() -> None:
    code = (
        "import sys, imuhip.radio, imuhip.radio.bleak_radio, imuhip.radio.open_radio,"
        " imuhip.simulation.kit, imuhip.simulation.virtual_sensor;"
        " assert not [m for m in sys.modules if m.startswith('bumble')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
