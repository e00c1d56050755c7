"""How clinical tests and drills are performed by people who do not exist.

Comes in: the name of a test with its options. Goes out: a `Performance`. Its names are taken from
`imuhip.simulation.performances`. Open `perform` first: its header names the rooms on the way. A
test of your own is a `Recipe` (`recipe`): a posture, a movement, and how it is measured on the
bones; it gets its name in `registry`.
"""
