"""What is drawn for whom: people keep limits and habits, straps their mounts, visits nothing."""

from __future__ import annotations

import numpy as np

from imuhip.simulation.movements import HABIT_SHARE
from imuhip.simulation.stances import pose_spread

__all__ = ["draw_streams", "standing_deg"]


def draw_streams(
    seed: int, test: str, visit: int, *, restrapped: bool
) -> dict[str, np.random.Generator]:
    """Return a generator per concern: the person's, the strapping's, the visit's, this set's own.

    Parameters
    ----------
    seed : int
        The person.
    test : str
        One person does no two tests with the same fidgets.
    visit : int
    restrapped : bool
        Whether this visit has a strapping of its own.
    """
    # the first child draws the person of `imuhip.simulate`
    person = np.random.SeedSequence(seed).spawn(1)[0]
    strapping = visit if restrapped else 0
    this_set = (visit, *test.encode())
    keys = {
        "mover": (2001,),
        "chips": (2002,),
        "habit": (2012,),
        "pose": (2011, visit),
        "mounting": (2003, strapping),
        "skin": (2004, strapping),
        "route": (2005, *this_set),
        "timing": (2006, *this_set),
        "unrest": (2007, *this_set),
        "moves": (2008, *this_set),
        "noise": (2009, *this_set),
    }
    streams = {
        name: np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
        for name, key in keys.items()
    }
    return streams | {"person": np.random.default_rng(person)}


def standing_deg(
    error_deg: float, habit: np.random.Generator, now: np.random.Generator
) -> dict[str, float]:
    """Draw how far from the perfect N-pose the person stands this time, degrees.

    Parameters
    ----------
    error_deg : float
        Spread of hip rotation; of the other angles in proportion.
    habit, now : numpy.random.Generator
        What a person repeats at every visit, and what not.
    """
    return {
        name: spread
        * float(np.sqrt(HABIT_SHARE) * habit.normal() + np.sqrt(1.0 - HABIT_SHARE) * now.normal())
        for name, spread in pose_spread(error_deg).items()
    }
