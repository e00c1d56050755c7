"""Sensors written from the vendors' specifications alone, on stock bumble, as a stranger would.

They share nothing with `imuhip.simulation` or `imuhip.sensors`, and differ from the virtual sensors
in what a specification leaves open. `gadget` has what every one needs; `studio` exports them as HCI
for the real command.
"""
