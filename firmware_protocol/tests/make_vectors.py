"""Writes vectors.h from ../vectors/*.json, so that a C compiler alone can check the core.

Run it after changing a vector: ``python firmware_protocol/tests/make_vectors.py``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CHANNELS = {"control": 3, "stream": 4, "back-fill": 5, "sync": 6}
Case = dict[str, Any]


def cases(name: str, kind: str | None = None) -> list[Case]:
    """Return the good cases of a vector file."""
    text = (HERE.parent / "vectors" / f"{name}.json").read_text(encoding="utf-8")
    return [
        case
        for case in json.loads(text)["cases"]
        if "error" not in case and (kind is None or case["kind"] == kind)
    ]


def braced(values: Any) -> str:
    """Return a C initialiser."""
    if isinstance(values, (list, tuple, bytes)):
        return "{" + ", ".join(braced(value) for value in values) + "}"
    return json.dumps(values)


def padded(text: str) -> bytes:
    """Return the bytes of hexadecimal text; C has no empty initialiser."""
    return bytes.fromhex(text) or bytes(1)


def table(struct: str, name: str, rows: list[tuple[Any, ...]]) -> str:
    """Return a C array of a struct declared in test_core.c."""
    body = "\n".join(f"    {braced(row)}," for row in rows)
    return f"static const struct {struct} {name}[] = {{\n{body}\n}};\n"


def header() -> str:
    """Return the text of vectors.h."""
    streams = [
        (
            case["name"], bytes.fromhex(case["hex"]), len(case["hex"]) // 2, case["seq"],
            case["time_us"], case["dt_us"], case["age_us"], case["flags"],
            len(case["counts"]), [count for row in case["counts"] for count in row],
        )
        for case in cases("stream")
    ]  # fmt: skip
    infos = [
        (
            case["name"], bytes.fromhex(case["hex"]), len(case["hex"]) // 2, case["minor"],
            case["firmware"], bytes.fromhex(case["unique_id"]), case["capabilities"],
            case["clock_hz"], case["acc_range_g"], case["gyr_range_dps"], len(case["rates_hz"]),
            case["rates_hz"],
        )
        for case in cases("info")
    ]  # fmt: skip
    settings = [
        (
            case["name"], bytes.fromhex(case["hex"]),
            [
                case["rate_hz"], case["acc_range_g"], case["gyr_range_dps"], case["fields"],
                case["batch_samples"], case["dither_ms"],
            ],
        )
        for case in cases("control", "settings")
    ]  # fmt: skip
    replies = [
        (case["name"], bytes.fromhex(case["hex"]), case["id"], case["received_us"], case["sent_us"])
        for case in cases("sync", "reply")
    ]
    requests = [
        (case["name"], bytes.fromhex(case["hex"]), case["id"]) for case in cases("sync", "request")
    ]
    ranges = [
        (case["name"], bytes.fromhex(case["hex"]), case["first"], case["count"])
        for case in cases("back_fill")
    ]
    exchanges = [
        (
            case["name"], case["mtu"], case["capabilities"], case["protected"],
            sum(1 << CHANNELS[name] for name in case["subscribed"]), len(case["steps"]),
            [
                (
                    len(step["write"]) // 2, padded(step["write"]), step.get("att", 0),
                    len(step.get("indicated", "")) // 2, padded(step.get("indicated", "")),
                )
                for step in case["steps"]
            ],
        )
        for case in cases("exchanges")
    ]  # fmt: skip
    tables = (
        table("stream_case", "stream_cases", streams),
        table("info_case", "info_cases", infos),
        table("config_case", "config_cases", settings),
        table("sync_reply_case", "sync_reply_cases", replies),
        table("sync_request_case", "sync_request_cases", requests),
        table("range_case", "range_cases", ranges),
        table("exchange_case", "exchange_cases", exchanges),
    )
    head = "/* Made by make_vectors.py from ../vectors/ (JSON); not to be edited. */\n"
    return head + "\n" + "\n".join(tables)


def main() -> None:
    """Write the header."""
    (HERE / "vectors.h").write_text(header(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
