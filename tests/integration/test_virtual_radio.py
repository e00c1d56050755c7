"""Real GATT between virtual sensors and the production radio, in virtual time."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from imuhip.acquisition.clock_mapping import ClockMapping
from imuhip.core.link import Advertisement
from imuhip.core.sensor import StreamConfig
from imuhip.core.series import ImuSeries
from imuhip.errors import (
    BluetoothUnavailableError,
    ConfigError,
    ConnectError,
    ProtocolError,
    SensorLostError,
    SensorNotFoundError,
)
from imuhip.radio.bleak_radio import BleakLink, BleakRadio
from imuhip.radio.open_radio import open_radio
from imuhip.radio.virtual_air import VirtualAir
from imuhip.recording.session import Recording
from imuhip.sensors.imuhip_v1 import profile
from imuhip.sensors.imuhip_v1.control import Request, decode_reply, encode_request
from imuhip.sensors.imuhip_v1.driver import ImuhipV1Driver
from imuhip.sensors.imuhip_v1.packets import decode_packet
from imuhip.sensors.imuhip_v1.profile import Operation, Status
from imuhip.sensors.registry import driver_for
from imuhip.simulation.kit import VirtualKit, open_virtual_kit, serve, virtual_person
from imuhip.simulation.shared_motion import SharedMotion
from imuhip.simulation.virtual_sensor import SensorSpec, VirtualSensor
from virtual_time import VirtualClock, run_virtual

SEGMENTS = ("pelvis", "thigh_left", "thigh_right")
CONFIG = StreamConfig()
DRIVER = ImuhipV1Driver()


def motion(n_samples: int = 3000, segments: tuple[str, ...] = SEGMENTS) -> Recording:
    """Return a motion in which no two samples are alike."""
    rng = np.random.default_rng(1)
    return Recording.from_arrays(
        rate_hz=100.0,
        sensors={
            segment: {
                "acc": rng.uniform(-60, 60, (n_samples, 3)),
                "gyr": rng.uniform(-20, 20, (n_samples, 3)),
            }
            for segment in segments
        },
    )


@asynccontextmanager
async def kit_and_radio(**options: object) -> AsyncIterator[tuple[VirtualKit, BleakRadio]]:
    kit = await open_virtual_kit(options.pop("source", None) or motion(), **options)
    radio = await kit.radio()
    try:
        yield kit, radio
    finally:
        await radio.close()
        await kit.close()


class Stream:
    """One sensor brought up, and everything it sent."""

    def __init__(self, radio: BleakRadio, address: str) -> None:
        self.packets: list[bytes] = []
        self.arrivals_s: list[float] = []
        self.losses_s: list[float] = []
        self.lost = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.link: BleakLink = radio.link(address, self._on_lost)

    def _on_lost(self) -> None:
        self.losses_s.append(self._loop.time())
        self.lost.set()

    def _on_packet(self, packet: bytes) -> None:
        self.packets.append(packet)
        self.arrivals_s.append(self._loop.time())

    async def start(self, config: StreamConfig = CONFIG) -> None:
        await self.link.connect(5.0)
        await DRIVER.configure(self.link, config)
        await DRIVER.start(self.link, self._on_packet)

    async def stop(self) -> None:
        await DRIVER.stop(self.link)
        await self.link.disconnect()

    def samples(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        decoder = DRIVER.decoder(CONFIG)
        blocks = [decoder.decode(packet) for packet in self.packets]
        return (
            np.concatenate([block.seq for block in blocks]),
            np.concatenate([block.device_time_s for block in blocks]),
            np.concatenate([np.hstack((block.acc, block.gyr)) for block in blocks]),
        )


async def started(kit: VirtualKit, radio: BleakRadio) -> dict[str, Stream]:
    streams = {segment: Stream(radio, address) for segment, address in kit.assignment.items()}
    for stream in streams.values():
        await stream.start()
    return streams


def test_scan_finds_every_sensor_and_stops_early() -> None:
    async def main(clock: VirtualClock) -> None:
        async with kit_and_radio() as (kit, radio):
            kit.air.set_rssi(kit.assignment["pelvis"], -71)
            seen = await radio.scan(10.0, stop_when=lambda found: len(found) == 3)
            assert clock.monotonic_ns() < 1e9
            assert set(seen) == set(kit.assignment.values())
            pelvis = seen[kit.assignment["pelvis"]]
            assert pelvis.name == "imuhip 1A2B"
            assert pelvis.rssi_dbm == -71
            assert pelvis.service_uuids == (profile.SERVICE_UUID,)
            assert all(driver_for(each) is not None for each in seen.values())
            assert driver_for(Advertisement("AA", "Other", -50)) is None
            assert radio.name == "sim"

    run_virtual(main)


def test_identity_battery_blink_and_time_hint() -> None:
    async def main(clock: VirtualClock) -> None:
        async with kit_and_radio() as (kit, radio):
            link = radio.link(kit.assignment["thigh_left"], lambda: None)
            await link.connect(5.0)
            identity = await DRIVER.identify(link)
            assert identity.serial == "SIM-THIGH-LEFT"
            assert identity.clock_hz == 1e6
            assert await DRIVER.battery_percent(link) == 87
            await DRIVER.blink(link)
            await DRIVER.set_time_hint(link, 1.7e9)
            assert kit.sensors["thigh_left"].identified == 1
            assert kit.sensors["thigh_left"].time_hint_unix_s == 1.7e9
            await link.disconnect()
            await link.disconnect()
            assert not link.is_connected

    run_virtual(main)


@pytest.mark.parametrize(("offered", "batch"), [(64, 3), (185, 6), (247, 6), (517, 6)])
def test_mtu_is_negotiated_and_packets_fit_it(offered: int, batch: int) -> None:
    async def main(clock: VirtualClock) -> None:
        async with kit_and_radio(largest_mtu=offered) as (kit, radio):
            stream = Stream(radio, kit.assignment["pelvis"])
            await stream.start()
            assert stream.link.mtu == min(offered, 247)
            await asyncio.sleep(2.0)
            await stream.stop()
            assert {len(decode_packet(packet).counts) for packet in stream.packets} == {batch}
            assert max(map(len, stream.packets)) <= stream_limit(offered)

    def stream_limit(mtu: int) -> int:
        return min(mtu, 247) - 3

    run_virtual(main)


def test_mtu_that_cannot_carry_a_sample_is_refused() -> None:
    async def main(clock: VirtualClock) -> None:
        async with kit_and_radio(largest_mtu=23) as (kit, radio):
            stream = Stream(radio, kit.assignment["pelvis"])
            with pytest.raises(ConnectError, match="MTU of 23 bytes carries 0 samples"):
                await stream.start()
            assert stream.link.is_connected
            await asyncio.sleep(1.0)
            assert not stream.packets

    run_virtual(main)


@pytest.mark.parametrize(
    ("config", "message", "hint"),
    [
        (StreamConfig(rate_hz=97), "sample rate of 97 Hz", "100"),
        (StreamConfig(acc_range_g=5), "range of 5 g", "2, 4, 8, 16"),
        (StreamConfig(gyr_range_dps=300), "300 °/s", "125, 250, 500, 1000, 2000"),
        (StreamConfig(batch_samples=40), "40 samples in a packet", "carries 18"),
    ],
)
def test_refused_configuration_names_value_and_choices(
    config: StreamConfig, message: str, hint: str
) -> None:
    async def main(clock: VirtualClock) -> None:
        async with kit_and_radio() as (kit, radio):
            link = radio.link(kit.assignment["pelvis"], lambda: None)
            await link.connect(5.0)
            with pytest.raises(ConnectError, match=message) as refused:
                await DRIVER.configure(link, config)
            assert hint in refused.value.hint
            await DRIVER.configure(link, CONFIG)

    run_virtual(main)


def test_control_point_answers_nonsense_with_a_status() -> None:
    async def main(clock: VirtualClock) -> None:
        async with kit_and_radio() as (kit, radio):
            link = radio.link(kit.assignment["pelvis"], lambda: None)
            await link.connect(5.0)
            replies: asyncio.Queue[bytes] = asyncio.Queue()

            async def ask(operation: int, arguments: bytes = b"") -> Status:
                await link.write(
                    profile.CONTROL_UUID, encode_request(Request(operation, 7, arguments))
                )
                return decode_reply(await replies.get()).status

            with pytest.raises(ConnectError, match="code 0xfd"):
                await ask(Operation.STOP)  # nobody would hear the reply
            await link.subscribe(profile.CONTROL_UUID, replies.put_nowait)
            with pytest.raises(ConnectError, match="code 0x0d"):
                await link.write(profile.CONTROL_UUID, b"\x01")
            assert await ask(99) is Status.UNKNOWN_OPERATION
            assert await ask(Operation.SET_CONFIG, b"\0") is Status.BAD_LENGTH
            assert await ask(Operation.BACKFILL, bytes(6)) is Status.NOT_SUPPORTED
            assert await ask(Operation.START, bytes(4)) is Status.NOT_SUBSCRIBED
            await link.subscribe(profile.STREAM_UUID, lambda _packet: None)
            assert await ask(Operation.START, bytes(4)) is Status.OK
            fine = bytes.fromhex("6400 1000 d007 03 00 00")
            assert await ask(Operation.SET_CONFIG, fine) is Status.WRONG_STATE
            assert await ask(Operation.STOP) is Status.OK
            assert await ask(Operation.SET_CONFIG, fine) is Status.OK
            with pytest.raises(ConnectError, match="no characteristic"):
                await link.read("5c4e00ff-83b6-4a1d-9d2f-7e61b0a9c34e")

    run_virtual(main)


def test_stream_starts_with_the_control_write_and_not_with_the_subscription() -> None:
    async def main(clock: VirtualClock) -> None:
        async with kit_and_radio() as (kit, radio):
            heard: list[bytes] = []
            link = radio.link(kit.assignment["pelvis"], lambda: None)
            await link.connect(5.0)
            await link.subscribe(profile.STREAM_UUID, heard.append)
            await asyncio.sleep(2.0)
            assert not heard
            await DRIVER.start(link, heard.append)
            await asyncio.sleep(1.0)
            assert heard
            await DRIVER.stop(link)
            n_heard = len(heard)
            await asyncio.sleep(1.0)
            assert len(heard) == n_heard

    run_virtual(main)


def test_replayed_samples_arrive_unchanged_and_at_the_same_instant_on_all_sensors() -> None:
    source = motion(500)

    async def main(clock: VirtualClock) -> None:
        async with kit_and_radio(source=source) as (kit, radio):
            streams = await started(kit, radio)
            await kit.finished()
            await asyncio.sleep(0.2)
            begin_s = kit.motion.begin_s
            assert begin_s is not None
            for segment, stream in streams.items():
                await stream.stop()
                check(kit, segment, stream, begin_s)

    def check(kit: VirtualKit, segment: str, stream: Stream, begin_s: float) -> None:
        _, time_s, values = stream.samples()
        # The device clock is perfect here, so it says at which motion instant a sample was taken.
        zero_s = kit.sensors[segment].clock_us(begin_s) * 1e-6
        position = (time_s - zero_s) * 100
        assert np.abs(position - np.rint(position)).max() < 0.01
        index = np.rint(position).astype(int)
        moving = (index >= 0) & (index < 500)
        assert moving.sum() == 500
        series = source.sensors[segment]
        error = np.abs(values[moving] - np.hstack((series.acc, series.gyr)))
        half_steps = [16 * 9.80665 / 65536] * 3 + [np.radians(2000) / 65536] * 3
        assert (error.max(axis=0) <= np.multiply(half_steps, 1.001)).all()
        assert (values[~moving, 3:] == 0).all()
        assert index[0] <= -100  # a second of standing still, for whoever starts recording now

    run_virtual(main)


def test_motion_begins_again_after_the_last_sensor_was_stopped() -> None:
    async def main(clock: VirtualClock) -> None:
        async with kit_and_radio() as (kit, radio):
            streams = await started(kit, radio)
            first_s = kit.motion.begin_s
            for stream in streams.values():
                await stream.stop()
            assert kit.motion.begin_s is None
            again = await started(kit, radio)
            assert first_s is not None
            assert kit.motion.begin_s is not None
            assert kit.motion.begin_s > first_s
            await asyncio.sleep(0.3)
            assert all(stream.samples()[0][0] == 0 for stream in again.values())

    run_virtual(main)


def test_vanished_sensor_is_lost_after_the_supervision_time_out_and_comes_back() -> None:
    async def main(clock: VirtualClock) -> None:
        async with kit_and_radio() as (kit, radio):
            streams = await started(kit, radio)
            left, other = streams["thigh_left"], streams["pelvis"]
            await asyncio.sleep(1.0)
            vanished_s = asyncio.get_running_loop().time()
            kit.air.lose(left.link.address)
            reading = asyncio.create_task(left.link.read(profile.BATTERY_LEVEL_UUID))
            n_before, n_other = len(left.packets), len(other.packets)
            with pytest.raises(SensorLostError):
                await reading
            assert left.losses_s == [pytest.approx(vanished_s + 2.0, abs=0.05)]
            assert not left.link.is_connected
            assert len(left.packets) == n_before
            assert len(other.packets) > n_other + 30
            with pytest.raises(SensorLostError):
                await left.link.write(profile.CONTROL_UUID, b"\4\1")
            with pytest.raises(ConnectError, match="no answer in time"):
                await left.link.connect(1.0)
            kit.air.regain(left.link.address)
            await left.start()
            await asyncio.sleep(1.0)
            seq, time_s, _ = left.samples()
            steps = np.diff(seq)
            gap = np.flatnonzero(steps != 1)
            assert len(gap) == 1  # one gap, numbered exactly: the sensor went on counting
            assert steps[gap[0]] == pytest.approx(np.diff(time_s)[gap[0]] * 100, abs=0.01)
            assert 250 < steps[gap[0]] < 450
            assert not other.losses_s
            assert (np.diff(other.samples()[0]) == 1).all()

    run_virtual(main)


def test_short_fade_delays_samples_and_loses_none() -> None:
    async def main(clock: VirtualClock) -> None:
        async with kit_and_radio() as (kit, radio):
            stream = Stream(radio, kit.assignment["pelvis"])
            await stream.start()
            await asyncio.sleep(1.0)
            kit.air.lose(stream.link.address)
            await asyncio.sleep(1.5)
            kit.air.regain(stream.link.address)
            await asyncio.sleep(1.0)
            await stream.stop()
            assert max(np.diff(stream.arrivals_s)) > 1.4
            assert (np.diff(stream.samples()[0]) == 1).all()
            assert not stream.losses_s
            assert kit.sensors["pelvis"].dropped_samples == 0

    run_virtual(main)


def test_host_that_gives_up_during_a_fade_finds_the_sensor_afterwards() -> None:
    async def main(clock: VirtualClock) -> None:
        async with kit_and_radio() as (kit, radio):
            stream = Stream(radio, kit.assignment["pelvis"])
            await stream.start()
            await asyncio.sleep(0.5)
            kit.air.lose(stream.link.address)
            await asyncio.sleep(0.5)
            await stream.link.disconnect()
            await asyncio.sleep(0.5)
            kit.air.regain(stream.link.address)
            await stream.start()
            await asyncio.sleep(0.5)
            await stream.stop()
            assert not stream.losses_s
            assert (np.diff(stream.samples()[0]) > 1).sum() == 1

    run_virtual(main)


def test_full_ring_drops_the_oldest_counts_them_and_says_so() -> None:
    async def main(clock: VirtualClock) -> None:
        async with kit_and_radio() as (kit, radio):
            stream = Stream(radio, kit.assignment["pelvis"])
            await stream.start()
            await asyncio.sleep(1.0)
            sensor = kit.sensors["pelvis"]
            # Unsubscribed but not stopped: the sensor samples on and nobody takes the samples.
            await stream.link.unsubscribe(profile.STREAM_UUID)
            await asyncio.sleep(15.0)
            assert 450 <= sensor.dropped_samples <= 550
            await stream.link.subscribe(profile.STREAM_UUID, stream._on_packet)
            await asyncio.sleep(1.0)
            await stream.stop()
            seq, _, _ = stream.samples()
            missing = int((np.diff(seq) - 1).sum())
            assert missing == sensor.dropped_samples
            flagged = [packet for packet in stream.packets if decode_packet(packet).flags & 4]
            assert len(flagged) == 1

    run_virtual(main)


def test_stack_that_drops_and_repeats_notifications() -> None:
    async def main(clock: VirtualClock) -> None:
        async with kit_and_radio() as (kit, radio):
            stream = Stream(radio, kit.assignment["pelvis"])
            await stream.start()
            kit.air.drop_notifications(stream.link.address, 3)
            kit.air.repeat_notifications(stream.link.address, 2)
            await asyncio.sleep(2.0)
            await stream.stop()
            seq, _, _ = stream.samples()
            assert seq[0] == 18  # three packets of six were dropped
            assert len(seq) - len(np.unique(seq)) == 12

    run_virtual(main)


def test_unknown_and_absent_addresses() -> None:
    async def main(clock: VirtualClock) -> None:
        async with kit_and_radio() as (kit, radio):
            nobody = radio.link("C4:00:00:00:00:99", lambda: None)
            with pytest.raises(SensorNotFoundError, match="C4:00:00:00:00:99"):
                await nobody.connect(2.0)
            with pytest.raises(SensorLostError, match="not connected"):
                await nobody.read(profile.INFO_UUID)
            # A time-out leaves the controller usable.
            stream = Stream(radio, kit.assignment["pelvis"])
            await stream.start()
            await stream.stop()

    run_virtual(main)


def test_cancelled_connect_leaves_the_radio_usable() -> None:
    async def main(clock: VirtualClock) -> None:
        async with kit_and_radio() as (kit, radio):
            address = kit.assignment["pelvis"]
            kit.air.lose(address)
            connecting = asyncio.create_task(radio.link(address, lambda: None).connect(10.0))
            await asyncio.sleep(1.0)
            connecting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await connecting
            kit.air.regain(address)
            stream = Stream(radio, address)
            await stream.start()
            await stream.stop()

    run_virtual(main)


def test_clock_skew_offset_and_dither_are_those_of_the_sensor() -> None:
    async def main(clock: VirtualClock) -> None:
        async with kit_and_radio(exact=False) as (kit, radio):
            stream = Stream(radio, kit.assignment["thigh_right"])
            await stream.start()
            await asyncio.sleep(60.0)
            await stream.stop()
            decoder = DRIVER.decoder(CONFIG)
            lasts = np.array([decoder.decode(p).device_time_s[-1] for p in stream.packets])
            delay_s = np.array(stream.arrivals_s) - lasts / (1 + 23e-6)
            assert 0.026 < np.ptp(delay_s) < 0.031  # dither of up to 30 ms, and no drift
            slope = np.polyfit(lasts, stream.arrivals_s, 1)[0]
            assert (1 / slope - 1) * 1e6 == pytest.approx(23, abs=15)

    run_virtual(main)


def test_connection_interval_quantises_arrivals() -> None:
    async def main(clock: VirtualClock) -> None:
        async with kit_and_radio(connection_interval_s=0.015) as (kit, radio):
            stream = Stream(radio, kit.assignment["pelvis"])
            await stream.start()
            await asyncio.sleep(5.0)
            await stream.stop()
            phase = np.mod(np.array(stream.arrivals_s) + 1e-9, 0.015)
            assert phase.max() < 1e-6
            assert (np.diff(stream.samples()[0]) == 1).all()

    run_virtual(main)


def test_age_of_packets_lets_the_envelope_see_through_connection_events() -> None:
    """Dither alone cannot: it only makes packets later. With their age some wait for nothing."""

    async def main(clock: VirtualClock) -> tuple[float, float]:
        async with kit_and_radio(exact=False, connection_interval_s=0.015) as (kit, radio):
            streams = await started(kit, radio)
            await asyncio.sleep(60.0)
            errors = []
            for segment, stream in streams.items():
                await stream.stop()
                decoder = DRIVER.decoder(CONFIG)
                by_sample, by_age = ClockMapping(), ClockMapping()
                for packet, arrival_s in zip(stream.packets, stream.arrivals_s, strict=True):
                    block = decoder.decode(packet)
                    assert block.sent_time_s is not None
                    by_sample.add(float(block.device_time_s[-1]), arrival_s)
                    by_age.add(float(block.device_time_s[-1]), arrival_s, block.sent_time_s)
                sensor, now_s = kit.sensors[segment], asyncio.get_running_loop().time()
                device_s = np.array([sensor.clock_us(t) * 1e-6 for t in (now_s - 60, now_s)])
                truth_s = np.array([now_s - 60, now_s])
                errors.append(
                    [m.final_fit().to_recording(device_s) - truth_s for m in (by_sample, by_age)]
                )
        return tuple(np.ptp(np.array(errors), axis=0).max(axis=1))

    by_sample_s, by_age_s = run_virtual(main)
    print(f"sensors differ by {by_sample_s * 1e3:.2f} ms, with age {by_age_s * 1e3:.2f} ms")
    assert by_age_s < 1e-3 < by_sample_s


def test_damaged_packets_are_refused_and_the_decoder_goes_on() -> None:
    async def main(clock: VirtualClock) -> None:
        async with kit_and_radio() as (kit, radio):
            stream = Stream(radio, kit.assignment["pelvis"])
            await stream.start()
            await asyncio.sleep(1.0)
            await stream.stop()
            decoder = DRIVER.decoder(CONFIG)
            good = stream.packets[3]
            decoder.decode(stream.packets[2])
            for bad in (good[:-1], good[:20], good + b"\0", b"", flipped(good, 17)):
                with pytest.raises(ProtocolError):
                    decoder.decode(bad)
            assert decoder.decode(good).first_seq == 18

    def flipped(packet: bytes, place: int) -> bytes:
        return packet[:place] + bytes((packet[place] ^ 4,)) + packet[place + 1 :]

    run_virtual(main)


def test_seven_sensors_at_100_hz_for_a_minute_without_loss() -> None:
    segments = tuple(f"place_{i}" for i in range(7))
    rng = np.random.default_rng(2)
    series = {
        name: ImuSeries(
            np.arange(1000) / 100, rng.uniform(-60, 60, (1000, 3)), rng.uniform(-20, 20, (1000, 3))
        )
        for name in segments
    }

    async def main(clock: VirtualClock) -> tuple[int, int]:
        air = VirtualAir()
        shared = SharedMotion(series, 100.0, at_end="loop")
        sensors = [
            VirtualSensor(
                SensorSpec(name, f"S{i}", f"C4:00:00:00:00:0{i}", skew_ppm=3.0 * i), shared
            )
            for i, name in enumerate(segments)
        ]
        for sensor in sensors:
            await air.hang(sensor)
        radio = await air.radio()
        streams = [Stream(radio, sensor.address) for sensor in sensors]
        for stream in streams:
            await stream.start()
        await asyncio.sleep(60.0)
        for stream in streams:
            await stream.stop()
        n_samples = 0
        for stream, sensor in zip(streams, sensors, strict=True):
            seq, _, _ = stream.samples()
            assert seq[0] == 0
            assert (np.diff(seq) == 1).all()
            assert len(seq) == sensor.sent_samples >= 5990
            n_samples += len(seq)
        await radio.close()
        for sensor in sensors:
            sensor.close()
        await air.close()
        return n_samples, sum(len(stream.packets) for stream in streams)

    began = time.perf_counter()
    n_samples, n_packets = run_virtual(main)
    print(f"{n_samples} samples, {n_packets} packets in {time.perf_counter() - began:.2f} s")


def test_same_run_twice_is_the_same() -> None:
    async def main(clock: VirtualClock) -> list[tuple[float, bytes]]:
        async with kit_and_radio() as (kit, radio):
            streams = await started(kit, radio)
            await asyncio.sleep(3.0)
            return [
                arrival
                for stream in streams.values()
                for arrival in zip(stream.arrivals_s, stream.packets, strict=True)
            ]

    assert run_virtual(main) == run_virtual(main)


def test_simulated_person_wears_the_kit() -> None:
    person = virtual_person("walk", 0.1, seed=3)

    async def main(clock: VirtualClock) -> None:
        async with kit_and_radio(source=person, exact=False) as (kit, radio):
            assert tuple(kit.assignment) == ("pelvis", "thigh_left", "thigh_right")
            streams = await started(kit, radio)
            await asyncio.sleep(5.0)  # the person still stands in the N-pose
            for stream in streams.values():
                await stream.stop()
                _, _, values = stream.samples()
                assert np.linalg.norm(values[:, :3], axis=1).mean() == pytest.approx(9.8, abs=0.5)
                assert np.abs(values[:, 3:]).mean() < 0.2

    run_virtual(main)


def test_port_that_is_taken() -> None:
    async def main() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            air = VirtualAir()
            with pytest.raises(BluetoothUnavailableError, match=f"tcp-server:127.0.0.1:{port}"):
                await air.serve_hci(f"tcp-server:127.0.0.1:{port}")
            with pytest.raises(ConfigError, match="nonsense"):
                await air.serve_hci("nonsense:1")
            await air.close()

    asyncio.run(main())


@pytest.mark.realtime
def test_served_replay_is_reached_like_any_controller(tmp_path: Path) -> None:
    saved = motion(400, ("pelvis", "thigh_left")).save(tmp_path / "walk.h5")

    async def main() -> None:
        listening: asyncio.Future[tuple[VirtualKit, str]] = asyncio.Future()
        until = asyncio.Event()
        service = asyncio.create_task(
            serve(
                "tcp-server:127.0.0.1:0",
                replay=saved,
                start_s=1.0,
                begin="first",
                on_ready=lambda kit, place: listening.set_result((kit, place)),
                until=until,
            )
        )
        kit, place = await listening
        assert kit.motion.n_samples == 300
        radio = await open_radio("hci:" + place.replace("tcp-server", "tcp-client"))
        stream = Stream(radio, kit.assignment["thigh_left"])
        await stream.start()
        await asyncio.sleep(1.5)
        await stream.stop()
        await radio.close()
        until.set()
        await service
        seq, _, values = stream.samples()
        assert seq[0] == 0
        acc = motion(400, ("pelvis", "thigh_left")).sensors["thigh_left"].acc[100:]
        np.testing.assert_allclose(values[:100, :3], acc[[0] * 100], atol=0.0025)
        np.testing.assert_allclose(values[100:, :3], acc[: len(seq) - 100], atol=0.0025)
        assert len(seq) > 120

    asyncio.run(main())


CHILD = """
import asyncio
import numpy as np
from imuhip.recording.session import Recording
from imuhip.simulation.kit import open_virtual_kit
rng = np.random.default_rng(1)
source = Recording.from_arrays(rate_hz=100.0, sensors={
    s: {"acc": rng.uniform(-60, 60, (3000, 3)), "gyr": rng.uniform(-20, 20, (3000, 3))}
    for s in ("pelvis", "thigh_left", "thigh_right")})
async def main():
    kit = await open_virtual_kit(source)
    print(await kit.air.serve_hci("tcp-server:127.0.0.1:0"), flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


@pytest.mark.realtime
def test_sensors_in_another_process_over_tcp() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], stdout=subprocess.PIPE, text=True
    ) as child:
        try:
            assert child.stdout is not None
            place = child.stdout.readline().strip().replace("tcp-server", "tcp-client")
            asyncio.run(
                _use_other_process(f"hci:{place}", lambda: os.kill(child.pid, signal.SIGKILL))
            )
        finally:
            child.kill()


async def _use_other_process(spec: str, kill: Callable[[], None]) -> None:
    # A first host that goes away without a word must not keep the sensors from the next one.
    abandoned = await open_radio(spec)
    seen = await abandoned.scan(5.0, stop_when=lambda found: len(found) == 3)
    await abandoned.link(sorted(seen)[0], lambda: None).connect(5.0)
    await abandoned.close()

    radio = await open_radio(spec)
    seen = await radio.scan(5.0, stop_when=lambda found: len(found) == 3)
    assert len(seen) == 3
    streams = [Stream(radio, address) for address in seen]
    for stream in streams:
        await stream.start()
    await asyncio.sleep(1.0)
    for stream in streams:
        seq, _, _ = stream.samples()
        assert len(seq) > 60
        assert (np.diff(seq) == 1).all()
    with pytest.raises(BluetoothUnavailableError, match="another program may be using it"):
        await open_radio(spec)
    kill()
    async with asyncio.timeout(5.0):
        for stream in streams:
            await stream.lost.wait()
    with pytest.raises(BluetoothUnavailableError, match="gone"):
        await radio.scan(1.0)
    with pytest.raises(BluetoothUnavailableError, match="gone"):
        await streams[0].link.connect(1.0)
    await radio.close()
