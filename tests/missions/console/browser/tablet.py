"""One device of a crew: a page in a browser of its own, used as people use it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.missions.console.stage import FIGURES, WEATHER, Stage

SLOW_MS = 60_000  # for what a loaded computer may take
PLAN_MS = 240_000
HELD_MS = 2600


class Tablet:
    """A page, paired with a role.

    Attributes:
        errors: what the page complained of, and requests that left the host.
    """

    def __init__(
        self,
        browser: Any,
        stage: Stage,
        role: str = "operator",
        size: tuple[int, int] = (1280, 800),
        language: str = "en",
        theme: str = "dark",
        touch: bool = False,
    ) -> None:
        self.stage, self.errors = stage, list[str]()
        width, height = size
        self.context = browser.new_context(viewport={"width": width, "height": height}, has_touch=touch)
        kept = json.dumps({"language": language, "theme": theme})
        self.context.add_init_script(
            f"for (const [k, v] of Object.entries({kept})) localStorage.getItem(k) ?? localStorage.setItem(k, v)"
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(SLOW_MS)
        self.page.on("pageerror", lambda error: self.errors.append(error.stack or str(error)))
        self.page.on("console", lambda said: said.type == "error" and self.errors.append(said.text))
        self.page.on("request", self._request)
        self.page.goto(f"{stage.url}#pair={stage.setup.codes[role]}")
        if role:
            self.pair()

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.stage.url, "data:", "blob:")):
            self.errors.append(f"asked for {request.url}")

    # ------------------------------------------------------------------ seeing

    def see(self, selector: str, timeout_ms: int = SLOW_MS) -> Any:
        self.page.wait_for_selector(selector, timeout=timeout_ms)
        return self.page.locator(selector).first

    @property
    def mode(self) -> str:
        return str(self.see(".mode[data-mode]").get_attribute("data-mode"))

    def see_mode(self, *modes: str, timeout_ms: int = SLOW_MS) -> None:
        self.see(", ".join(f'.mode[data-mode="{mode}"]' for mode in modes), timeout_ms)

    def figure(self, label: str) -> float:
        """A value beside the picture, as shown."""
        text = self.page.locator(".value", has_text=label).first.locator(".figure").inner_text()
        found = re.search(r"-?\d+(\.\d+)?", text)
        assert found, text
        return float(found[0])

    # ------------------------------------------------------------------ doing

    def pair(self) -> None:
        self.page.click("#pair")
        self.see(".mode[data-mode]")

    def show(self, screen: str) -> None:
        self.page.evaluate("name => { location.hash = name; }", screen)
        self.see(f'.page[data-screen="{screen}"]')

    def tap(self, selector: str) -> None:
        self.page.click(selector)

    def act(self, action: str) -> None:
        self.tap(f'[data-action="{action}"]:not([disabled])')

    def drive(self) -> None:
        """Be the one who drives; whoever did is silent or agrees."""
        self.show("drive")
        self.see(".mode[data-mode]")
        while "mine" not in str(self.page.locator(".holder").get_attribute("class")):
            if self.page.locator('[data-action="ask"]').count():
                self.act("ask")
            self.page.wait_for_timeout(500)

    def check_all(self) -> None:
        """The crew's checklist, by finger."""
        self.show("checks")
        self.see("[data-item]")
        open_items = self.page.locator('[data-item][aria-checked="false"]')
        for item in [box.get_attribute("data-item") for box in open_items.all()]:
            self.tap(f'[data-item="{item}"]')
        for name, value in {**FIGURES, **WEATHER}.items():
            row = self.page.locator(f'[data-figure="{name}"]')
            if f"{value:g} " not in row.locator("b").inner_text():
                row.click()
                self.type(f"{value:g}")

    def type(self, number: str) -> None:
        """On the keys of the keypad."""
        for key in number:
            self.page.locator(".keys button", has_text=re.compile(f"^{re.escape(key)}$")).click()
        self.tap("#keypad .primary")

    def slide(self, share: float = 1.0) -> None:
        """Draw the knob so far, and let go."""
        track, knob = self.see(".slide").bounding_box(), self.see(".knob").bounding_box()
        way = track["width"] - knob["width"]
        x, y = knob["x"] + knob["width"] / 2, knob["y"] + knob["height"] / 2
        mouse = self.page.mouse
        mouse.move(x, y)
        mouse.down()
        mouse.move(x + way * share / 2, y, steps=4)
        mouse.move(x + way * share + (8 if share >= 1 else 0), y, steps=4)
        mouse.up()

    def arm(self) -> None:
        self.show("checks")
        self.see(".slide:not(.disabled)", PLAN_MS)
        self.slide()
        self.see_mode("READY")

    def stop(self) -> None:
        """The finger comes down; it need not go up."""
        self.page.locator("#stop").dispatch_event("pointerdown", {"button": 0, "isPrimary": True})
        self.see_mode("STOPPED")

    def press(self, selector: str, held_ms: int = HELD_MS) -> None:
        """Down, wait, up."""
        with self.held(selector):
            self.page.wait_for_timeout(held_ms)

    @contextmanager
    def held(self, selector: str) -> Iterator[None]:
        """Down for as long as this lasts."""
        box = self.see(selector).bounding_box()
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.page.mouse.down()
        yield
        self.page.mouse.up()

    def reset(self) -> None:
        self.show("drive")
        self.press(".press.reset")
        self.see_mode("SAFE")

    def ready(self) -> None:
        """Driving, checked, armed, clamped on the line."""
        self.drive()
        if self.mode != "SAFE":
            self.stop()
            self.reset()
        self.check_all()
        self.arm()
        self.show("drive")
        if self.page.locator('[data-action="mount"]').count():
            self.act("mount")
            self.see_mode("MOUNTING")
            self.see_mode("READY")

    def by_hand(self) -> None:
        self.ready()
        self.act("manual")
        self.see_mode("MANUAL")
