"""The session file: the only room with h5py.

Comes in: blocks of packets and samples from the acquisition, or whole arrays. Goes out: an HDF5
file that survives a killed process, and `Recording`, the same thing in memory. Open `session` for
what a recording is, `schema` for the layout on disk (in prose: ``docs/file_format.md``), then
`writer` (live), `save` (whole), `reader` and `recovery`.
"""
