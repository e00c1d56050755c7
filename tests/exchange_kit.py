"""Small logs in the shape of other makers' files, and ways to spoil them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from imuhip.core.quaternion import from_rotation_vector

RATE_HZ = 60
TICK_US = 16667
DOT_HEAD = (
    "sep=,\nDeviceTag:,{tag}\nFirmwareVersion:,2.0.0\nAppVersion:,2021.0\nSyncStatus:,{sync}\n"
    "OutputRate:,60Hz\nFilterProfile:,General\nMeasurement Mode:,{mode}\n"
    "StartTime: ,2021-08-20_20:21:13_829 GMT+8\n© Xsens Technologies B. V. 2005-2021\n\n"
)
DOT_ORIENTATION = "Quat_W,Quat_X,Quat_Y,Quat_Z,FreeAcc_X,FreeAcc_Y,FreeAcc_Z"
DOT_INERTIAL = "Acc_X,Acc_Y,Acc_Z,Gyr_X,Gyr_Y,Gyr_Z"


def turning(n_samples: int, rate_hz: float = RATE_HZ) -> tuple[np.ndarray, np.ndarray]:
    """Return the orientation (n, 4) and turn rate (n, 3) of a sensor that rocks about one axis."""
    time_s = np.arange(n_samples) / rate_hz
    axis = np.array([0.6, 0.0, 0.8])
    angle, speed = 0.8 * np.sin(4.0 * time_s), 3.2 * np.cos(4.0 * time_s)
    return from_rotation_vector(angle[:, None] * axis), speed[:, None] * axis


def dot_text(
    values: np.ndarray,
    columns: str,
    *,
    tag: str = "zdt",
    sync: str = "Synced",
    first_tick: int = 3343427885,
    keep: np.ndarray | None = None,
) -> str:
    """Return a DOT log of values (n, k); `keep` leaves packets out."""
    number = np.arange(len(values))
    chosen = np.ones(len(values), bool) if keep is None else keep
    rows = [
        f"{n + 1},{(first_tick + n * TICK_US) % (1 << 32)},"
        + ",".join(f"{v:.6f}" for v in values[n])
        + ",0"
        for n in number[chosen]
    ]
    head = DOT_HEAD.format(tag=tag, sync=sync, mode="test")
    return head + f"PacketCounter,SampleTimeFine,{columns},Status\n" + "\n".join(rows)


def inertial(n_samples: int = 120, rate_hz: float = RATE_HZ) -> np.ndarray:
    """Return acceleration in m/s² and turn rate in deg/s (n, 6), every row another."""
    time_s = np.arange(n_samples) / rate_hz
    acc = np.stack([np.sin(time_s), np.cos(time_s), 9.81 + 0.01 * time_s], axis=1)
    return np.concatenate([acc, 50.0 * acc[:, ::-1]], axis=1)


def movesense_notifications(
    n_samples: int, *, mag: bool = True, at_once: int = 8, first_ms: int = 158_319
) -> list[dict[str, object]]:
    """Return what a Movesense sensor says of `inertial` at 104 Hz, notification by notification."""
    values = inertial(n_samples, 104.0)
    signals = {"ArrayAcc": values[:, :3], "ArrayGyro": values[:, 3:]}
    if mag:
        signals["ArrayMagn"] = 3.0 * values[:, :3]
    return [
        {
            **{
                name: [dict(zip("xyz", row, strict=True)) for row in rows[k : k + at_once].tolist()]
                for name, rows in signals.items()
            },
            "Timestamp": (first_ms + round(k / 0.104)) % (1 << 32),
        }
        for k in range(0, n_samples, at_once)
    ]


def movesense_json(n_samples: int, **options: object) -> str:
    """Return a log of the sensor's data logger."""
    return json.dumps({"Meas": {"IMU9": movesense_notifications(n_samples, **options)}})


def movesense_csv(n_samples: int, *, mag: bool = False) -> str:
    """Return a log of the showcase app, whose header names a magnetometer in any case."""
    values = inertial(n_samples, 104.0)
    values = np.hstack([values, 3.0 * values[:, :3]]) if mag else values
    rows = [
        ",".join([str(158_319 + round(k / 0.104)), *(f"{v:.6f}" for v in row)])
        for k, row in enumerate(values)
    ]
    names = [f"{signal}{axis}" for signal in ("Acc", "Gyro", "Magn") for axis in "XYZ"]
    return "\n".join([",".join(["Timestamp", *names]), *rows])


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
