"""Every error imuhip raises on purpose, in one tree.

::

    ImuhipError                        base: message, hint (what to do next), code
    ├── ConfigError             E1xx   an option, settings or protocol file cannot be used
    ├── DeviceError             E2xx   something about Bluetooth or a sensor
    │   ├── BluetoothUnavailableError  no adapter, switched off, no permission
    │   ├── SensorNotFoundError        not seen while scanning
    │   ├── ConnectError               seen, but the connection or its set-up failed
    │   │   ├── NotOfferedError        it has no such characteristic, or refuses it
    │   │   ├── WrongSensorError       another sensor where a known one was expected
    │   │   └── BondError              the link cannot be protected with the sensor's bond
    │   └── SensorLostError            was connected, and is gone
    ├── ProtocolError           E3xx   bytes from a sensor that do not follow its protocol
    ├── RecordingError          E4xx   session files
    │   ├── UnfinishedRecordingError   the recording process died; `imuhip recover` helps
    │   ├── FileFormatError            not one of our files, damaged, or from a newer imuhip
    │   └── DiskError                  the disk is full or refuses to write
    ├── CalibrationError        E5xx   no usable pose or movement
    ├── AnalysisError           E6xx   the data do not allow the answer asked for
    ├── ExchangeError           E70x   import or export
    └── PersonError             E72x   people and their names, as this computer keeps them

Programming mistakes (a wrong shape or type handed to a function) are ``ValueError`` and
``TypeError``. Data faults in a running acquisition are never exceptions: they are counted.
"""

from __future__ import annotations

__all__ = [
    "AnalysisError",
    "BluetoothUnavailableError",
    "BondError",
    "CalibrationError",
    "ConfigError",
    "ConnectError",
    "DeviceError",
    "DiskError",
    "ExchangeError",
    "FileFormatError",
    "ImuhipError",
    "NotOfferedError",
    "PersonError",
    "ProtocolError",
    "RecordingError",
    "SensorLostError",
    "SensorNotFoundError",
    "UnfinishedRecordingError",
    "WrongSensorError",
]


class ImuhipError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    message : str
        What failed, with the value found and the limit it broke.
    hint : str, optional
        What the person in front of the screen can do next.
    code : str, optional
        Stable identifier such as ``"E203"``; the default is the class's own.

    Examples
    --------
    A caller who wants one place for everything::

        try:
            recording = imuhip.open("walk.h5")
        except imuhip.ImuhipError as error:
            print(error, error.hint)
    """

    default_code = "E000"

    def __init__(self, message: str, *, hint: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.default_code


class ConfigError(ImuhipError):
    """An option, a settings file or a protocol file cannot be used."""

    default_code = "E100"


class DeviceError(ImuhipError):
    """Something about Bluetooth or a sensor."""

    default_code = "E200"


class BluetoothUnavailableError(DeviceError):
    """No adapter, an adapter switched off, or no permission to use it."""

    default_code = "E201"


class SensorNotFoundError(DeviceError):
    """A wanted sensor was not seen while scanning."""

    default_code = "E203"


class ConnectError(DeviceError):
    """A sensor was seen, but connecting or configuring it failed."""

    default_code = "E204"


class NotOfferedError(ConnectError):
    """A sensor has no such characteristic or refuses it: asking again would change nothing."""

    default_code = "E208"


class WrongSensorError(ConnectError):
    """Where a known sensor was expected another one answered, by its serial number."""

    default_code = "E206"


class BondError(ConnectError):
    """A sensor does not hold the key of its bond, or none could be agreed on."""

    default_code = "E207"


class SensorLostError(DeviceError):
    """A sensor that was connected is gone."""

    default_code = "E205"


class ProtocolError(ImuhipError):
    """Bytes from a sensor that do not follow its protocol."""

    default_code = "E300"


class RecordingError(ImuhipError):
    """Something about a session file."""

    default_code = "E400"


class UnfinishedRecordingError(RecordingError):
    """The file was never closed: the process that wrote it died, or is still writing."""

    default_code = "E401"


class FileFormatError(RecordingError):
    """Not a session file, a damaged one, or one written by a newer imuhip."""

    default_code = "E402"


class DiskError(RecordingError):
    """The disk is full or refuses to write."""

    default_code = "E403"


class CalibrationError(ImuhipError):
    """No usable pose or movement to align the sensors to the body."""

    default_code = "E500"


class AnalysisError(ImuhipError):
    """The data do not allow the answer asked for."""

    default_code = "E600"


class ExchangeError(ImuhipError):
    """An import or an export failed."""

    default_code = "E700"


class PersonError(ImuhipError):
    """A person's code, file or name cannot be used."""

    default_code = "E720"
