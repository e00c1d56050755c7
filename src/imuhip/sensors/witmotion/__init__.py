"""WitMotion's Bluetooth 5.0 protocol: WT901BLECL5.0, BWT901BLE5.0, WT9011DCL-BT50.

Comes in: bytes of one notify characteristic. Goes out: samples in m/s² and rad/s, register values.
Open `frames` for the byte stream and `driver` for how the acquisition uses it.
"""
