"""The imuhip GATT protocol, version 1, as `firmware_protocol/specification.md` writes it down.

Comes in: bytes of its characteristics. Goes out: samples in m/s² and rad/s, settings, replies. Open
`profile` for the identifiers, `packets` for the stream, `control` for settings and commands, and
`driver` for how the acquisition uses them. The virtual sensors speak through the same files.
"""
