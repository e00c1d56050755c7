"""A figure beside its limit, for benchmarks that judge what they measured."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Promise"]


@dataclass(frozen=True, slots=True)
class Promise:
    """A number and the most it may be, or the least.

    Parameters
    ----------
    about : str
    found, limit : float
    unit : str
        Of both.
    at_least : bool
        Whether `limit` is the least; otherwise it is the most.
    """

    about: str
    found: float
    limit: float
    unit: str
    at_least: bool = False

    @property
    def is_kept(self) -> bool:
        """Return whether the number is within its limit; one that is not known is not."""
        return self.found >= self.limit if self.at_least else self.found <= self.limit

    def __str__(self) -> str:
        kept = "kept" if self.is_kept else "NOT KEPT"
        side = "at least" if self.at_least else "at most"
        limit = f"{side} {self.limit:>{12 - len(side)}g}"
        return f"{self.about:<46}{self.found:>9.2f} {self.unit:<4} {limit}: {kept}"
