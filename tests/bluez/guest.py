"""What runs in the virtual machine: three virtual sensors, and ``imuhip`` on its Bluetooth.

The sensors' own central controller is attached to ``/dev/vhci``, where the kernel takes it for an
adapter. ``imuhip scan`` and ``imuhip record`` are processes of their own and know nothing of that.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from acquisition_kit import noise_motion
from imuhip.simulation.kit import DEFAULT_SEGMENTS, VirtualKit, open_virtual_kit

__all__ = ["LOST_SEGMENT", "source"]

_MOTION_S = 20.0
LOST_SEGMENT = "thigh_left"
_LOST_AT_S = 5.0
_AWAY_S = 2.0
"""After the link broke, during which the recorder looks in vain."""
_ENTRY = "from imuhip.cli.main import run; run()"
_ATTEMPTS = 4
_ADAPTER_S = 12.0
_ANSWER_S = 90.0
_REST_S = 2.0


def source() -> Any:
    """Return what the sensors feel: every sample of every sensor differs from all others."""
    return noise_motion(DEFAULT_SEGMENTS, _MOTION_S)


class Command:
    """``imuhip ARGUMENTS`` as a process, whose words can be waited for."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._lines: asyncio.Queue[str] = asyncio.Queue()
        self.said: list[str] = []
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, *arguments: str) -> Command:
        """Start it."""
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                *("-u", "-c", _ENTRY, *arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd="/var/tmp",
            )
        )

    async def until(self, matches: Callable[[str], bool]) -> None:
        """Wait for a line on stderr."""
        async with asyncio.timeout(_ANSWER_S):
            while not matches(await self._lines.get()):
                pass

    async def ended(self, *, interrupt: bool = False) -> tuple[int, str]:
        """Return exit code and stdout, after Ctrl-C if asked for."""
        if interrupt:
            self._process.send_signal(2)
        assert self._process.stdout is not None
        async with asyncio.timeout(_ANSWER_S):
            out = await self._process.stdout.read()
            await self._reading
            return await self._process.wait(), out.decode()

    async def _read(self) -> None:
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            text = line.decode().rstrip()
            self.said.append(text)
            self._lines.put_nowait(text)
            _tell(f"  | {text}")


async def _act(out: Path) -> dict[str, Any]:
    kit = await _attached_kit()
    try:
        facts: dict[str, Any] = {"scan": await _scan()}
        facts |= await _record(kit)
    finally:
        await kit.close()
    shutil.copy("/var/tmp/session.h5", out / "session.h5")
    return facts


async def _attached_kit() -> VirtualKit:
    """Put the sensors on the air, and their controller before the kernel.

    The kernel waits two seconds for an answer to its first command and then gives the controller
    up; on a busy computer the machine's Python may take longer, so it is offered another one.
    """
    for _ in range(_ATTEMPTS):
        kit = await open_virtual_kit(source(), begin="explicit", exact=True, back_fills=True)
        await kit.air.serve_hci("vhci")
        _tell("the sensors are on the air")
        if await _has_adapter():
            return kit
        await kit.close()
    raise TimeoutError("bluetoothd found no adapter")


async def _has_adapter() -> bool:
    """Return whether bluetoothd switches the adapter on."""
    from bleak import BleakScanner
    from bleak.exc import BleakError

    deadline_s = time.monotonic() + _ADAPTER_S
    while time.monotonic() < deadline_s:
        try:
            async with BleakScanner():
                return True
        except (BleakError, OSError):
            await asyncio.sleep(0.5)
    return False


async def _scan() -> Any:
    command = await Command.start("scan", "--seconds", "5", "--json")
    code, out = await command.ended()
    assert code == 0, command.said
    return json.loads(out)


async def _record(kit: VirtualKit) -> dict[str, Any]:
    worn = [f"--assign={segment}={address}" for segment, address in kit.assignment.items()]
    began_s = time.monotonic()
    command = await Command.start("record", *worn, "--out", "/var/tmp/session.h5", "--json")
    await command.until(lambda line: line.startswith("recording into"))
    facts: dict[str, Any] = {"connect_s": time.monotonic() - began_s}
    kit.begin()
    _tell("the motion begins")
    await asyncio.sleep(_LOST_AT_S)
    facts |= await _lose_and_regain(kit)
    await kit.finished()
    await asyncio.sleep(_REST_S)
    facts["sent"] = {segment: sensor.sent_samples for segment, sensor in kit.sensors.items()}
    code, out = await command.ended(interrupt=True)
    await asyncio.sleep(_REST_S)
    facts["left_connected"] = [s for s, one in kit.sensors.items() if one.port.is_connected]
    return {**facts, "exit_code": code, "result": json.loads(out), "said": command.said}


async def _lose_and_regain(kit: VirtualKit) -> dict[str, float]:
    sensor = kit.sensors[LOST_SEGMENT]
    kit.air.lose(sensor.address)
    lost_s = time.monotonic()
    await _until(lambda: not sensor.port.is_connected)
    broken_after_s = time.monotonic() - lost_s
    _tell("the link is broken")
    await asyncio.sleep(_AWAY_S)
    sent = sensor.sent_samples
    kit.air.regain(sensor.address)
    back_s = time.monotonic()
    await _until(lambda: sensor.sent_samples > sent)
    _tell("the lost sensor streams again")
    return {"broken_after_s": broken_after_s, "streams_after_s": time.monotonic() - back_s}


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(_ANSWER_S):
        while not is_so():  # noqa: ASYNC110  # nobody tells; the machine is slow anyway
            await asyncio.sleep(0.05)


def _tell(text: str) -> None:
    print(f"{time.monotonic():7.1f} s  {text}", flush=True)


def main() -> None:
    """Act, and leave what happened in the shared folder."""
    out = Path(sys.argv[1])
    facts = asyncio.run(_act(out))
    (out / "facts.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
