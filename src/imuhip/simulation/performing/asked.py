"""What a performance cannot be asked for: options are refused by name, before anything is moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from imuhip.errors import ConfigError
from imuhip.simulation.performing.recipe import Recipe
from imuhip.simulation.performing.registry import RECIPES

__all__ = ["check_asked"]


def check_asked(
    test: str,
    side: str,
    repetitions: int,
    faults: Mapping[str, float] | None,
    change: Mapping[str, float] | None,
    direction: str | None,
    mode: str,
) -> tuple[Recipe, dict[str, float], dict[str, float]]:
    """Return the test's recipe, the faults and the changes.

    Raises
    ------
    imuhip.errors.ConfigError
        When a name is unknown or a number cannot be used.
    """
    _choose("test", test, RECIPES)
    recipe = RECIPES[test]
    _choose("side", side, ("left", "right"))
    if direction is not None:
        _choose(f"direction of {test}", direction, (*filter(None, recipe.directions), "both"))
    _choose("mode", mode, ("passive", "active"))
    if not 1 <= repetitions <= 100:
        raise ConfigError(f"cannot do {repetitions} repetitions", hint="choose 1 to 100")
    sizes, changed = dict(faults or {}), dict(change or {})
    for name, size in sizes.items():
        _choose(f"fault of {test}", name, recipe.faults)
        if not 0.0 <= size <= 10.0:
            raise ConfigError(f"cannot use fault {name}={size}", hint="choose 0 to 10")
    for name, size in changed.items():
        _choose(f"change of {test}", name, recipe.changes)
        if not abs(size) <= 60.0:
            raise ConfigError(f"cannot change {name} by {size}", hint="choose -60 to 60")
    return recipe, sizes, changed


def _choose(what: str, name: str, known: Iterable[str]) -> None:
    names = tuple(known)
    if name not in names:
        raise ConfigError(f"unknown {what} {name!r}", hint=f"choose one of {', '.join(names)}")
