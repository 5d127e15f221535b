"""Random lines: what the survey says, what is really there, and the weather, all from one seed.

Poles stand 30 to 80 m apart. Ends of the line are kept free: the robot is hung behind the first pole, and what stands
next to the last one is part of a strain pole's surroundings.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from typing import Any

from hil.scenario import Mistake, Scenario, Surprise, Weather
from robot.line import catalogue
from robot.line.survey import Survey

MOUNTING_M = 9.0  # from the first pole
END_M = 7.0  # before the last
APART_M = 3.6  # what is drawn on its own keeps this from everything else, surveyed or true
SHIFT_MAX_M = 2.0
CONDUCTORS = (
    "LGJ-70/10",
    "LGJ-95/15",
    "LGJ-120/20",
    "LGJ-150/25",
    "LGJ-185/30",
    "LGJ-240/30",
    "JKLYJ-10-240",
)
INSULATORS = ("pin-10", "line-post-10", "pin-10-double", "line-post-10-double")
HUNG = ("fault-indicator", "splice", "pg-clamp", "spiral-diverter")
DIVERTER_MAX_M = 0.018  # conductors thicker than this carry no diverter that the folded roller arms pass
CLOSED = ("unknown", "branch", "kite")  # surprises that nobody can cross
NEAR_POLE_M = (0.3, 0.5, 0.9, 1.5, 3.0)  # where an indicator hangs beside a single insulator
NEAR_DOUBLE_M = (3.0, 3.0, 1.5, 3.0)


@dataclass(frozen=True, slots=True)
class Drawn:
    """One line of the campaign."""

    seed: int
    survey: Survey
    scenario: Scenario
    tricks: tuple[str, ...]  # what the survey has wrong, in words


@dataclass(slots=True)
class _Draft:
    """A line that is being drawn. `taken` are places, in m from the first pole in plan, surveyed or true."""

    rng: random.Random
    lengths_m: list[float]
    hung: tuple[str, ...]  # kinds that may hang on this conductor
    poles: list[dict[str, Any]] = field(default_factory=list)
    features: list[dict[str, Any]] = field(default_factory=list)
    surprises: list[Surprise] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    tricks: list[str] = field(default_factory=list)
    taken: list[float] = field(default_factory=list)

    def place(self) -> tuple[int, float] | None:
        """Span (1 = first) and distance from its first pole, away from everything; None = found none."""
        for _ in range(20):
            span = self.rng.randrange(len(self.lengths_m)) + 1
            begin_m, length_m = sum(self.lengths_m[: span - 1]), self.lengths_m[span - 1]
            low_m = MOUNTING_M if span == 1 else 0.0
            high_m = length_m - (END_M if span == len(self.lengths_m) else 0.0)
            at_m = round(self.rng.uniform(low_m, high_m), 2)
            if all(abs(begin_m + at_m - t) >= APART_M + SHIFT_MAX_M for t in self.taken):
                self.taken.append(begin_m + at_m)
                return span, at_m
        return None


def draw(seed: int) -> Drawn:
    """The line of this seed."""
    rng = random.Random(seed)
    lengths_m = [round(rng.triangular(30.0, 80.0, 32.0), 1) for _ in range(rng.choice((2, 2, 2, 3)))]
    conductor = rng.choice(CONDUCTORS)
    thick = catalogue.CONDUCTORS[conductor].diameter_m > DIVERTER_MAX_M
    draft = _Draft(rng, lengths_m, tuple(k for k in HUNG if not (thick and k == "spiral-diverter")))
    _draw_poles(draft)
    for _ in range(rng.choice((0, 1, 1, 2))):
        _hang(draft, rng.choice(draft.hung))
    for trick in rng.sample(_TRICKS, rng.choice((0, 1, 1, 2))):
        trick(draft)
    if rng.random() < 0.08:
        _surprise(draft, rng.choice(CLOSED))
    if rng.random() < 0.03:
        _hang(draft, "spacer")
    survey = Survey.model_validate({
        "format": "silkline.line/1",
        "name": f"campaign line {seed}",
        "conductor": conductor,
        "cable": "wrap-24f-4.0",
        "pitch_m": rng.choice((0.8, 1.0, 1.0, 1.2)),
        "lay": rng.choice("SZ"),
        "phase_spacing_m": 0.7,
        "stringing": {"temperature_c": 15.0, "horizontal_tension_n": _tension_n(rng, conductor)},
        "pole": draft.poles,
        "span": [{"length_m": length_m} for length_m in draft.lengths_m],
        "feature": draft.features,
    })  # fmt: skip
    scenario = Scenario(
        line=f"campaign-{seed}",
        seed=seed,
        survey_error_m=round(rng.uniform(0.05, 0.4), 2),
        weather=_weather(rng),
        surprise=tuple(draft.surprises),
        mistake=tuple(draft.mistakes),
    )
    return Drawn(seed, survey, scenario, tuple(draft.tricks))


def _tension_n(rng: random.Random, conductor: str) -> float:
    """As strung: a seventh to a quarter of what the conductor bears, not slack under a robot of 40 kg."""
    strength_n = catalogue.CONDUCTORS[conductor].strength_n
    return round(min(max(rng.uniform(0.14, 0.25) * strength_n, 6000.0), 9000.0))


def _weather(rng: random.Random) -> Weather:
    gust_mps = round(rng.triangular(1.0, 10.0, 3.0), 1)
    return Weather(
        wind_mps=round(gust_mps * rng.uniform(0.4, 0.8), 1),
        gust_mps=gust_mps,
        temperature_c=round(rng.uniform(-5.0, 35.0)),
        wet=rng.random() < 0.25,
        light=rng.choice(("overcast", "overcast", "sun", "dusk", "backlight")),
    )


def _draw_poles(draft: _Draft) -> None:
    rng = draft.rng
    draft.poles.append({"id": "P1", "kind": "terminal"})
    height_m = at_m = 0.0
    for number, length_m in enumerate(draft.lengths_m, 2):
        at_m += length_m
        height_m += length_m * math.tan(math.radians(rng.gauss(0.0, 2.2)))
        pole: dict[str, Any] = {"id": f"P{number}", "attachment_height_m": round(height_m, 2)}
        last = number == len(draft.lengths_m) + 1
        if last:
            pole |= {"kind": "terminal"}
        else:
            draft.taken.append(at_m)
            pole |= {"insulator": rng.choice(INSULATORS), "kind": "straight"}
            if rng.random() < 0.2:
                pole |= {"kind": "angle", "angle_deg": round(rng.uniform(-7.0, 7.0), 1)}
            _furnish(draft, number, length_m, pole["insulator"])
        draft.poles.append(pole)


def _furnish(draft: _Draft, number: int, length_m: float, insulator: str) -> None:
    """What hangs at the pole that ends span `number - 1`: an indicator on one side of it, a deterrent on its arm."""
    rng = draft.rng
    if rng.random() < 0.3:
        gap_m = rng.choice(NEAR_DOUBLE_M if insulator.endswith("-double") else NEAR_POLE_M)
        before = rng.random() < 0.15
        place = (
            {"span": number - 1, "at_m": round(length_m - gap_m, 2)}
            if before
            else {"span": number, "at_m": gap_m}
        )
        draft.features.append({"kind": "fault-indicator", **place})
        draft.taken.append(sum(draft.lengths_m[: number - 1]) + (-gap_m if before else gap_m))
    if rng.random() < 0.2:
        kind = rng.choice((*["bird-deterrent"] * 4, "bird-deterrent-low"))
        draft.features.append({"kind": kind, "span": number, "at_m": 0.0})
        draft.taken.append(sum(draft.lengths_m[: number - 1]) + 0.01)  # a pole with company is not lonely


def _hang(draft: _Draft, kind: str) -> tuple[int, float] | None:
    place = draft.place()
    if place is not None:
        draft.features.append({"kind": kind, "span": place[0], "at_m": place[1]})
    return place


def _surprise(draft: _Draft, kind: str) -> tuple[int, float] | None:
    place = draft.place()
    if place is not None:
        draft.surprises.append(Surprise(kind=kind, span=place[0], at_m=place[1]))
        draft.tricks.append(f"{kind} that nobody knows of")
    return place


# ---------------------------------------------------------------- what a survey has wrong


def _unlisted(draft: _Draft) -> None:
    _surprise(draft, draft.rng.choice(draft.hung))


def _missing(draft: _Draft) -> None:
    kind = draft.rng.choice(draft.hung)
    _mistake(draft, kind, f"{kind} is missing", really="nothing")


def _wrong_kind(draft: _Draft) -> None:
    kind, really = draft.rng.sample(draft.hung, 2)
    _mistake(draft, kind, f"{kind} is a {really}", really=really)


def _shifted(draft: _Draft) -> None:
    kind, shift_m = draft.rng.choice(draft.hung), round(draft.rng.uniform(0.5, SHIFT_MAX_M), 2)
    _mistake(draft, kind, f"{kind} comes {shift_m} m late", shift_m=shift_m)


def _early(draft: _Draft) -> None:
    kind, shift_m = draft.rng.choice(draft.hung), round(draft.rng.uniform(0.5, SHIFT_MAX_M), 2)
    _mistake(draft, kind, f"{kind} comes {shift_m} m early", shift_m=-shift_m)


def _mistake(draft: _Draft, kind: str, trick: str, **what: Any) -> None:
    place = _hang(draft, kind)
    if place is not None:
        draft.mistakes.append(Mistake(kind=kind, span=place[0], at_m=place[1], **what))
        draft.tricks.append(trick)


def _doubled(draft: _Draft) -> None:
    """Two where the survey has one, or one that the survey has twice; in the world room for a stance is between."""
    kind, place = draft.rng.choice(draft.hung), draft.place()
    if place is None:
        return
    span, at_m = place
    draft.features.append({"kind": kind, "span": span, "at_m": at_m})
    beside_m = round(at_m + draft.rng.choice((-1, 1)) * draft.rng.uniform(1.2, 3.0), 2)
    if draft.rng.random() < 0.5:
        draft.surprises.append(Surprise(kind=kind, span=span, at_m=max(beside_m, 0.0)))
        draft.tricks.append(f"two {kind}s, the survey has one")
    else:
        other_m = round(max(at_m - draft.rng.uniform(1.2, 3.0), 0.0), 2)
        draft.features.append({"kind": kind, "span": span, "at_m": other_m})
        draft.mistakes.append(Mistake(kind=kind, span=span, at_m=other_m, really="nothing"))
        draft.tricks.append(f"one {kind}, the survey has two")


def _wrong_pole(draft: _Draft) -> None:
    """Another insulator than surveyed, and where nothing hangs beside it the pole up to 2 m off."""
    rng = draft.rng
    number = rng.randrange(1, len(draft.lengths_m))
    surveyed = draft.poles[number]["insulator"]
    really = rng.choice([kind for kind in INSULATORS if kind != surveyed])
    at_m = sum(draft.lengths_m[:number])
    lonely = all(t == at_m or abs(t - at_m) > APART_M + SHIFT_MAX_M for t in draft.taken)
    shift_m = round(rng.uniform(-SHIFT_MAX_M, SHIFT_MAX_M), 2) if lonely else 0.0
    mistake = Mistake(kind=surveyed, span=number + 1, at_m=0.0, really=really, shift_m=shift_m)
    draft.mistakes.append(mistake)
    draft.tricks.append(f"{surveyed} is a {really}, {shift_m} m further on")


_TRICKS = (_missing, _doubled, _wrong_kind, _shifted, _early, _unlisted, _wrong_pole)
