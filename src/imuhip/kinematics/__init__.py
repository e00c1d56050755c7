"""From sensor orientations to the angles of hip and pelvis.

Comes in: orientations, specific force and angular rate of pelvis and thighs on one grid, and which
stretches are gait. Goes out: the heading between the sensors' worlds, and the clinical angles with
their uncertainty. The heading comes from one fact: the hip centre is one point, so both sensors
must find the same acceleration there. Open `hip_centre` for that fact, `heading_blocks`,
`heading_filter` and `heading_track` for what is made of it, `angles` for the result.
"""
