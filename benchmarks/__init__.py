"""Accuracy and speed against peers, one command each, printing tables.

Comes in: recordings beside the checkout, or simulations with exact truth. Goes out: a table on the
screen. ``python -m benchmarks`` runs every module here that has a ``main(arguments) -> exit code``,
``python -m benchmarks NAME [options]`` one of them. Open the module of the claim you doubt.
"""
