"""What hands do on the page: STOP, slides, buttons that are held, and all that takes a finger or a page away."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.missions.console.browser.tablet import Tablet
from tests.missions.console.stage import Stage
from tests.missions.console.test_lost import cut_and_still

Tablets = Callable[..., Tablet]
FORWARD = '[data-jog="travel:+"]'
STOP_S = 0.150
LOST_MS = 2000


def test_stop_acts_when_the_finger_comes_down_and_latches(tablets: Tablets) -> None:
    tablet = tablets("observer")
    began_s = time.monotonic()
    tablet.stop()
    assert "Stopped" in tablet.see("#stop small").inner_text()
    assert time.monotonic() - began_s < 10 * STOP_S  # the painted word, on a loaded computer


def test_space_is_stop_whatever_has_the_focus(tablets: Tablets) -> None:
    tablet = tablets()
    tablet.drive()
    if tablet.mode == "STOPPED":
        tablet.reset()
    tablet.page.locator(".holder").focus()
    tablet.page.keyboard.press("Space")
    tablet.see_mode("STOPPED")
    assert tablet.page.locator("#hand-over").count() == 0


@contextmanager
def nobody_serves(stage: Stage) -> Iterator[None]:
    pid = stage.supervisor.pid("server")
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_lost_link_is_shown_and_a_stop_is_not_confirmed_until_it_is(tablets: Tablets, stage: Stage) -> None:
    tablet = tablets()
    tablet.drive()
    tablet.see(".camera-age")
    with nobody_serves(stage):
        assert "LINK LOST" in tablet.see("#lost-link.grave", LOST_MS).inner_text()
        tablet.see(".veil", LOST_MS)
        tablet.page.locator("#stop").dispatch_event("pointerdown", {"button": 0})
        assert "not confirmed" in tablet.see("#stop.unconfirmed").inner_text()
        tablet.page.wait_for_timeout(1500)
        assert tablet.page.locator("#stop.unconfirmed").count() == 1
        assert tablet.page.locator("[data-action]:not([disabled])").count() == 0
    tablet.see("#stop:not(.unconfirmed)")
    tablet.see_mode("STOPPED")
    tablet.page.wait_for_timeout(1000)
    assert "is back" in tablet.see("#lost-link.waits").inner_text()
    tablet.tap("#lost-link button")
    assert tablet.page.locator("#lost-link").count() == 0


def test_a_tap_and_half_a_slide_do_not_arm(tablets: Tablets) -> None:
    tablet = tablets()
    tablet.drive()
    if tablet.mode != "SAFE":
        tablet.stop()
        tablet.reset()
    tablet.check_all()
    tablet.see(".slide:not(.disabled)", 240_000)
    tablet.tap(".knob")
    tablet.slide(0.5)
    tablet.slide(0.9)
    tablet.page.wait_for_timeout(500)
    assert tablet.mode == "SAFE"
    tablet.slide()
    tablet.see_mode("READY")


def test_a_reset_that_is_let_go_too_early_resets_nothing(tablets: Tablets) -> None:
    tablet = tablets()
    tablet.drive()
    tablet.stop()
    tablet.press(".press.reset", 1000)
    tablet.page.wait_for_timeout(1500)
    assert tablet.mode == "STOPPED"
    tablet.reset()


@contextmanager
def rolling(tablet: Tablet) -> Iterator[None]:
    """Held forward at the speed of the promise."""
    with tablet.held(FORWARD):
        tablet.page.wait_for_function(
            "() => parseFloat(document.querySelectorAll('.figure')[1].innerText) >= 0.09"
        )
        yield


def blurred(tablet: Tablet) -> None:
    tablet.page.evaluate("() => dispatchEvent(new Event('blur'))")


def cancelled(tablet: Tablet) -> None:
    tablet.page.locator(FORWARD).dispatch_event("pointercancel", {"pointerId": 1})


def hidden(tablet: Tablet) -> None:
    tablet.page.evaluate(
        """() => {
            Object.defineProperty(document, "visibilityState", { get: () => "hidden", configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )


def killed(tablet: Tablet) -> None:
    tablet.page.close()


def test_whatever_takes_the_finger_or_the_page_away_ends_the_motion(tablets: Tablets, stage: Stage) -> None:
    tablet = tablets()
    tablet.by_hand()
    tablet.tap('[data-open="speed"]')
    with rolling(tablet):
        pass
    tablet.page.wait_for_timeout(800)
    assert (tablet.mode, tablet.figure("Speed")) == ("MANUAL", 0.0)
    for taken_away in (blurred, cancelled):
        with rolling(tablet):
            taken_away(tablet)
            tablet.page.wait_for_timeout(800)
            assert tablet.mode == "MANUAL"  # somebody still looks; only the button is let go
        cut_and_still(stage)
    with rolling(tablet):
        hidden(tablet)
        tablet.see_mode("HOLD")
    cut_and_still(stage)


def test_a_page_that_is_closed_while_its_button_is_held_moves_nothing_any_more(
    tablets: Tablets, stage: Stage
) -> None:
    tablet = tablets()
    tablet.by_hand()
    tablet.tap('[data-open="speed"]')
    held = rolling(tablet)
    held.__enter__()
    killed(tablet)
    cut_and_still(stage)


def test_a_step_of_a_crossing_is_done_by_hand_up_to_its_planned_stance(tablets: Tablets) -> None:
    tablet = tablets()
    tablet.ready()
    tablet.act("start")
    tablet.see_mode("CROSSING")
    tablet.act("hold")
    tablet.see_mode("HOLD")
    tablet.show("assist")
    assert tablet.see(".stance.planned").is_visible()
    tablet.act("manual")
    tablet.see_mode("MANUAL")
    step = '[data-jog="step"]'
    with tablet.held(step):
        tablet.see(f"{step}[disabled]")  # it is reached, and nothing moves any more
    stands, planned = (words.inner_text() for words in tablet.page.locator(".stances .words").all())
    assert stands == planned
    assert set(stands.split()) != {"clamped"}
