"""A clinic's own limits of change, from recordings of people measured several times."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from imuhip.analysis.compare import measured
from imuhip.assessment.change import ChangeLimit, Strapping, clinic_limit
from imuhip.assessment.measures import Unit
from imuhip.assessment.reliability import Reliability, find_reliability
from imuhip.errors import AnalysisError

if TYPE_CHECKING:
    from imuhip.recording.session import Recording

__all__ = ["Repeats", "find_repeats"]


@dataclass(frozen=True, slots=True)
class Repeats:
    """How well every measure repeats in one clinic's hands.

    Parameters
    ----------
    found : mapping of (test, measure) to (unit, Reliability)
        The test is empty for gait and pain. Both sides of a person count
        as two people would: they are measured apart.
    left_out : mapping of str to str
        Measures and people that could not be used, and why.
    strapping : {"same", "again"}
    """

    found: Mapping[tuple[str, str], tuple[Unit, Reliability]]
    left_out: Mapping[str, str]
    strapping: Strapping

    def limits(self, source: str) -> tuple[ChangeLimit, ...]:
        """Return the limits of change, to be used before all others.

        Parameters
        ----------
        source : str
            Who measured whom, and when.
        """
        return tuple(
            clinic_limit(name, unit, self.strapping, one, source, test)
            for (test, name), (unit, one) in self.found.items()
            if one.mdc95 > 0.0
        )

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON-safe values."""
        from dataclasses import asdict

        names = [name for _, name in self.found]
        return {
            "strapping": self.strapping,
            "measures": {
                name if names.count(name) == 1 else f"{name} ({test})": {
                    "test": test,
                    "unit": unit,
                    **asdict(one),
                }
                for (test, name), (unit, one) in self.found.items()
            },
            "left_out": dict(self.left_out),
        }


def find_repeats(
    people: Mapping[str, Sequence[Recording]],
    strapping: Strapping,
    watch: Callable[[str], None] = lambda person: None,
) -> Repeats:
    """Measure all recordings and find how well each measure repeats.

    Parameters
    ----------
    people : mapping of code to sequence of Recording
        Of each person the recordings in order of time; as many as of the person with fewest are
        used.
    strapping : {"same", "again"}
        Whether the sensors stayed on between a person's recordings.
    watch : callable, optional
        Told of each person when it is their turn.

    Raises
    ------
    AnalysisError
        When nobody was measured twice, or no measure was measured in three people.
    """
    left_out: dict[str, str] = {}
    rows: dict[tuple[str, str], list[list[float]]] = defaultdict(list)
    units: dict[tuple[str, str], Unit] = {}
    repeated = {code: found for code, found in people.items() if len(found) > 1}
    left_out |= {code: "measured once only" for code in people if code not in repeated}
    n_occasions = min((len(found) for found in repeated.values()), default=0)
    for code, recordings in repeated.items():
        watch(code)
        visits = [{m.key: m for m in measured(one).measures} for one in recordings[:n_occasions]]
        for key in visits[0]:
            units[key[:2]] = visits[0][key].unit
            rows[key[:2]].append([visit[key].value if key in visit else np.nan for visit in visits])
    found: dict[tuple[str, str], tuple[Unit, Reliability]] = {}
    for named, values in rows.items():
        try:
            found[named] = (units[named], find_reliability(np.array(values)))
        except AnalysisError as error:
            left_out[" ".join(filter(None, named))] = error.message
    if not found:
        why = "; ".join(f"{name}: {reason}" for name, reason in left_out.items()) or "no recording"
        raise AnalysisError(
            f"no measure was repeated by enough people ({why})",
            hint="Measure 5 to 10 people three times each; every recording carries its person's "
            "code as subject.",
            code="E641",
        )
    return Repeats(found, left_out, strapping)
