"""What eyes find on every screen: sizes, contrast, overflow, missing text; and what readers of screens find."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.missions.console.browser.tablet import Tablet

HERE = Path(__file__).parent
AUDIT = (HERE / "audit.js").read_text(encoding="utf-8")
AXE = (HERE / "axe.min.js").read_text(encoding="utf-8")
SCREENS = (
    "connect", "checks", "drive", "job", "assist", "alarms", "trends", "parameters", "logs", "health", "observer",
)  # fmt: skip
LANGUAGES, THEMES = ("en", "zh"), ("dark", "sun")
SIZES = ((1280, 800), (1024, 768), (390, 844))
GLOVE_PX, BARE_PX, FREE_PX = 118, 64, 118
CONTRAST, SUN_FIGURES = 4.5, 7.0

Tablets = Callable[..., Tablet]


@pytest.fixture
def working(tablets: Tablets) -> Tablet:
    """Holds before the first feature, with an alarm or two."""
    tablet = tablets("engineer")
    tablet.drive()
    tablet.stop()
    tablet.ready()
    tablet.act("start")
    tablet.see_mode("WRAP")
    tablet.page.wait_for_timeout(4000)
    tablet.act("hold")
    tablet.see_mode("HOLD")
    return tablet


def turned(tablet: Tablet, language: str, theme: str, size: tuple[int, int]) -> None:
    tablet.page.set_viewport_size({"width": size[0], "height": size[1]})
    tablet.page.evaluate(
        """([language, theme]) => import("./settings.js").then((kept) => {
            kept.language.value = language;
            kept.theme.value = theme;
        })""",
        [language, theme],
    )


def test_every_screen_can_be_read_and_touched(working: Tablet, pictures: Path) -> None:
    faults = []
    for language in LANGUAGES:
        for theme in THEMES:
            for size in SIZES:
                turned(working, language, theme, size)
                for screen in SCREENS:
                    working.show(screen)
                    working.page.wait_for_timeout(150)
                    where = f"{screen}-{language}-{theme}-{size[0]}x{size[1]}"
                    working.page.screenshot(path=pictures / f"{where}.png")
                    wanted = {
                        "glove": GLOVE_PX,
                        "bare": BARE_PX,
                        "free": FREE_PX,
                        "contrast": CONTRAST,
                        "figures": SUN_FIGURES if theme == "sun" else 0,
                    }
                    faults += [f"{where}: {fault}" for fault in working.page.evaluate(f"({AUDIT})", wanted)]
    assert not faults, "\n".join(faults)


def test_for_the_left_hand_the_screen_is_mirrored(tablets: Tablets, pictures: Path) -> None:
    tablet = tablets()
    tablet.show("drive")
    tablet.page.evaluate("() => import('./settings.js').then((kept) => { kept.hand.value = 'left'; })")
    stop, menu = tablet.see("#stop").bounding_box(), tablet.see(".menu").bounding_box()
    tablet.page.screenshot(path=pictures / "drive-left-handed.png")
    assert stop["x"] <= 16
    assert menu["x"] - (stop["x"] + stop["width"]) >= FREE_PX


def serious(tablet: Tablet, screen: str) -> list[str]:
    found: dict[str, Any] = tablet.page.evaluate("() => axe.run()")
    return [
        f"{screen}: {one['id']} {one['nodes'][0]['html'][:120]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


def test_no_screen_has_a_serious_fault_of_accessibility(tablets: Tablets) -> None:
    tablet = tablets("engineer")
    tablet.page.evaluate(AXE)
    faults = []
    for screen in SCREENS:
        tablet.show(screen)
        tablet.page.wait_for_timeout(300)
        faults += serious(tablet, screen)
    assert not faults, "\n".join(faults)


def test_the_page_can_be_used_two_seconds_after_it_was_asked_for(tablets: Tablets) -> None:
    tablet = tablets()
    tablet.page.reload()
    tablet.see(".mode[data-mode]")
    used_ms = tablet.page.evaluate("() => performance.now()")
    assert used_ms < 2000
