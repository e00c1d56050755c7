"""Tones from the computer's own sound, by miniaudio: no system package, no file, no waiting.

The device asks for samples on a thread of its own every 20 ms; what is to sound is told by plain
attributes. So a tone begins at most two such periods after it was asked for, beside what the
system's mixer adds.
"""

from __future__ import annotations

import importlib
from collections.abc import Generator
from typing import Any, Final

import numpy as np

from imuhip.app.models import wording_move
from imuhip.core.series import FloatArray
from imuhip.errors import ConfigError

__all__ = ["PERIOD_MS", "RATE_HZ", "DeviceSpeaker", "ToneMaker", "open_speaker"]

RATE_HZ: Final = 44_100
PERIOD_MS: Final = 20
_HOLD_HZ, _BLIP_HZ = 440.0, 880.0
_BLIP_S, _PAUSE_S = 0.09, 0.07
_LOUDNESS: Final = 0.25
_RAMP_S: Final = 0.008
"""A tone that begins at once clicks."""
_FULL: Final = 32767


class ToneMaker:
    """Makes samples: a held tone, short ones over it.

    Told by one thread and asked by another; each attribute is set in one step and read in one.
    """

    def __init__(self) -> None:
        self.holds = False
        self._waiting: list[FloatArray] = []
        self._blip: FloatArray = np.empty(0)
        self._loudness = 0.0
        self._turns = 0.0

    def blip(self, times: int) -> None:
        """Let short tones follow what still sounds."""
        self._waiting.append(_blips(times))

    def samples(self, n: int) -> bytes:
        """Return the next `n` samples, 16 bit."""
        sound = self._held(n)
        if len(self._blip) == 0 and self._waiting:
            self._blip = self._waiting.pop(0)
        part = min(n, len(self._blip))
        sound[:part] += self._blip[:part]
        self._blip = self._blip[part:]
        return np.asarray(np.clip(sound, -1.0, 1.0) * _FULL, dtype="<i2").tobytes()

    def _held(self, n: int) -> FloatArray:
        wanted = _LOUDNESS if self.holds else 0.0
        step = _LOUDNESS / (_RAMP_S * RATE_HZ)
        rise = self._loudness + np.sign(wanted - self._loudness) * step * np.arange(1, n + 1)
        low, high = sorted((self._loudness, wanted))
        loudness = np.clip(rise, low, high)
        turns = self._turns + _HOLD_HZ / RATE_HZ * np.arange(1, n + 1)
        self._loudness, self._turns = float(loudness[-1]), float(turns[-1] % 1.0)
        return np.asarray(loudness * np.sin(2 * np.pi * turns))


class DeviceSpeaker:
    """The computer's sound.

    Parameters
    ----------
    backends : sequence, optional
        Of miniaudio; by default the system's.
    """

    def __init__(self, backends: Any = None) -> None:
        miniaudio = importlib.import_module("miniaudio")
        self.maker = ToneMaker()
        self._device = miniaudio.PlaybackDevice(
            output_format=miniaudio.SampleFormat.SIGNED16,
            nchannels=1,
            sample_rate=RATE_HZ,
            buffersize_msec=PERIOD_MS,
            backends=backends,
            app_name="imuhip",
        )
        self.backend: str = self._device.backend
        stream = self._stream()
        next(stream)
        self._device.start(stream)

    def _stream(self) -> Generator[bytes, int, None]:
        n = yield b""
        while True:
            n = yield self.maker.samples(n)

    def hold(self, wanted: bool) -> None:
        """Let the tone sound until told otherwise."""
        self.maker.holds = wanted

    def blip(self, times: int = 1) -> None:
        """Let short tones sound once."""
        self.maker.blip(times)

    def close(self) -> None:
        """End the device's thread."""
        self._device.close()


def open_speaker() -> DeviceSpeaker:
    """Open the computer's sound; may take a second.

    Raises
    ------
    ConfigError
        When miniaudio is not installed, or the computer has no sound (E744).
    """
    try:
        miniaudio = importlib.import_module("miniaudio")
    except ImportError as error:
        raise ConfigError(f"{error}", hint=wording_move.TONE_NOT_INSTALLED, code="E744") from error
    # Its silent backend always works: a tone nobody can hear would be a lie.
    silent = (miniaudio.Backend.NULL, miniaudio.Backend.CUSTOM)
    heard = [backend for backend in miniaudio.Backend if backend not in silent]
    try:
        return DeviceSpeaker(heard)
    except miniaudio.MiniaudioError as error:
        told = wording_move.TONE_NO_DEVICE.format(why=error.args[0])
        raise ConfigError(told, code="E744") from error


def _blips(times: int) -> FloatArray:
    n, pause = round(_BLIP_S * RATE_HZ), round(_PAUSE_S * RATE_HZ)
    ramp = np.minimum(1.0, np.minimum(np.arange(n), np.arange(n)[::-1]) / (_RAMP_S * RATE_HZ))
    one = _LOUDNESS * ramp * np.sin(2 * np.pi * _BLIP_HZ / RATE_HZ * np.arange(n))
    return np.tile(np.concatenate([one, np.zeros(pause)]), times)
