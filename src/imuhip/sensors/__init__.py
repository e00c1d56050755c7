"""Sensor models: bytes to samples, configure, start, stop. No radio library here.

Comes in: bytes from a `imuhip.core.link.Link`. Goes out: `imuhip.core.sensor.SampleBlock`. Open
`driver` for what every model must offer, `registry` for which models there are, then the model's
own folder: `imuhip_v1` is the one of ``firmware_protocol/``.
"""
