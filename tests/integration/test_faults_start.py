"""What keeps a sensor from streaming: refusals are told in words, and harm no other sensor."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from acquisition_kit import assert_equals_source, kit_and_engine, no_thread_left, noise_motion
from fault_kit import HIT, MODELS, OTHER, RATES_HZ, record_fault
from imuhip.acquisition.engine import Engine, EngineOptions
from imuhip.core.sensor import StreamConfig
from imuhip.errors import ConnectError, DeviceError
from imuhip.radio.gatt_model import Beacon
from imuhip.recording.reader import open_recording
from imuhip.sensors.imuhip_v1.profile import Status
from imuhip.simulation.kit import VirtualKit
from imuhip.simulation.virtual_sensor import VirtualSensor
from virtual_time import VirtualClock, run_virtual

PAIR = (HIT, OTHER)


@pytest.fixture(autouse=True)
def _no_thread_left():
    with no_thread_left():
        yield


# -- MTU ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mtu", [64, 185, 247])
def test_any_mtu_that_carries_a_sample_carries_all(mtu: int, tmp_path: Path):
    async def fault(kit: VirtualKit, engine: Engine) -> None:
        assert kit.sensors[HIT].port.mtu == mtu

    run = record_fault(tmp_path / "mtu.h5", fault, duration_s=4.0, rate_hz=200, largest_mtu=mtu)
    run.assert_unharmed(HIT)
    run.assert_unharmed(OTHER)


@pytest.mark.parametrize(("model", "mtu"), [("movella_dot", 64), ("witmotion", 23)])
def test_sensors_of_other_makers_at_the_smallest_mtu_that_will_do(
    model: str, mtu: int, tmp_path: Path
):
    async def fault(kit: VirtualKit, engine: Engine) -> None:
        assert kit.sensors[HIT].port.mtu == mtu

    run = record_fault(tmp_path / "mtu.h5", fault, model, duration_s=2.0, largest_mtu=mtu)
    run.assert_unharmed(HIT)


def test_an_mtu_of_23_is_refused_in_words_by_those_who_cannot_use_it(tmp_path: Path):
    """One of two sensors: the other one can be recorded."""
    source = noise_motion(PAIR, 3.0)

    async def main(clock: VirtualClock) -> None:
        async with kit_and_engine(clock, source) as (kit, engine):
            for peripheral in kit.air._peripherals:
                if peripheral._model is kit.sensors[HIT]:
                    peripheral._device.gatt_server.max_mtu = 23
            with pytest.raises(ConnectError, match="MTU of 23 bytes carries 0 samples") as refused:
                await engine.connect(kit.assignment)
            assert "larger MTU" in refused.value.hint
            assert refused.value.message.endswith("connected: thigh_left")
            await record_the_other(kit, engine, tmp_path / "other.h5")

    run_virtual(main)
    recorded = open_recording(tmp_path / "other.h5").sensors[OTHER]
    assert_equals_source(recorded, source.sensors[OTHER])


async def record_the_other(kit: VirtualKit, engine: Engine, path: Path) -> None:
    await engine.connect({OTHER: kit.assignment[OTHER]})
    await engine.start_recording(path)
    kit.begin()
    await kit.finished()
    await asyncio.sleep(0.5)
    counters = (await engine.stop_recording()).counters[OTHER]
    assert (counters.lost, counters.reconnects) == (0, 0)  # it streamed on all the time


# -- refusals -------------------------------------------------------------------------------------


def test_a_start_that_is_refused(tmp_path: Path):
    """Told when connecting, and tried again when it happens after a broken link."""
    refusing: set[str] = set()
    source = noise_motion(PAIR, 3.0)

    def refuse(kit: VirtualKit, segment: str) -> None:
        sensor = kit.sensors[segment]
        start = sensor._start

        def start_or_refuse(arguments: bytes) -> tuple[Status, bytes]:
            return (Status.WRONG_STATE, b"") if segment in refusing else start(arguments)

        sensor._start = start_or_refuse

    async def main(clock: VirtualClock) -> None:
        async with kit_and_engine(clock, source) as (kit, engine):
            refuse(kit, HIT)
            refusing.add(HIT)
            with pytest.raises(ConnectError, match="start refused: wrong state") as refused:
                await engine.connect(kit.assignment)
            assert refused.value.message.endswith("connected: thigh_left")
            await record_the_other(kit, engine, tmp_path / "other.h5")

    run_virtual(main)
    recorded = open_recording(tmp_path / "other.h5").sensors[OTHER]
    assert_equals_source(recorded, source.sensors[OTHER])
    refusing.clear()

    async def fault(kit: VirtualKit, engine: Engine) -> None:
        await asyncio.sleep(3.0)
        refusing.add(HIT)
        kit.air.lose(kit.assignment[HIT])
        await asyncio.sleep(3.0)
        kit.air.regain(kit.assignment[HIT])
        await asyncio.sleep(6.0)
        status = engine.status().sensors
        assert "start refused" in str(status[HIT].error)
        assert status[OTHER].is_delivering
        refusing.clear()

    run = record_fault(
        tmp_path / "again.h5",
        fault,
        duration_s=24.0,
        prepare=lambda kit: refuse(kit, HIT),
    )
    run.assert_unharmed()
    assert run.assert_exact(reconnects=1).lost > 800


def test_another_major_version_of_the_firmware(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source = noise_motion(PAIR, 3.0)
    read_info = VirtualSensor._read_info

    def read_later(self: VirtualSensor) -> bytes:
        info = read_info(self)
        return bytes((2,)) + info[1:] if self.spec.segment == HIT else info

    monkeypatch.setattr(VirtualSensor, "_read_info", read_later)

    async def main(clock: VirtualClock) -> None:
        async with kit_and_engine(clock, source) as (kit, engine):
            with pytest.raises(ConnectError, match="speaks version 2") as refused:
                await engine.connect(kit.assignment)
            assert "update" in refused.value.hint
            await record_the_other(kit, engine, tmp_path / "other.h5")

    run_virtual(main)


@pytest.mark.parametrize("model", MODELS)
def test_a_rate_the_model_does_not_know(model: str, tmp_path: Path):
    options = EngineOptions(stream=StreamConfig(rate_hz=137))

    async def main(clock: VirtualClock) -> None:
        source = noise_motion(PAIR, 2.0)
        async with kit_and_engine(clock, source, options, sensor=model) as (kit, engine):
            with pytest.raises(DeviceError, match="137 Hz") as refused:
                await engine.connect(kit.assignment)
            assert str(RATES_HZ[model]) in refused.value.hint
            with pytest.raises(DeviceError):
                await engine.start_recording(tmp_path / "no.h5")

    run_virtual(main)
    assert not (tmp_path / "no.h5").exists()


# -- garbage in the air ---------------------------------------------------------------------------


class _Rubbish:
    """A device that advertises bytes of no meaning, other each time."""

    largest_mtu = 23
    services = ()

    def __init__(self, number: int) -> None:
        self.address = f"C0:DE:00:00:00:{number:02X}"
        self.beacon = Beacon("x", ())

    def on_air(self, port) -> None: ...
    def on_connected(self) -> None: ...
    def on_disconnected(self) -> None: ...


def rubbish(rng: random.Random) -> bytes:
    """Structures too long, too short, of length 0, with names that are no text."""
    kinds = (0x02, 0x03, 0x06, 0x07, 0x08, 0x09, 0x16, 0x21, 0xFF, rng.randrange(256))
    data = bytearray()
    while len(data) < 31:
        content = rng.randbytes(rng.randrange(20))
        length = rng.choice((len(content) + 1, 0, 1, 255, rng.randrange(256)))
        data += bytes((length, rng.choice(kinds))) + content
    return bytes(data[: rng.randrange(32)])


@pytest.mark.parametrize(
    "model", ["imuhip", *(pytest.param(m, marks=pytest.mark.slow) for m in MODELS[1:])]
)
def test_garbage_advertisements_hinder_nobody(model: str, tmp_path: Path):
    """While sensors are found, and while one that was lost is searched for."""
    rng = random.Random(5)
    seen: set[bytes] = set()

    def shuffle(kit: VirtualKit) -> None:
        for controller in kit.air._air.controllers:
            if str(controller.random_address).startswith("C0:DE"):
                advertiser = controller.le_legacy_advertiser
                advertiser.advertising_data = rubbish(rng)
                advertiser.scan_response_data = rubbish(rng)
                seen.update((advertiser.advertising_data, advertiser.scan_response_data))
        if kit.air._peripherals:
            asyncio.get_running_loop().call_later(0.05, shuffle, kit)

    async def prepare(kit: VirtualKit) -> None:
        for number in range(6):
            await kit.air.hang(_Rubbish(number))
        shuffle(kit)

    async def fault(kit: VirtualKit, engine: Engine) -> None:
        assert any(address.startswith("C0:DE") for address in await engine.scan(2.0))
        kit.air.lose(kit.assignment[HIT])
        await asyncio.sleep(3.0)
        kit.air.regain(kit.assignment[HIT])

    run = record_fault(tmp_path / "rubbish.h5", fault, model, duration_s=16.0, prepare=prepare)
    run.assert_unharmed()
    assert run.counters().reconnects == 1
    assert len(seen) > 100
