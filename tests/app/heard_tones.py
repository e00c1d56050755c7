"""A speaker that notes what it was told to sound."""

from __future__ import annotations


class Heard:
    """Stands where the computer's sound would: that tests are quiet, and hear everything."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def hold(self, wanted: bool) -> None:
        self.told.append(wanted)

    def blip(self, times: int = 1) -> None:
        self.told.append(times)

    def close(self) -> None:
        self.told.append("closed")
