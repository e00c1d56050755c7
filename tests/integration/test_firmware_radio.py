"""imuhip against the firmware: the compiled C core on virtual sensors, over real GATT."""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

import imuhip.recording.reader as reader
from acquisition_kit import (
    ACC_STEP,
    assert_equals_source,
    motion_rows,
    no_thread_left,
    noise_motion,
)
from c_compiler import c_compiler
from firmware_sensor import FirmwareSensor, load_core
from imuhip.acquisition.engine import Engine
from imuhip.core.link import Link, Radio
from imuhip.core.sensor import FLAGS, StreamConfig
from imuhip.errors import BondError, ConnectError
from imuhip.radio.virtual_air import VirtualAir
from imuhip.recording.session import Recording
from imuhip.sensors.imuhip_v1 import control, packets, profile, sync
from imuhip.sensors.imuhip_v1.control import Reply, Request, SampleRange
from imuhip.sensors.imuhip_v1.driver import ImuhipV1Driver
from imuhip.sensors.imuhip_v1.profile import Operation, Status
from imuhip.simulation.kit import VirtualKit
from imuhip.simulation.shared_motion import SharedMotion
from imuhip.simulation.virtual_sensor import SensorSpec
from virtual_time import VirtualClock, run_virtual

KIT = ("pelvis", "thigh_left", "thigh_right")
SKEW_PPM = (12.0, -19.0, 0.0)
DRIVER = ImuhipV1Driver()

pytestmark = pytest.mark.skipif(
    c_compiler() is None, reason="no C compiler (cc, gcc or clang) on this machine"
)


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return load_core(tmp_path_factory.mktemp("core"))


@pytest.fixture(autouse=True)
def _no_thread_left():
    with no_thread_left():
        yield


@asynccontextmanager
async def firmware_kit(
    core: ctypes.CDLL,
    source: Recording,
    *,
    exact: bool = True,
    connection_interval_s: float = 0.0,
    largest_mtu: int = 247,
    capabilities: int = 0xF3,
) -> AsyncIterator[tuple[VirtualKit, Radio]]:
    air = VirtualAir(connection_interval_s=connection_interval_s)
    motion = SharedMotion(source.sensors, source.rate_hz, begin="explicit")
    sensors = {
        segment: FirmwareSensor(
            core,
            SensorSpec(
                segment,
                f"C-CORE-{i}",
                f"C4:5C:4E:00:0C:0{i}",
                skew_ppm=0.0 if exact else SKEW_PPM[i],
                clock_offset_s=3.5 + 100.0 * i,
                largest_mtu=largest_mtu,
            ),
            motion,
            capabilities,
        )
        for i, segment in enumerate(source.sensors)
    }
    for sensor in sensors.values():
        await air.hang(sensor)
    kit = VirtualKit(air, motion, sensors)
    radio = await air.radio()
    try:
        yield kit, radio
    finally:
        await radio.close()
        await kit.close()


class Host:
    """A host that speaks to one sensor by hand and keeps all it hears."""

    def __init__(self, radio: Radio, address: str) -> None:
        self.link: Link = radio.link(address, lambda: None)
        self.replies: asyncio.Queue[bytes] = asyncio.Queue()
        self.streamed: list[bytes] = []
        self.back_filled: list[bytes] = []
        self.synced: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        await self.link.connect(5.0)
        await self.link.subscribe(profile.CONTROL_UUID, self.replies.put_nowait)
        await self.link.subscribe(profile.STREAM_UUID, self.streamed.append)
        await self.link.subscribe(profile.BACK_FILL_UUID, self.back_filled.append)
        await self.link.subscribe(
            profile.SYNC_UUID, lambda data: self.synced.put_nowait((loop.time(), data))
        )

    async def ask(self, operation: Operation, arguments: bytes = b"") -> Reply:
        request = control.encode_request(Request(operation, 9, arguments))
        await self.link.write(profile.CONTROL_UUID, request)
        return control.decode_reply(await self.replies.get())


def numbers(sent: list[bytes]) -> list[int]:
    raw = [packets.decode_packet(packet) for packet in sent]
    return [packet.seq + i for packet in raw for i in range(len(packet.counts))]


@pytest.mark.parametrize("connection_interval_s", [0.0, 0.015])
def test_engine_records_the_firmware_whole(
    core: ctypes.CDLL, tmp_path: Path, connection_interval_s: float
) -> None:
    source = noise_motion(KIT, 12.0)

    async def main(clock: VirtualClock) -> None:
        async with (
            firmware_kit(core, source, connection_interval_s=connection_interval_s) as (kit, radio),
            Engine(radio, clock) as engine,
        ):
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "core.h5")
            kit.begin()
            await kit.finished()
            await asyncio.sleep(0.5)
            status = engine.status()
            assert {s.serial for s in status.sensors.values()} == {f"C-CORE-{i}" for i in range(3)}
            result = await engine.stop_recording()
            for counters in result.counters.values():
                assert counters.received >= 1200
                assert (counters.lost, counters.duplicated, counters.bad_packets) == (0, 0, 0)

    run_virtual(main)
    recording = reader.open_recording(tmp_path / "core.h5")
    for segment in KIT:
        assert_equals_source(recording.sensors[segment], source.sensors[segment])


def test_age_and_dither_of_the_firmware_fix_its_clock(core: ctypes.CDLL, tmp_path: Path) -> None:
    source = noise_motion(KIT, 25.0)

    async def main(clock: VirtualClock) -> None:
        async with (
            firmware_kit(core, source, exact=False, connection_interval_s=0.015) as (kit, radio),
            Engine(radio, clock) as engine,
        ):
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "clocks.h5")
            kit.begin()
            await kit.finished()
            result = await engine.stop_recording()
            begin_s = kit.motion.begin_s
            assert begin_s is not None
            instants = [
                result.clock_fits[segment][0].to_recording(
                    np.array([sensor.clock_us(begin_s + t) / 1e6 for t in (0, 25)])
                )
                for segment, sensor in kit.sensors.items()
            ]
            spread_s = np.ptp(instants, axis=0)
            print(f"sensors differ by {spread_s * 1e3} ms")
            assert spread_s.max() < 0.6e-3

    run_virtual(main)


@pytest.mark.parametrize(("mtu", "largest"), [(34, 1), (64, 3), (185, 6), (247, 6)])
def test_packets_fit_the_mtu(core: ctypes.CDLL, mtu: int, largest: int) -> None:
    async def main(clock: VirtualClock) -> None:
        source = noise_motion(("pelvis",), 2.0)
        async with firmware_kit(core, source, largest_mtu=mtu) as (kit, radio):
            heard: list[bytes] = []
            link = radio.link(kit.assignment["pelvis"], lambda: None)
            await link.connect(5.0)
            await DRIVER.configure(link, StreamConfig())
            await DRIVER.start(link, heard.append)
            await asyncio.sleep(2.0)
            await DRIVER.stop(link)
            assert {len(packets.decode_packet(packet).counts) for packet in heard} == {largest}
            assert numbers(heard) == list(range(len(heard) * largest))
            assert len(heard) * largest >= 190

    run_virtual(main)


def test_refusals_reach_people_as_with_any_sensor(core: ctypes.CDLL) -> None:
    async def main(clock: VirtualClock) -> None:
        source = noise_motion(("pelvis",), 2.0)
        async with firmware_kit(core, source) as (kit, radio):
            link = radio.link(kit.assignment["pelvis"], lambda: None)
            await link.connect(5.0)
            for config, message in (
                (StreamConfig(rate_hz=97), "97 Hz refused"),
                (StreamConfig(acc_range_g=5), "5 g refused"),
                (StreamConfig(gyr_range_dps=300), "300 °/s refused"),
                (StreamConfig(batch_samples=19), "19 samples in a packet refused"),
            ):
                with pytest.raises(ConnectError, match=message):
                    await DRIVER.configure(link, config)
            await DRIVER.configure(link, StreamConfig())
            kit.sensors["pelvis"].is_broken = True
            with pytest.raises(ConnectError, match="hardware fault"):
                await DRIVER.start(link, lambda _packet: None)
            kit.sensors["pelvis"].is_broken = False
            with pytest.raises(ConnectError, match="code 0xfd"):
                await link.write(profile.SYNC_UUID, bytes(9))  # nobody would hear the answer
            await DRIVER.blink(link)
            await DRIVER.set_time_hint(link, 1.7e9)
            assert kit.sensors["pelvis"].identified == 1
            assert kit.sensors["pelvis"].time_hint_ms == 1_700_000_000_000

    run_virtual(main)


def test_version_without_the_capabilities_answers_as_1_0(core: ctypes.CDLL) -> None:
    async def main(clock: VirtualClock) -> None:
        source = noise_motion(("pelvis",), 2.0)
        async with firmware_kit(core, source, capabilities=0x03) as (kit, radio):
            link = radio.link(kit.assignment["pelvis"], lambda: None)
            replies: asyncio.Queue[bytes] = asyncio.Queue()
            await link.connect(5.0)
            await link.subscribe(profile.CONTROL_UUID, replies.put_nowait)
            for operation, arguments in ((Operation.OFF, b""), (Operation.BACKFILL, bytes(6))):
                request = control.encode_request(Request(operation, 1, arguments))
                await link.write(profile.CONTROL_UUID, request)
                assert control.decode_reply(await replies.get()).status is Status.NOT_SUPPORTED
            with pytest.raises(ConnectError, match="no characteristic"):
                await link.subscribe(profile.BACK_FILL_UUID, lambda _data: None)

    run_virtual(main)


def test_what_was_lost_is_back_filled_while_the_stream_goes_on(core: ctypes.CDLL) -> None:
    source = noise_motion(("pelvis",), 20.0)

    async def main(clock: VirtualClock) -> None:
        async with firmware_kit(core, source) as (kit, radio):
            address = kit.assignment["pelvis"]
            host = Host(radio, address)
            await host.connect()
            assert (await host.ask(Operation.START, bytes(4))).status is Status.OK
            kit.begin()
            await asyncio.sleep(2.0)
            kit.air.lose(address)
            await asyncio.sleep(5.0)
            kit.air.regain(address)
            await host.link.disconnect()
            await host.connect()
            assert (await host.ask(Operation.START, bytes(4))).status is Status.OK
            await asyncio.sleep(0.5)
            have = numbers(host.streamed)
            (gap,) = np.flatnonzero(np.diff(have) > 1)
            lost = SampleRange(have[gap] + 1, have[gap + 1] - have[gap] - 1)
            assert 400 < lost.count < 700
            reply = await host.ask(Operation.BACKFILL, control.encode_range(lost))
            assert reply.status is Status.OK
            assert control.decode_range(reply.result) == lost
            await asyncio.sleep(2.0)
            assert kit.motion.begin_s is not None
            begin_us = kit.sensors["pelvis"].clock_us(kit.motion.begin_s)
            assert (await host.ask(Operation.STOP)).status is Status.OK

            assert numbers(host.back_filled) == list(range(lost.first, lost.first + lost.count))
            raw = [packets.decode_packet(packet) for packet in host.back_filled]
            assert {packet.age_us for packet in raw} == {packets.UNKNOWN_AGE_US}
            assert all(packet.flags & FLAGS["backfilled"] for packet in raw)
            live = numbers(host.streamed)
            assert sorted(live + numbers(host.back_filled)) == list(range(live[-1] + 1))
            check_values(host, begin_us)

    def check_values(host: Host, begin_us: int) -> None:
        counts = {}
        for packet in map(packets.decode_packet, host.streamed + host.back_filled):
            for i, row in enumerate(packet.counts):
                counts[packet.seq + i] = (packet.time_us + i * packet.dt_us, row)
        acc = source.sensors["pelvis"].acc
        for time_us, row in counts.values():
            position = (time_us - begin_us) / 10_000
            assert abs(position - round(position)) < 0.01
            if 0 <= round(position) < len(acc):
                assert np.abs(row[:3] * ACC_STEP - acc[round(position)]).max() <= 0.51 * ACC_STEP

    run_virtual(main)


def test_sync_bounds_the_sensors_clock(core: ctypes.CDLL) -> None:
    source = noise_motion(("pelvis",), 2.0)

    async def main(clock: VirtualClock) -> None:
        loop = asyncio.get_running_loop()
        async with firmware_kit(core, source, connection_interval_s=0.015) as (kit, radio):
            sensor = kit.sensors["pelvis"]
            host = Host(radio, sensor.address)
            await host.connect()
            bounds = []
            for exchange in range(20):
                await asyncio.sleep(0.1 + 0.0037 * exchange)
                asked_s = loop.time()
                request = sync.encode_sync_request(exchange, round(asked_s * 1e6))
                await host.link.write(profile.SYNC_UUID, request)
                answered_s, data = await host.synced.get()
                reply = sync.decode_sync_reply(data)
                assert reply.exchange == exchange
                bounds.append(sync.offset_bounds_s(reply, asked_s, answered_s))
            true_s = sensor.clock_us(loop.time()) * 1e-6 - loop.time()
            least, most = np.array(bounds).T
            print(f"offset {true_s:.6f} s, between {least.max():.6f} and {most.min():.6f} s")
            assert (least <= true_s + 2e-6).all() and (true_s - 2e-6 <= most).all()
            assert most.min() - least.max() < 0.03

    run_virtual(main)


def test_off_answers_then_disconnects(core: ctypes.CDLL) -> None:
    source = noise_motion(("pelvis",), 2.0)

    async def main(clock: VirtualClock) -> None:
        async with firmware_kit(core, source) as (kit, radio):
            sensor = kit.sensors["pelvis"]
            host = Host(radio, sensor.address)
            await host.connect()
            assert (await host.ask(Operation.START, bytes(4))).status is Status.OK
            await asyncio.sleep(0.5)
            assert (await host.ask(Operation.OFF)).status is Status.OK
            assert not sensor.is_streaming
            await asyncio.sleep(1.5)
            assert sensor.n_off == 1
            assert not host.link.is_connected

    run_virtual(main)


def test_engine_sees_a_broken_link_as_one_exact_gap(core: ctypes.CDLL, tmp_path: Path) -> None:
    source = noise_motion(KIT[:2], 25.0)

    async def main(clock: VirtualClock) -> None:
        async with (
            firmware_kit(core, source, capabilities=0x43) as (kit, radio),
            Engine(radio, clock) as engine,
        ):
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "gap.h5")
            kit.begin()
            await asyncio.sleep(8.0)
            kit.air.lose(kit.assignment["thigh_left"])
            await asyncio.sleep(4.0)
            kit.air.regain(kit.assignment["thigh_left"])
            await kit.finished()
            await asyncio.sleep(0.5)
            result = await engine.stop_recording()
            assert result.counters["pelvis"].lost == 0
            counters = result.counters["thigh_left"]
            assert counters.reconnects == 1 and 350 < counters.lost < 1500

    run_virtual(main)
    recording = reader.open_recording(tmp_path / "gap.h5")
    assert_equals_source(recording.sensors["pelvis"], source.sensors["pelvis"])
    series = recording.sensors["thigh_left"]
    first = motion_rows(series).start
    rows = slice(first, first + 2500)
    valid = series.valid[rows]
    acc = source.sensors["thigh_left"].acc
    assert np.abs(series.acc[rows][valid] - acc[valid]).max() <= 0.51 * ACC_STEP


def test_engine_back_fills_what_a_broken_link_lost(core: ctypes.CDLL, tmp_path: Path) -> None:
    source = noise_motion(KIT[:2], 20.0)

    async def main(clock: VirtualClock) -> None:
        async with firmware_kit(core, source) as (kit, radio), Engine(radio, clock) as engine:
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "filled.h5")
            kit.begin()
            await asyncio.sleep(5.0)
            kit.air.lose(kit.assignment["thigh_left"])
            await asyncio.sleep(3.0)
            kit.air.regain(kit.assignment["thigh_left"])
            await asyncio.sleep(4.0)
            # A stack that drops packets on a link that holds loses nothing for good either.
            kit.air.drop_notifications(kit.assignment["pelvis"], 4)
            await asyncio.sleep(2.0)
            rate_hz = engine.status().sensors["thigh_left"].measured_rate_hz
            assert rate_hz == pytest.approx(100, rel=0.03)
            await kit.finished()
            await asyncio.sleep(0.5)
            assert engine.status().faults == ()
            result = await engine.stop_recording()
            for segment, n_least in (("pelvis", 24), ("thigh_left", 250)):
                counters = result.counters[segment]
                print(segment, counters)
                assert counters.backfilled >= n_least
                assert (counters.lost, counters.duplicated, counters.reordered) == (0, 0, 0)
                assert counters.longest_gap_s == 0.0

    run_virtual(main)
    recording = reader.open_recording(tmp_path / "filled.h5")
    for segment in KIT[:2]:
        assert_equals_source(recording.sensors[segment], source.sensors[segment])
        assert np.abs(np.diff(recording.sensors[segment].time_s) - 0.01).max() < 1e-4
        kinds = [event.kind for event in recording.events if event.segment == segment]
        assert "back_filled" in kinds


def test_engine_takes_what_the_ring_still_holds_and_counts_the_rest(
    core: ctypes.CDLL, tmp_path: Path
) -> None:
    source = noise_motion(KIT[:1], 40.0)

    async def main(clock: VirtualClock) -> None:
        async with firmware_kit(core, source) as (kit, radio), Engine(radio, clock) as engine:
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "part.h5")
            kit.begin()
            await asyncio.sleep(4.0)
            kit.air.lose(kit.assignment["pelvis"])
            await asyncio.sleep(15.0)
            kit.air.regain(kit.assignment["pelvis"])
            await kit.finished()
            await asyncio.sleep(0.5)
            counters = (await engine.stop_recording()).counters["pelvis"]
            print(counters)
            assert 900 <= counters.backfilled <= 1000  # the ring holds ten seconds
            assert counters.lost > 400
            assert counters.longest_gap_s == pytest.approx(counters.lost / 100)
            assert (counters.duplicated, counters.reordered) == (0, 0)

    run_virtual(main)
    series = reader.open_recording(tmp_path / "part.h5").sensors["pelvis"]
    first = motion_rows(series).start
    valid = series.valid[first : first + 4000]
    acc = source.sensors["pelvis"].acc
    assert np.abs(series.acc[first : first + 4000][valid] - acc[valid]).max() <= 0.51 * ACC_STEP
    assert int(np.count_nonzero(~valid)) > 400


async def back_filling(engine: Engine) -> None:
    """Return while samples come again: with three in a packet that takes most of a second."""
    for _ in range(2000):
        if engine.status().sensors["pelvis"].counters.backfilled:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(engine.status())


def test_a_link_that_breaks_while_back_filling_is_filled_after_the_next_one(
    core: ctypes.CDLL, tmp_path: Path
) -> None:
    source = noise_motion(KIT[:1], 25.0)

    async def main(clock: VirtualClock) -> None:
        async with (
            firmware_kit(core, source, largest_mtu=64) as (kit, radio),
            Engine(radio, clock) as engine,
        ):
            address = kit.assignment["pelvis"]

            async def break_link(for_s: float) -> None:
                kit.air.lose(address)
                await asyncio.sleep(for_s)
                kit.air.regain(address)

            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "twice.h5")
            kit.begin()
            await asyncio.sleep(3.0)
            await break_link(2.5)
            await back_filling(engine)
            assert engine.status().sensors["pelvis"].counters.lost > 100
            await break_link(2.5)
            await kit.finished()
            await asyncio.sleep(0.5)
            result = await engine.stop_recording()
            print(result.counters["pelvis"])
            assert result.counters["pelvis"].reconnects == 2
            assert (result.counters["pelvis"].lost, result.counters["pelvis"].reordered) == (0, 0)
            assert engine.status().faults == ()

    run_virtual(main)
    recording = reader.open_recording(tmp_path / "twice.h5")
    assert_equals_source(recording.sensors["pelvis"], source.sensors["pelvis"])


@pytest.mark.parametrize("ends", ["stop", "close", "restart"])
def test_a_recording_may_end_or_begin_while_back_filling(
    core: ctypes.CDLL, tmp_path: Path, ends: str
) -> None:
    source = noise_motion(KIT[:1], 20.0)
    path = tmp_path / "ended.h5"

    async def main(clock: VirtualClock) -> None:
        async with (
            firmware_kit(core, source, largest_mtu=64) as (kit, radio),
            Engine(radio, clock) as engine,
        ):
            address = kit.assignment["pelvis"]
            await engine.connect(kit.assignment)
            await engine.start_recording(path)
            kit.begin()
            await asyncio.sleep(3.0)
            kit.air.lose(address)
            await asyncio.sleep(2.5)
            kit.air.regain(address)
            await back_filling(engine)
            if ends == "close":
                await engine.close()
            else:
                result = await engine.stop_recording()
                assert result.counters["pelvis"].backfilled > 0
                assert result.counters["pelvis"].lost > 0
            if ends == "restart":
                await engine.start_recording(tmp_path / "next.h5")
                await asyncio.sleep(3.0)
                result = await engine.stop_recording()
                counters = result.counters["pelvis"]
                assert (counters.lost, counters.backfilled) == (0, 0)
                assert engine.status().faults == ()

    run_virtual(main)
    series = reader.open_recording(path).sensors["pelvis"]
    first = motion_rows(series).start
    count = len(series) - first
    valid = series.valid[first:]
    acc = source.sensors["pelvis"].acc[:count]
    assert np.abs(series.acc[first:][valid] - acc[valid]).max() <= 0.51 * ACC_STEP
    if ends == "restart":
        after = reader.open_recording(tmp_path / "next.h5").sensors["pelvis"]
        assert after.valid.all() and after.time_s[0] > -0.1


def test_engine_bonds_with_the_firmware(core: ctypes.CDLL, tmp_path: Path) -> None:
    """Nothing of it goes without the key: first pairing, a broken link, back-fill, a stranger."""
    source = noise_motion(KIT[:2], 20.0)

    async def main(clock: VirtualClock) -> None:
        async with (
            firmware_kit(core, source, capabilities=0x1F3) as (kit, radio),
            Engine(radio, clock) as engine,
        ):
            address = kit.assignment["thigh_left"]
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "bonded.h5")
            kit.begin()
            await asyncio.sleep(5.0)
            kit.air.lose(address)
            await asyncio.sleep(3.0)
            kit.air.regain(address)
            await kit.finished()
            await asyncio.sleep(0.5)
            result = await engine.stop_recording()
            counters = result.counters["thigh_left"]
            assert (counters.reconnects, counters.lost) == (1, 0) and counters.backfilled > 150
            await kit.air.forget_bonds(address)
            kit.air.lose(address)
            await asyncio.sleep(3.0)
            kit.air.regain(address)
            await asyncio.sleep(15.0)
            assert isinstance(engine.status().sensors["thigh_left"].error, BondError)
            assert engine.status().sensors["pelvis"].state == "streaming"

    run_virtual(main)
    recording = reader.open_recording(tmp_path / "bonded.h5")
    for segment in KIT[:2]:
        assert_equals_source(recording.sensors[segment], source.sensors[segment])
