"""The catalogue: conductors, cables, insulators and features, by the keys that line files use.

Figures are from public tables; the tag in `source` names the one. What no source gives is NaN (a conductor
without it cannot be planned on, `Conductor.missing` tells what) or marked as an estimate.

Sources: S56 GB/T 1179 as listed by a manufacturer; S57 power-fittings.pages.dev, appendix (GB 1179-83); S58
IEC 1089 table (Cond-5); S59 JSCuchapin/sag-tension-calculator, conductors.json; S60 OpenDSS IEEE 8500-node
wire data; S6 and S12 press articles on a wrapping robot's cable; S75 a fault indicator's data sheet; S79 and
S80 rules for top ties.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from robot.line.features import Box, Shape, Sleeve

UNKNOWN = math.nan


@dataclass(frozen=True, slots=True)
class Conductor:
    """A stranded conductor; a figure that no source gives is NaN."""

    key: str
    diameter_m: float  # over all, insulation included
    area_m2: float  # of the metal
    mass_kg_per_m: float
    modulus_pa: float
    expansion_per_k: float
    strength_n: float  # rated tensile strength
    source: str

    @property
    def radius_m(self) -> float:
        return self.diameter_m / 2

    @property
    def stiffness_n(self) -> float:
        """EA: tension per unit strain."""
        return self.modulus_pa * self.area_m2

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the figures that planning needs and no source gives."""
        needed = ("area_m2", "mass_kg_per_m", "modulus_pa", "expansion_per_k", "strength_n")
        return tuple(name for name in needed if math.isnan(getattr(self, name)))


@dataclass(frozen=True, slots=True)
class Cable:
    """A fibre-optic cable for wrapping."""

    key: str
    diameter_m: float
    mass_kg_per_m: float
    fibres: int
    source: str


@dataclass(frozen=True, slots=True)
class FeatureKind:
    """A kind of feature. Sleeves in `shapes` give their height over the conductor when `over_conductor`."""

    key: str
    crossable: bool  # False: the plan does not even try
    shapes: tuple[Shape, ...]
    over_conductor: bool = False
    mass_kg: float = 0.0
    source: str = "ESTIMATE"


# ---------------------------------------------------------------- conductors

# Modulus in GPa and expansion in 1e-6/K by stranding (aluminium/steel or strands).
_ELASTIC: Mapping[str, tuple[float, float]] = {
    "6/1": (79.0, 19.1),  # S59
    "26/7": (75.5, 19.2),  # S59
    "18/1": (66.0, 21.2),  # usual values of GB 1179, unverified
    "24/7": (73.0, 19.6),
    "7/7": (105.0, 15.3),
    "7": (59.0, 23.0),
    "19": (57.0, 23.0),
    "37": (56.5, 23.0),  # S59
}

# size: stranding, area mm2, diameter mm, strength N, mass kg/km
_LGJ = {
    "16/3": ("6/1", 18.82, 5.55, 6130, 65.2),
    "25/4": ("6/1", 29.59, 6.96, 9290, 102.6),
    "35/6": ("6/1", 40.67, 8.16, 12630, 141.0),
    "50/8": ("6/1", 56.29, 9.60, 16870, 195.1),
    "70/10": ("6/1", 79.39, 11.40, 23390, 275.2),
    "95/15": ("26/7", 109.72, 13.61, 35000, 380.8),
    "95/20": ("7/7", 113.96, 13.87, 37200, 408.9),
    "120/7": ("18/1", 125.50, 14.50, 27570, 379.0),
    "120/20": ("26/7", 134.49, 15.07, 41000, 466.8),
    "120/25": ("7/7", 149.73, 15.74, 47880, 526.6),
    "150/20": ("24/7", 164.50, 16.67, 46630, 549.4),
    "150/25": ("26/7", 173.11, 17.10, 54110, 601.0),
    "185/25": ("24/7", 211.29, 18.90, 59420, 706.1),
    "185/30": ("26/7", 210.93, 18.88, 64320, 732.6),  # the source misprints the area as 201.93
    "240/30": ("24/7", 275.96, 21.60, 75620, 922.2),
}

# size: stranding, diameter mm, mass kg/km, strength kN
_LJ = {
    "35": ("7", 7.5, 94.0, 6.01),
    "50": ("7", 9.0, 135.3, 8.41),
    "70": ("7", 10.8, 194.9, 11.40),
    "95": ("19", 12.5, 260.2, 15.22),
    "120": ("19", 14.3, 333.2, 20.61),
    "150": ("19", 15.8, 407.0, 24.43),
    "185": ("19", 17.5, 502.4, 30.16),
    "240": ("19", 20.0, 656.3, 38.20),
}

# size: diameter over the insulation mm, mass kg/km
_JKLYJ = {
    "50": (16.1, 280),
    "70": (17.8, 350),
    "95": (19.4, 440),
    "120": (20.8, 520),
    "150": (22.4, 620),
    "185": (24.0, 740),
    "240": (26.2, 920),
}

# code word: stranding, diameter mm, mass kg/km, strength kgf
_ACSR = {
    "Swan": ("6/1", 6.35, UNKNOWN, UNKNOWN),
    "Sparrow": ("6/1", 8.03, 135.7, 1250),
    "Raven": ("6/1", 10.11, UNKNOWN, UNKNOWN),
    "Quail": ("6/1", 11.35, 272.9, 2430),
    "Pigeon": ("6/1", 12.75, UNKNOWN, UNKNOWN),
    "Penguin": ("6/1", 14.30, 434.0, 3827),
    "Partridge": ("26/7", 16.31, UNKNOWN, UNKNOWN),
    "Merlin": ("18/1", 17.37, UNKNOWN, UNKNOWN),
    "Linnet": ("26/7", 18.31, 690.5, 6386),
    "Ibis": ("26/7", 19.89, UNKNOWN, UNKNOWN),
    "Hawk": ("26/7", 21.79, UNKNOWN, UNKNOWN),
    "Dove": ("26/7", 23.55, 1142, 10182),
}

# code: stranding, diameter mm, mass kg/km, strength kN
_A1_S1B = {
    "16": ("6/1", 5.53, 64.6, 6.08),
    "25": ("6/1", 6.91, 100.9, 9.13),
    "40": ("6/1", 8.74, 161.5, 14.40),
    "63": ("6/1", 11.0, 254.4, 21.63),
    "100": ("6/1", 13.8, 403.8, 34.33),
    "125": ("26/7", 15.7, 503.9, 45.69),
    "160": ("26/7", 17.7, 644.9, 57.69),
    "200": ("26/7", 19.8, 806.2, 70.13),
}

_KGF_N = 9.80665


def _strand_area_mm2(stranding: str, diameter_mm: float) -> float:
    """Metal area from the strands that fill a conductor of this diameter.

    7 strands (6/1) are a third of it each, 19 a fifth, 18/1 a fifth; in 26/7 four aluminium and three steel
    strands of 7/9 their size lie across it.
    """
    if stranding == "26/7":
        strand_mm = diameter_mm / (4 + 3 * 7 / 9)
        return math.pi / 4 * strand_mm**2 * (26 + 7 * (7 / 9) ** 2)
    across, count = {"6/1": (3, 7), "7": (3, 7), "18/1": (5, 19), "19": (5, 19)}[stranding]
    return math.pi / 4 * (diameter_mm / across) ** 2 * count


def _conductor(
    key: str,
    stranding: str,
    diameter_mm: float,
    area_mm2: float,
    kg_per_km: float,
    strength_n: float,
    source: str,
) -> Conductor:
    modulus_gpa, expansion = _ELASTIC[stranding]
    return Conductor(
        key=key,
        diameter_m=diameter_mm / 1e3,
        area_m2=area_mm2 / 1e6,
        mass_kg_per_m=kg_per_km / 1e3,
        modulus_pa=modulus_gpa * 1e9,
        expansion_per_k=expansion * 1e-6,
        strength_n=strength_n,
        source=source,
    )


def _conductors() -> Iterable[Conductor]:
    for size, (stranding, area, diameter, strength, mass) in _LGJ.items():
        yield _conductor(
            f"LGJ-{size}", stranding, diameter, area, mass, strength, "S57, elastic S59 or unverified"
        )
    for size, (stranding, diameter, mass, strength_kn) in _LJ.items():
        area = _strand_area_mm2(stranding, diameter)
        source = "S56, area from the strands, elastic unverified"
        yield _conductor(f"LJ-{size}", stranding, diameter, area, mass, strength_kn * 1e3, source)
    for size, (diameter, mass) in _JKLYJ.items():
        stranding, core_mm, _, strength_kn = _LJ[size]
        area = _strand_area_mm2(stranding, core_mm)
        source = "ESTIMATE: core as LJ, 0.95 of its strength"
        yield _conductor(
            f"JKLYJ-10-{size}", stranding, diameter, area, mass, 0.95 * strength_kn * 1e3, source
        )
    for word, (stranding, diameter, mass, strength_kgf) in _ACSR.items():
        area = _strand_area_mm2(stranding, diameter)
        source = "diameter S60, mass and strength S59, area from the strands"
        yield _conductor(f"ACSR-{word}", stranding, diameter, area, mass, strength_kgf * _KGF_N, source)
    for code, (stranding, diameter, mass, strength_kn) in _A1_S1B.items():
        area = _strand_area_mm2(stranding, diameter)
        source = "S58, area from the strands, elastic S59"
        yield _conductor(f"A1/S1B-{code}", stranding, diameter, area, mass, strength_kn * 1e3, source)


CONDUCTORS: Mapping[str, Conductor] = {c.key: c for c in _conductors()}

# ---------------------------------------------------------------- cables

CABLES: Mapping[str, Cable] = {
    "wrap-24f-4.0": Cable("wrap-24f-4.0", 0.0040, 0.0127, 24, "S6"),
    "wrap-48f-6.0": Cable("wrap-48f-6.0", 0.0060, 0.0360, 48, "mass S12, diameter ESTIMATE"),
}

# ---------------------------------------------------------------- insulators and features

_ARM_HALF_S_M, _ARM_HALF_X_M = 0.035, 0.75
_TIE_HEIGHT_M = 0.010  # S79, S80: tape and binder add 6 to 10 mm


def _arm(s_m: float, z_m: tuple[float, float]) -> Box:
    return Box((s_m - _ARM_HALF_S_M, s_m + _ARM_HALF_S_M), (-_ARM_HALF_X_M, _ARM_HALF_X_M), z_m)


def _insulator(
    key: str, half_m: float, depth_m: float, arm_m: float, places_m: tuple[float, ...], tie_m: float
) -> FeatureKind:
    """Insulators at `places_m`: bodies down to `depth_m`, crossarms below to `arm_m`, one run of ties."""
    shapes: list[Shape] = [Sleeve((-tie_m, tie_m), _TIE_HEIGHT_M)]
    for s_m in places_m:
        shapes.append(Box((s_m - half_m, s_m + half_m), (-half_m, half_m), (-depth_m, -0.004)))
        shapes.append(_arm(s_m, (-arm_m, -depth_m)))
    return FeatureKind(key, True, tuple(shapes), over_conductor=True)


INSULATORS: Mapping[str, FeatureKind] = {
    "pin-10": _insulator("pin-10", 0.06, 0.24, 0.31, (0.0,), 0.20),
    "line-post-10": _insulator("line-post-10", 0.05, 0.30, 0.37, (0.0,), 0.20),
    "pin-10-double": _insulator("pin-10-double", 0.06, 0.24, 0.31, (-0.10, 0.10), 0.30),
    "line-post-10-double": _insulator("line-post-10-double", 0.05, 0.30, 0.37, (-0.10, 0.10), 0.30),
    "strain-10": FeatureKind("strain-10", False, (Box((-0.50, 0.50), (-0.75, 0.75), (-0.40, 0.40)),)),
}

FEATURES: Mapping[str, FeatureKind] = {
    "fault-indicator": FeatureKind(
        "fault-indicator",
        True,
        (Sleeve((-0.04, 0.04), 0.028), Box((-0.055, 0.055), (-0.055, 0.055), (-0.17, -0.015))),
        mass_kg=0.5,
        source="mass S75, size ESTIMATE",
    ),
    "bird-deterrent": FeatureKind("bird-deterrent", True, (Box((-0.03, 0.03), (0.30, 0.60), (-0.24, 0.25)),)),
    "bird-deterrent-low": FeatureKind(
        "bird-deterrent-low", True, (Box((-0.03, 0.03), (0.15, 0.45), (-0.24, 0.25)),)
    ),
    "splice": FeatureKind("splice", True, (Sleeve((-0.20, 0.20), 0.008),), over_conductor=True),
    "pg-clamp": FeatureKind(
        "pg-clamp",
        True,
        (Sleeve((-0.04, 0.04), 0.015), Box((-0.04, 0.04), (-0.028, 0.028), (-0.05, -0.004))),
        over_conductor=True,
    ),
    "spacer": FeatureKind(
        "spacer", True, (Sleeve((-0.05, 0.05), 0.03), Box((-0.05, 0.05), (0.03, 0.90), (-0.02, 0.02)))
    ),
    "spiral-diverter": FeatureKind(
        "spiral-diverter", True, (Sleeve((-0.15, 0.15), 0.020),), over_conductor=True
    ),
    "branch": FeatureKind("branch", False, (Box((-0.10, 0.10), (-0.40, 0.40), (-0.20, 0.30)),)),
    "kite": FeatureKind("kite", False, (Box((-0.25, 0.25), (-0.40, 0.40), (-0.60, 0.20)),)),
    "unknown": FeatureKind("unknown", False, (Box((-0.10, 0.10), (-0.10, 0.10), (-0.20, 0.10)),)),
}

KINDS: Mapping[str, FeatureKind] = {**INSULATORS, **FEATURES}


def shapes(kind: str, conductor_radius_m: float) -> tuple[Shape, ...]:
    """The envelope of a feature or insulator on a conductor of this radius.

    Raises:
        KeyError: the kind is not in the catalogue.
    """
    entry = KINDS[kind]
    if not entry.over_conductor:
        return entry.shapes
    return tuple(
        Sleeve(s.s_m, conductor_radius_m + s.r_m) if isinstance(s, Sleeve) else s for s in entry.shapes
    )


def crossable(kind: str) -> bool:
    """Whether a crossing may be planned over this kind at all."""
    return KINDS[kind].crossable


def nearest(name: str, names: Iterable[str], count: int = 3) -> tuple[str, ...]:
    """Those of `names` that look most like `name`, best first; case does not matter."""
    by_folded = {n.casefold(): n for n in names}
    found = difflib.get_close_matches(name.casefold(), by_folded, n=count, cutoff=0.4)
    return tuple(by_folded[f] for f in found)
