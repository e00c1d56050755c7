"""Giving up while sensors are being connected, in any round of the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future

import pytest

from acquisition_kit import noise_motion
from imuhip.acquisition import blocking
from imuhip.acquisition.blocking import Acquisition
from imuhip.acquisition.engine import Engine
from imuhip.errors import DeviceError
from imuhip.simulation.kit import open_virtual_kit
from virtual_time import VirtualClock, VirtualTimeLoop, run_virtual

PERSON = noise_motion(("pelvis", "thigh_left"), 1.0)
CLOSING_S = 3.0
"""Two sensors are told to stop and are disconnected."""


class _CountingLoop(VirtualTimeLoop):
    """Calls back in a round counted from now, together with whatever happens in that round."""

    rounds_left = 0
    call_back: Callable[[], object]

    def _run_once(self) -> None:
        if self.rounds_left > 0:
            self.rounds_left -= 1
            if self.rounds_left == 0:
                self.call_soon(self.call_back)
        super()._run_once()


def _given_up_in_round(number: int) -> bool:
    """Cancel connecting in that round, then close; return whether it was still connecting."""

    async def main(clock: VirtualClock) -> bool:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, _CountingLoop)
        kit = await open_virtual_kit(PERSON, exact=True)
        engine = Engine(await kit.radio(), clock)
        connecting = asyncio.create_task(engine.connect(kit.assignment))
        loop.call_back, loop.rounds_left = connecting.cancel, number
        outcomes = await asyncio.gather(connecting, return_exceptions=True)
        loop.rounds_left = 0
        began_s = loop.time()
        async with asyncio.timeout(CLOSING_S):
            await engine.close()
        assert loop.time() - began_s < CLOSING_S
        await kit.close()
        assert outcomes[0] is None or isinstance(outcomes[0], asyncio.CancelledError)
        return outcomes[0] is not None

    return run_virtual(main, make_loop=_CountingLoop)


def test_connecting_can_be_given_up_in_any_round_of_the_loop():
    # An answer and the cancellation in the same round is what asyncio.wait_for gets wrong.
    n_given_up = 0
    for number in range(1, 2000, 9):
        if not _given_up_in_round(number):
            break
        n_given_up += 1
    assert n_given_up > 30


def test_a_radio_that_does_not_let_go_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(blocking, "CLOSE_TIMEOUT_S", 0.05)
    held: Future[None] = Future()

    class Stubborn:
        name = "stubborn"

        async def close(self) -> None:
            await asyncio.wrap_future(held)

    async def make() -> Stubborn:
        return Stubborn()

    acquisition = Acquisition(make)
    with pytest.raises(DeviceError, match=r"not released within 0\.05 s"):
        acquisition.close()
