"""From ``--radio`` to a radio, and for ``sim`` to the virtual sensors it reaches."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from imuhip.core.link import Radio
    from imuhip.recording.session import Recording
    from imuhip.simulation.kit import VirtualKit

__all__ = ["OpenRadio", "open_for", "opened_radio"]


@dataclass(frozen=True, slots=True)
class OpenRadio:
    """A radio, and the virtual kit behind it when there is one."""

    radio: Radio
    kit: VirtualKit | None = None

    async def close(self) -> None:
        """Release both."""
        try:
            await self.radio.close()
        finally:
            if self.kit is not None:
                await self.kit.close()


async def open_for(
    spec: str,
    person: Recording | None = None,
    *,
    begin: Literal["all", "first", "explicit"] = "all",
) -> OpenRadio:
    """Open what ``--radio`` asks for.

    Parameters
    ----------
    spec : str
        ``"auto"``, ``"sim"`` or ``"hci:TRANSPORT"``.
    person : Recording, optional
        What the virtual sensors of ``"sim"`` measure; by default a person who walks.
    begin : {"all", "first", "explicit"}
        When that motion begins.

    Raises
    ------
    ConfigError, BluetoothUnavailableError
        When there is no such radio.
    """
    if spec != "sim":
        from imuhip.cli.kit_memory import bond_file
        from imuhip.radio.open_radio import open_radio

        return OpenRadio(await open_radio(spec, bonds=bond_file()))
    from imuhip.simulation.kit import open_virtual_kit

    # A simulated person wears real clocks: that is what the clock mapping is for.
    kit = await open_virtual_kit(
        person, begin=begin, exact=False, back_fills=True, tells_clock=True
    )
    try:
        return OpenRadio(await kit.radio(), kit)
    except BaseException:
        await kit.close()
        raise


@asynccontextmanager
async def opened_radio(spec: str) -> AsyncIterator[OpenRadio]:
    """Open a radio and release it afterwards."""
    opened = await open_for(spec)
    try:
        yield opened
    finally:
        await opened.close()
