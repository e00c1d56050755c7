"""Links protected by a bond: real pairing over the virtual radio, and everybody who has no key.

Keys are agreed on by the security manager of both stacks; the virtual air carries packets in clear
and compares keys, so what is tested is who may talk, not the cipher.
"""

from __future__ import annotations

import asyncio
import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from bleak.exc import BleakDBusError, BleakError, BleakGATTProtocolError
from bumble import pairing

import imuhip.recording.reader as reader
from acquisition_kit import assert_equals_source, no_thread_left, noise_motion
from imuhip.acquisition.link_policy import LinkState
from imuhip.core.link import Link
from imuhip.errors import BondError, ConfigError, ConnectError
from imuhip.radio.bond_store import BondStore
from imuhip.sensors.imuhip_v1 import control, profile
from imuhip.sensors.imuhip_v1.control import Request
from imuhip.sensors.imuhip_v1.driver import ImuhipV1Driver
from imuhip.sensors.imuhip_v1.profile import Capability, Operation
from stranger_kit import exchangeable_kit, spec_of, stranger_kit
from virtual_time import VirtualClock, run_virtual

KIT = ("pelvis", "thigh_left")
SOURCE = noise_motion(KIT, 20.0)
DRIVER = ImuhipV1Driver()


@pytest.fixture(autouse=True)
def _no_thread_left():
    with no_thread_left():
        yield


async def linked(kit, segment: str, bonds: BondStore | None = None) -> tuple[Link, object]:
    radio = await kit.air.radio("other", bonds=bonds)
    link = radio.link(kit.assignment[segment], lambda: None)
    await link.connect(5.0)
    return link, radio


def test_without_a_bond_nothing_can_be_asked_or_listened_to() -> None:
    async def main(clock: VirtualClock) -> None:
        async with exchangeable_kit(SOURCE, bonds=True, back_fills=True) as kit:
            sensor = kit.sensors["pelvis"]
            link, radio = await linked(kit, "pelvis")
            info = control.decode_info(await link.read(profile.INFO_UUID))
            assert Capability.BOND in info.capabilities and info.minor >= 2
            assert (await DRIVER.identify(link)).asks_for_bond  # who it is, anybody may read
            assert await DRIVER.battery_percent(link) == 87
            for uuid in (profile.CONTROL_UUID, profile.STREAM_UUID, profile.BACK_FILL_UUID):
                with pytest.raises(BondError, match=r"not protected by a bond \(code 0x05\)"):
                    await link.subscribe(uuid, lambda _data: None)
            for operation in (Operation.START, Operation.BACKFILL, Operation.IDENTIFY):
                request = control.encode_request(Request(operation, 1, bytes(4)))
                with pytest.raises(BondError, match="code 0x05"):
                    await link.write(profile.CONTROL_UUID, request)
            assert (sensor.is_streaming, sensor.identified) == (False, 0)
            await link.secure(sensor.spec.serial)
            await DRIVER.blink(link)
            assert sensor.identified == 1
            await radio.close()

    run_virtual(main)


def test_a_bond_is_made_once_kept_in_a_file_and_used_ever_after(tmp_path: Path) -> None:
    path = tmp_path / "settings" / "bonds.json"
    paired: list[str] = []

    async def main(clock: VirtualClock) -> None:
        store = BondStore(path)
        async with stranger_kit(clock, SOURCE, store=store, bonds=True, back_fills=True) as (
            kit,
            engine,
        ):
            for sensor in kit.sensors.values():
                watch_pairing(sensor, paired)
            await engine.connect(kit.assignment)
            assert sorted(paired) == ["OWN-0", "OWN-1"]
            stored = path.read_text()
            await engine.start_recording(tmp_path / "bonded.h5")
            kit.begin()
            await asyncio.sleep(5.0)
            kit.air.lose(kit.assignment["thigh_left"])
            await asyncio.sleep(4.0)
            kit.air.regain(kit.assignment["thigh_left"])
            await kit.finished()
            await asyncio.sleep(0.5)
            assert engine.status().all_deliver
            result = await engine.stop_recording()
            counters = result.counters["thigh_left"]
            assert (counters.reconnects, counters.lost) == (1, 0) and counters.backfilled > 250
            # Another program run, with the same file: no pairing either.
            link, radio = await linked_after(engine, kit, BondStore(path))
            await link.secure("OWN-1")
            await DRIVER.blink(link)
            await radio.close()
            assert sorted(paired) == ["OWN-0", "OWN-1"] and path.read_text() == stored

    run_virtual(main)
    recording = reader.open_recording(tmp_path / "bonded.h5")
    for segment in KIT:
        assert_equals_source(recording.sensors[segment], SOURCE.sensors[segment])
    content = json.loads(path.read_text())
    assert set(content["bonds"]) == {"OWN-0", "OWN-1"}
    assert len(bytes.fromhex(content["bonds"]["OWN-0"]["keys"]["ltk"]["value"])) == 16
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def linked_after(engine, kit, bonds: BondStore) -> tuple[Link, object]:
    await engine.close()
    return await linked(kit, "thigh_left", bonds)


def watch_pairing(sensor, paired: list[str]) -> None:
    accepts = sensor.accepts_pairing

    def accepts_pairing(n_bonds: int) -> bool:
        paired.append(sensor.spec.serial)
        return accepts(n_bonds)

    sensor.accepts_pairing = accepts_pairing


def test_a_stranger_without_the_key_is_refused_though_all_else_is_the_same(tmp_path: Path) -> None:
    """Serial number, address, name, model and capabilities can be copied; the key cannot."""

    async def main(clock: VirtualClock) -> None:
        async with stranger_kit(clock, SOURCE, bonds=True) as (kit, engine):
            spec = spec_of("thigh_left", 1, bonds=True)
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "imitated.h5")
            kit.begin()
            await asyncio.sleep(5.0)
            (await kit.take_away("thigh_left")).close()
            await asyncio.sleep(0.5)
            before = engine.status().sensors["thigh_left"].counters
            imitation = await kit.wear("thigh_left", spec)
            await asyncio.sleep(8.0)
            left = engine.status().sensors["thigh_left"]
            assert left.state in (LinkState.REFUSED, LinkState.CONNECTING)
            assert isinstance(left.error, BondError) and left.error.code == "E207"
            assert "does not hold the key" in str(left.error)
            assert "imuhip forget OWN-1" in left.error.hint
            assert not imitation.is_streaming
            # An imitation that offers no bond at all is no way round.
            (await kit.take_away("thigh_left")).close()
            plain = await kit.wear("thigh_left", spec_of("thigh_left", 1))
            await asyncio.sleep(12.0)
            assert not plain.is_streaming
            assert "offers no bond" in str(engine.status().sensors["thigh_left"].error)
            result = await engine.stop_recording()
            assert result.counters["pelvis"].lost == 0
            assert result.counters["thigh_left"] == before  # nothing of either
            with pytest.raises(BondError, match="offers no bond"):
                await engine.connect({"thigh_left": plain.address})

    run_virtual(main)
    recording = reader.open_recording(tmp_path / "imitated.h5")
    refused = [e.text for e in recording.events if e.kind == "refused"]
    assert len(refused) == 2
    assert "does not hold the key" in refused[0] and "offers no bond" in refused[1]


def test_a_sensor_that_lost_its_bond_is_refused_until_it_is_forgotten() -> None:
    async def main(clock: VirtualClock) -> None:
        bonds = BondStore()
        async with stranger_kit(clock, SOURCE, store=bonds, bonds=True) as (kit, engine):
            sensor = kit.sensors["pelvis"]
            await engine.connect({"pelvis": sensor.address})
            await engine.connect({"thigh_left": kit.assignment["thigh_left"]})
            await kit.air.forget_bonds(sensor.address)
            with pytest.raises(BondError, match="does not hold the key"):
                await engine.connect(kit.assignment)
            assert bonds.forget("OWN-0") and not bonds.forget("OWN-0")
            await engine.connect(kit.assignment)
            assert engine.status().sensors["pelvis"].serial == "OWN-0"

    run_virtual(main)


def test_a_second_computer_pairs_only_shortly_after_the_sensor_was_switched_on() -> None:
    async def main(clock: VirtualClock) -> None:
        async with exchangeable_kit(SOURCE, bonds=True) as kit:
            sensor = kit.sensors["pelvis"]
            await asyncio.sleep(100.0)
            first, radio = await linked(kit, "pelvis", BondStore())
            await first.secure("OWN-0")  # the first bond may come at any time
            await radio.close()
            second, radio = await linked(kit, "pelvis", BondStore())
            with pytest.raises(BondError, match="refuses to pair") as caught:
                await second.secure("OWN-0")
            assert "switch it off and on" in caught.value.hint
            with pytest.raises(ConnectError):
                await DRIVER.blink(second)
            sensor._on_air_s = asyncio.get_running_loop().time()  # switched off and on
            await second.disconnect()
            await second.connect(5.0)
            await second.secure("OWN-0")
            await DRIVER.blink(second)
            assert sensor.identified == 1
            await radio.close()

    run_virtual(main)


@pytest.mark.parametrize("side", ["bumble_central", "virtual_peripheral"])
def test_the_older_way_of_pairing_is_not_accepted(
    side: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its keys can be listened in on: host and sensor refuse a peer that knows nothing better."""

    def pair_as_of_old(device: Any, _accept: Any = None) -> None:
        legacy = pairing.PairingConfig(sc=False, mitm=False, bonding=True)
        device.pairing_config_factory = lambda _connection: legacy

    monkeypatch.setattr(f"imuhip.radio.{side}.pair_securely", pair_as_of_old)

    async def main(clock: VirtualClock) -> None:
        async with exchangeable_kit(SOURCE, bonds=True) as kit:
            sensor = kit.sensors["pelvis"]
            bonds = BondStore()
            link, radio = await linked(kit, "pelvis", bonds)
            with pytest.raises(BondError, match="LE Secure Connections"):
                await link.secure("OWN-0")
            with pytest.raises(BondError, match="code 0x05"):
                await DRIVER.blink(link)
            assert "OWN-0" not in bonds and sensor.identified == 0
            await radio.close()

    run_virtual(main)


def test_a_link_that_breaks_while_it_is_secured_is_lost_and_not_refused() -> None:
    async def main(clock: VirtualClock) -> None:
        async with exchangeable_kit(SOURCE, bonds=True) as kit:
            sensor = kit.sensors["pelvis"]
            link, radio = await linked(kit, "pelvis")
            kit.air.lose(sensor.address)
            with pytest.raises(Exception, match="connection broke") as caught:
                await link.secure("OWN-0")
            assert not isinstance(caught.value, BondError)
            kit.air.regain(sensor.address)
            await link.connect(5.0)
            await link.secure("OWN-0")
            await radio.close()

    run_virtual(main)


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 2, "bonds": {}}', '{"version": 1}'])
def test_a_damaged_file_of_bonds_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bonds.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"bonds\.json: is not a file of bonds") as caught:
        BondStore(path).keys("OWN-0")
    assert caught.value.code == "E104"


def test_a_bond_that_cannot_be_stored_is_no_bond(tmp_path: Path) -> None:
    (tmp_path / "settings").write_text("in the way")
    with pytest.raises(BondError, match="could not be stored"):
        BondStore(tmp_path / "settings" / "bonds.json").remember("OWN-0", "C4:00", {})


@pytest.mark.parametrize(
    ("raised", "refusal"),
    [
        (None, ""),
        (NotImplementedError(), ""),  # macOS pairs by itself
        (BleakDBusError("org.bluez.Error.AuthenticationFailed", []), "the system could not pair"),
        (BleakError("Could not pair with device: 19"), "the system could not pair"),
        (BleakGATTProtocolError(0x0F), "not protected by a bond"),
    ],
)
def test_where_the_system_keeps_the_keys(
    raised: Exception | None, refusal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what it answers to `pair` is known to imuhip, and that there is a bond since."""

    async def pair(_self: object, *_: object, **__: object) -> None:
        if raised is not None:
            raise raised

    monkeypatch.setattr("imuhip.radio.bumble_backend._BumbleClient.pair", pair)

    async def main(clock: VirtualClock) -> None:
        async with exchangeable_kit(SOURCE) as kit:
            bonds = BondStore()
            link, radio = await linked(kit, "pelvis", bonds)
            if refusal:
                with pytest.raises(BondError, match=refusal):
                    await link.secure("OWN-0")
                assert not link.has_bond("OWN-0")
            else:
                await link.secure("OWN-0")
                assert link.has_bond("OWN-0") and bonds.keys("OWN-0") is None
                # The system would pair with a sensor of this number at any other address, too.
                bonds.remember("OWN-0", "C4:00:00:00:00:00")
                with pytest.raises(BondError, match="was made at C4:00:00:00:00:00"):
                    await link.secure("OWN-0")
            await radio.close()

    run_virtual(main)
