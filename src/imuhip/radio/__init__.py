"""Bluetooth: the only room that knows bleak and bumble.

Comes in: an option (`auto`, `hci:...`). Goes out: a `imuhip.core.link.Radio`. Open `bleak_radio`
first: production code runs on Bleak whatever is below it, the operating system's stack or a bumble
central talking to any HCI controller, real or virtual.
"""
