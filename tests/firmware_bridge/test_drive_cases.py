"""The page on drives says which fault case is tested for which driver, and nothing else."""

from __future__ import annotations

import pytest
from drive_cases import CASES, ELSEWHERE, PAGE, covered, page


def test_the_page_is_as_the_tests_are():
    assert PAGE.read_text(encoding="utf-8") == page()


def test_the_list_is_whole():
    assert list(CASES) == list(range(1, 31))


def test_every_case_runs_for_the_board_but_that_of_the_hosts_own_clock():
    assert covered("board") == set(CASES) - {30}


@pytest.mark.parametrize("driver", ["vesc", "cia402"])
def test_every_case_runs_or_says_where_else(driver: str):
    assert covered(driver) | set(ELSEWHERE) == set(CASES)
