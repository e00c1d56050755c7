"""What went wrong around the session and hinders nothing: told until somebody has read it."""

from __future__ import annotations

from dataclasses import dataclass

from imuhip.errors import ImuhipError

__all__ = ["Notice", "Notices"]


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to know.

    Parameters
    ----------
    message, hint : str
        What is wrong, and what to do.
    """

    message: str
    hint: str = ""

    @property
    def text(self) -> str:
        """Return both as sentences."""
        message = self.message.rstrip(".")
        return f"{message}. {self.hint}".strip()


class Notices:
    """Notices in the order in which they came; one that is known is not told again."""

    def __init__(self) -> None:
        self.unread: list[Notice] = []
        self._known: set[Notice] = set()

    def tell(self, notice: Notice | ImuhipError | None) -> None:
        """Add one, unless it was told before."""
        if isinstance(notice, ImuhipError):
            notice = Notice(notice.message, notice.hint)
        if notice is not None and notice not in self._known:
            self._known.add(notice)
            self.unread.append(notice)

    def read(self) -> None:
        """Put the oldest one away: somebody has read it."""
        self.unread = self.unread[1:]
