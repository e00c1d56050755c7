"""From a recording to angles, strides and their quality; offline and live by the same steps.

Comes in: a `Recording`, or blocks of samples while they are measured. Goes out: `Analysis`, or
blocks of angles. Open `offline` for the whole way in one page, `live` for the causal one, `result`
for what comes out.
"""
