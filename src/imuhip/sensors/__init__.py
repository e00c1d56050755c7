"""Sensor models: bytes to samples, configure, start, stop. No radio library here.

Comes in: bytes from a `imuhip.core.link.Link`. Goes out: `imuhip.core.sensor.SampleBlock`. Open
`driver` for what every model must offer, then the model's own file, one each.
"""
