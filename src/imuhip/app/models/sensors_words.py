"""What the step of the sensors says: the next step, and a line for each sensor in reach."""

from __future__ import annotations

from typing import Final

from imuhip.acquisition.link_policy import LinkState
from imuhip.app.models import wording
from imuhip.app.models import wording_sensors as words
from imuhip.app.models.guidance import Guidance, trouble
from imuhip.app.models.sensor_cards import signal_text
from imuhip.app.models.sensors_model import SensorsModel

__all__ = ["reach_lines", "sensors_guidance"]

_COMING: Final = frozenset({LinkState.CONNECTING, LinkState.CONFIGURING, LinkState.STARTING})
_STALE_S = 8.0
"""A sensor advertises several times a second; looking ends, and it may have been switched off."""


def sensors_guidance(model: SensorsModel) -> Guidance:
    """Return what to do next: what goes on, went wrong, is missing, or that all is well."""
    if model.job is not None:
        return _going_on(model)
    if model.taps is not None:
        return model.taps.guidance(simulated=model.simulated)
    if model.error[0]:
        message, hint = model.error
        again = words.AGAIN_HINT if model.has_bench and not model.is_open else ""
        return Guidance(message, f"{hint}. {again}".strip(". "), "alarm")
    found = _found(model)
    if model.said:
        return Guidance(found.headline, f"{model.said} {found.detail}", found.kind)
    return found


def _going_on(model: SensorsModel) -> Guidance:
    if model.job == "opening":
        return Guidance(words.OPENING, words.MOMENT)
    if model.job == "looking":
        return Guidance(words.LOOKING.format(n=len(model.heard)), words.LOOKING_HINT)
    if model.job == "blinking":
        return Guidance(model.said, words.MOMENT)
    return _connecting(model)


def _is_coming(model: SensorsModel, segment: str) -> bool:
    sensor = model.sensors.get(segment)
    if sensor is None:
        return False
    # A link may be up some moments before the first packet.
    fresh = sensor.state is LinkState.STREAMING and sensor.counters.received == 0
    return fresh or sensor.state in _COMING


def _connecting(model: SensorsModel) -> Guidance:
    wanted = len(model.sensors) or len(model.wanted)
    done = sum(sensor.is_delivering for sensor in model.sensors.values())
    names = wording.segments(model.wanted)
    detail = words.CONNECTING_HINT.format(done=done, wanted=wanted)
    return Guidance(words.CONNECTING.format(names=names), detail, progress=done / max(1, wanted))


def _found(model: SensorsModel) -> Guidance:
    if model.all_stream:
        wrong = trouble(model.live.cards, model.live.recording)
        if wrong is not None:
            return wrong
        headline = words.STREAMING.format(n=len(model.sensors))
        thighs = {"thigh_left", "thigh_right"} & set(model.wanted)
        enough = "pelvis" in model.wanted and thighs
        hint = words.STREAMING_HINT if enough else words.NEEDS_MORE
        return Guidance(headline, hint if model.has_bench else words.NO_BENCH, "well")
    if not model.has_bench:
        wrong = trouble(model.live.cards, model.live.recording)
        return wrong or Guidance(*wording.NO_SENSORS)
    n_heard, names = len(model.heard), wording.segments(model.wanted)
    if model.sensors and all(_is_coming(model, segment) for segment in model.missing):
        return _connecting(model)
    if model.sensors:
        gone = wording.segments(model.missing)
        return Guidance(words.MISSING.format(names=gone), words.MISSING_HINT, "alarm")
    if model.plan.is_complete:
        if n_heard:
            return Guidance(words.PLANNED.format(names=names), words.PLANNED_HINT)
        return Guidance(words.KIT.format(names=names), words.KIT_HINT)
    if not n_heard:
        return Guidance(words.FIND, words.FIND_HINT.format(names=names))
    if n_heard < len(model.wanted):
        few = words.FEW.format(n=n_heard, wanted=len(model.wanted), names=names)
        return Guidance(few, words.FEW_HINT)
    return Guidance(words.TELL.format(n=n_heard), words.TELL_HINT)


def reach_lines(model: SensorsModel) -> list[tuple[str, str]]:
    """Return address and line of each sensor in reach."""
    lines = []
    connected = {sensor.address.casefold() for sensor in model.sensors.values()}
    for one in model.heard:
        segment = model.worn_on(one.address)
        where = wording.SEGMENT_NAMES.get(segment, words.NOT_WORN)
        age_s = model.reach.age_s(one)
        streams = one.address.casefold() in connected
        signal = signal_text(one.rssi_dbm)
        if not streams and age_s > _STALE_S:
            signal = words.HEARD_AGO.format(seconds=age_s)
        text = words.IN_REACH_LINE.format(
            symbol="●" if segment else "○",
            where=where,
            name=one.name or one.address,
            model=one.model,
            signal=signal,
        )
        lines.append((one.address, text))
    return lines
