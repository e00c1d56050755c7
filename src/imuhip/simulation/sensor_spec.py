"""Who a virtual sensor is: what makes one differ from another."""

from __future__ import annotations

from dataclasses import dataclass

from imuhip.sensors.imuhip_v1 import profile

__all__ = ["SensorSpec"]


@dataclass(frozen=True)
class SensorSpec:
    """What makes one virtual sensor different from another.

    Parameters
    ----------
    segment : str
        Where the simulated person wears it.
    serial : str
        Its serial number string.
    address : str
        Its Bluetooth address, static random (``"C0:..."`` to ``"FF:..."``).
    skew_ppm : float
        How much faster than true its clock runs.
    clock_offset_s : float
        What its clock shows when it is put on the air.
    battery_percent : int
        Charge when it is put on the air; one percent goes every six minutes of streaming.
    largest_mtu : int
        Largest ATT MTU it agrees to.
    back_fills : bool
        Whether its ring can be asked for what got lost, as of version 1.1 of the protocol.
    tells_clock : bool
        Whether it answers the question for its clock, as of version 1.1.
    switches_off : bool
        Whether it can be switched off over the air, as of version 1.1.
    bonds : bool
        Whether it talks only over a link encrypted with a bond, as of version 1.2.
    """

    segment: str
    serial: str
    address: str
    skew_ppm: float = 0.0
    clock_offset_s: float = 0.0
    battery_percent: int = 87
    largest_mtu: int = 247
    back_fills: bool = False
    tells_clock: bool = False
    switches_off: bool = False
    bonds: bool = False

    @property
    def name(self) -> str:
        """Return the advertised name: the model and the end of the address."""
        return profile.ADVERTISED_NAME_PREFIX + self.address.replace(":", "")[-4:].upper()
