"""The real Bluetooth stack of Linux, in a virtual machine: ``make test-bluez``.

Virtual sensors hang on the kernel's own virtual controller (``/dev/vhci``). Above it are the
kernel, bluetoothd, D-Bus, Bleak's own BlueZ backend and ``imuhip record`` as everybody runs it.
`packages` gets what the machine is made of, `machine` boots it, `guest` is what runs inside,
`verdict` looks at the file that came out, on the host.
"""
