"""One console for all tests that leave it as usable as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.missions.console.stage import Stage, near_line


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("console")
    stage = Stage(folder / "home", str(near_line(folder)))
    yield stage
    stage.close()
