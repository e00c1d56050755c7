"""Every test by its name, and which faults and changes apply to it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from imuhip.simulation.performing.floor import ROTATIONS_90_90
from imuhip.simulation.performing.hinges import HINGE
from imuhip.simulation.performing.lunges import LATERAL_LUNGE, SPLIT_SQUAT_ROTATION
from imuhip.simulation.performing.ranges import HIP_EXTENSION_PRONE, KNEE_TO_CHEST
from imuhip.simulation.performing.recipe import Recipe
from imuhip.simulation.performing.rotations import rotation_recipe
from imuhip.simulation.performing.single_leg import (
    HIP_AIRPLANE,
    INTERNAL_ROTATION_HINGE,
    SINGLE_LEG_HINGE,
)
from imuhip.simulation.performing.squats import SQUAT

__all__ = ["CHANGES", "FAULTS", "RECIPES", "TESTS"]

RECIPES: Final[Mapping[str, Recipe]] = MappingProxyType(
    {
        "hip_rotation_supine": rotation_recipe("supine"),
        "hip_rotation_prone": rotation_recipe("prone"),
        "hip_rotation_seated": rotation_recipe("seated"),
        "knee_to_chest": KNEE_TO_CHEST,
        "hip_extension_prone": HIP_EXTENSION_PRONE,
        "rotations_90_90": ROTATIONS_90_90,
        "hinge": HINGE,
        "single_leg_hinge": SINGLE_LEG_HINGE,
        "internal_rotation_hinge": INTERNAL_ROTATION_HINGE,
        "hip_airplane": HIP_AIRPLANE,
        "split_squat_rotation": SPLIT_SQUAT_ROTATION,
        "lateral_lunge": LATERAL_LUNGE,
        "squat": SQUAT,
    }
)

TESTS: Final = tuple(RECIPES)
"""Names of the tests that can be performed."""

FAULTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {name: tuple(recipe.faults) for name, recipe in RECIPES.items()}
)
"""Which faults apply to a test."""

CHANGES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {name: recipe.changes for name, recipe in RECIPES.items()}
)
"""Which measures of a test a later visit can change."""
