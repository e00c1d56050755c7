"""Several adapters as one radio: each keeps fewer sensors than it could lose.

Adapters manage three to seven connections. All of them listen; a sensor is given to the one with
the fewest, among those that hear it, and stays with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from weakref import WeakSet

from imuhip.core.link import Advertisement, Link, Radio

__all__ = ["SeveralRadios"]


class SeveralRadios:
    """A `imuhip.core.link.Radio` made of others.

    Parameters
    ----------
    radios : sequence of Radio
        At least one; closed together with this.
    """

    def __init__(self, radios: Sequence[Radio]) -> None:
        if not radios:
            raise ValueError("Expected at least one radio, got none")
        self._radios = tuple(radios)
        self._links: list[WeakSet[Link]] = [WeakSet() for _ in radios]
        self._heard: dict[str, set[int]] = {}

    @property
    def name(self) -> str:
        """Return the names of all."""
        return ",".join(radio.name for radio in self._radios)

    @property
    def links_per_radio(self) -> tuple[int, ...]:
        """Return how many links each was asked for, of those still in use."""
        return tuple(map(len, self._links))

    async def scan(
        self,
        timeout_s: float,
        *,
        on_seen: Callable[[Advertisement], None] | None = None,
        stop_when: Callable[[Mapping[str, Advertisement]], bool] | None = None,
    ) -> dict[str, Advertisement]:
        """Listen on all at once and return the newest advertisement of each address.

        Raises
        ------
        BluetoothUnavailableError
            When one of them cannot be used.
        """
        seen: dict[str, Advertisement] = {}

        def heard_by(number: int) -> Callable[[Mapping[str, Advertisement]], bool]:
            def look(found: Mapping[str, Advertisement]) -> bool:
                for address, advertisement in found.items():
                    self._heard.setdefault(address.upper(), set()).add(number)
                    seen[address] = advertisement
                return stop_when is not None and stop_when(seen)

            return look

        scans = [
            asyncio.create_task(radio.scan(timeout_s, on_seen=on_seen, stop_when=heard_by(number)))
            for number, radio in enumerate(self._radios)
        ]
        try:
            await asyncio.gather(*scans)
        finally:
            for scan in scans:
                scan.cancel()
            await asyncio.gather(*scans, return_exceptions=True)
        return seen

    def link(self, address: str, on_lost: Callable[[], None]) -> Link:
        """Return an unconnected link of the adapter with the fewest that hears the sensor."""
        hearing = self._heard.get(address.upper()) or range(len(self._radios))
        number = min(sorted(hearing), key=lambda k: len(self._links[k]))
        link = self._radios[number].link(address, on_lost)
        self._links[number].add(link)
        return link

    async def close(self) -> None:
        """Release all of them, whatever one says."""
        ends = await asyncio.gather(
            *(radio.close() for radio in self._radios), return_exceptions=True
        )
        for end in ends:
            if isinstance(end, BaseException):
                raise end
