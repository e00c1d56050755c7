"""Bluetooth: the only room that knows bleak and bumble.

Comes in: an option (`auto`, `hci:...`). Goes out: a `imuhip.core.link.Radio`. Production code runs
on Bleak whatever is below it, the operating system's stack or a bumble central talking to any HCI
controller, real or virtual. Open `bleak_radio` first, then `open_radio` and `faults` (every error
from below, in plain words).

Without hardware: `gatt_model` is what a virtual sensor has to offer (no library types in it) and
`virtual_air` what it hangs on. Below that is bumble: `air` the link with its faults and
`virtual_controller` what it links, `virtual_peripheral` one sensor's end, `bumble_central` the
host's end with `bumble_backend` as its Bleak backend, `hci_server` the export to another process.
"""
