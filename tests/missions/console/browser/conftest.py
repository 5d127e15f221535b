"""A browser for the crew's tablets; where there is none, these tests are skipped and say so."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.missions.console.browser.tablet import Tablet
from tests.missions.console.stage import Stage

CHROMIUM = shutil.which("chromium")
PICTURES = Path(__file__).resolve().parents[4] / "runs" / "console-pictures"


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """Debian's Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def tablets(chromium: Any, stage: Stage) -> Iterator[Callable[..., Tablet]]:
    """Makes tablets, and sees at the end that none of them has complained or left the host."""
    made: list[Tablet] = []

    def make(role: str = "operator", **options: Any) -> Tablet:
        made.append(Tablet(chromium, stage, role, **options))
        return made[-1]

    yield make
    for tablet in made:
        tablet.context.close()
    assert [error for tablet in made for error in tablet.errors] == []


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where pictures of the screens are kept for people to look at."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    return PICTURES
