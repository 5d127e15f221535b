"""A keyboard alone does everything but jog; a pad of buttons jogs, and stops."""

from __future__ import annotations

from collections.abc import Callable

from tests.missions.console.browser.tablet import HELD_MS, PLAN_MS, Tablet
from tests.missions.console.stage import FIGURES, WEATHER

Tablets = Callable[..., Tablet]
TABS = 120
STEPS = 12  # of the slide


def tab_to(tablet: Tablet, selector: str) -> None:
    """With the tabulator alone."""
    tablet.see(selector)
    for _ in range(TABS):
        if tablet.page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
        tablet.page.keyboard.press("Tab")
    raise AssertionError(f"the tabulator does not reach {selector}")


def enter(tablet: Tablet, selector: str) -> None:
    tab_to(tablet, selector)
    tablet.page.keyboard.press("Enter")


def hold_enter(tablet: Tablet, selector: str) -> None:
    tab_to(tablet, selector)
    tablet.page.keyboard.down("Enter")
    tablet.page.wait_for_timeout(HELD_MS)
    tablet.page.keyboard.up("Enter")


def screen(tablet: Tablet, name: str) -> None:
    enter(tablet, ".menu")
    enter(tablet, f'#menu [data-screen="{name}"]')
    tablet.see(f'.page[data-screen="{name}"]')


def drive(tablet: Tablet) -> None:
    enter(tablet, ".holder")
    hold_enter(tablet, "#hand-over .press")
    tablet.see(".holder.mine")
    tablet.page.keyboard.press("Escape")


def safe(tablet: Tablet) -> None:
    tablet.page.keyboard.press("Space")
    tablet.see_mode("STOPPED")
    screen(tablet, "drive")
    hold_enter(tablet, ".press.reset")
    tablet.see_mode("SAFE")


def check_all(tablet: Tablet) -> None:
    screen(tablet, "checks")
    boxes = tablet.page.locator('[data-item][aria-checked="false"]')
    for item in [box.get_attribute("data-item") for box in boxes.all()]:
        enter(tablet, f'[data-item="{item}"]')
    for name, value in {**FIGURES, **WEATHER}.items():
        enter(tablet, f'[data-figure="{name}"]')
        tablet.see("#keypad")
        tablet.page.keyboard.type(f"{value:g}")
        tablet.page.keyboard.press("Enter")


def test_a_keyboard_alone_takes_control_checks_arms_starts_stops_and_resets(tablets: Tablets) -> None:
    tablet = tablets("engineer")
    drive(tablet)
    safe(tablet)
    check_all(tablet)
    tablet.see(".slide:not(.disabled)", PLAN_MS)
    tab_to(tablet, ".knob")
    for _ in range(STEPS):
        tablet.page.keyboard.press("ArrowRight")
    tablet.page.keyboard.press("Enter")
    tablet.see_mode("READY")
    screen(tablet, "drive")
    enter(tablet, '[data-action="start"], [data-action="mount"]')
    tablet.see_mode("WRAP", "MOUNTING")
    safe(tablet)
    screen(tablet, "alarms")
    enter(tablet, "[data-alarm] button")
    screen(tablet, "parameters")
    enter(tablet, '[data-parameter="retreat_m"]')
    tablet.page.keyboard.type("0.25")
    tablet.page.keyboard.press("Enter")
    enter(tablet, '[data-action="save"]')
    tablet.page.wait_for_function("() => !document.querySelector('[data-action=save]')")


PAD = """() => {
    const pad = { connected: true, axes: [0, -1], buttons: Array.from({ length: 8 }, () => ({ pressed: false })) };
    navigator.getGamepads = () => [pad];
    window.pad = pad;
}"""


def test_a_gamepad_jogs_while_its_deadman_is_held_and_its_b_is_stop(tablets: Tablets) -> None:
    tablet = tablets()
    tablet.by_hand()
    tablet.page.evaluate(PAD)
    tablet.page.wait_for_timeout(500)
    assert tablet.figure("Speed") == 0.0
    tablet.page.evaluate("() => { pad.buttons[4].pressed = true; }")
    tablet.page.wait_for_function(
        "() => parseFloat(document.querySelectorAll('.figure')[1].innerText) > 0.03"
    )
    tablet.page.evaluate("() => { pad.buttons[4].pressed = false; }")
    tablet.page.wait_for_function("() => parseFloat(document.querySelectorAll('.figure')[1].innerText) === 0")
    assert tablet.mode == "MANUAL"
    tablet.page.evaluate("() => { pad.buttons[1].pressed = true; }")
    tablet.see_mode("STOPPED")
