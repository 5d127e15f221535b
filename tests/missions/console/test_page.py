"""The page's files: every text comes from the catalogue, every module is there, nothing comes from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from missions.console.server import STATIC
from missions.console.texts import catalogue
from missions.console.trends import SERIES

OWN = [path for path in STATIC.rglob("*.js") if "vendor" not in path.parts]
INDEX = (STATIC / "index.html").read_text(encoding="utf-8")
MAPPED = dict(re.findall(r'"([^"]+)": "\./([^"]+)"', INDEX))
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def names(path: Path) -> str:
    return str(path.relative_to(STATIC))


@pytest.mark.parametrize("path", OWN, ids=names)
def test_every_text_that_a_module_names_is_in_the_catalogue(path: Path) -> None:
    named = re.findall(r'\b(?:t|both)\("(\w+)\.(\w+)"', path.read_text(encoding="utf-8"))
    assert [f"{section}.{key}" for section, key in named if key not in catalogue().get(section, {})] == []


@pytest.mark.parametrize("path", OWN, ids=names)
def test_no_module_has_chinese_words_of_its_own(path: Path) -> None:
    found = [line for line in path.read_text(encoding="utf-8").splitlines() if CHINESE.search(line)]
    assert [line for line in found if '["zh", "中文"]' not in line] == []  # a language is named in itself


@pytest.mark.parametrize("path", OWN, ids=names)
def test_what_a_module_imports_is_served_from_here(path: Path) -> None:
    for wanted in re.findall(r'^import .*?"([^"]+)";$', path.read_text(encoding="utf-8"), re.M):
        if wanted.startswith("."):
            assert (path.parent / wanted).is_file(), wanted
        else:
            assert (STATIC / MAPPED[wanted]).is_file(), wanted


def test_every_text_of_the_page_is_used() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in OWN)
    made = ("screen_", "camera_", "hold_", "alarms_", "file_", "tablet_", "phone_", "desk")  # put together
    unused = [key for key in catalogue()["ui"] if f"ui.{key}" not in code and not key.startswith(made)]
    assert unused == []


def test_every_curve_has_a_name() -> None:
    assert set(catalogue()["series"]) == set(SERIES)


def test_the_page_has_no_script_in_its_text_but_the_map_of_modules() -> None:
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", INDEX, re.S)
    assert [attributes for attributes, text in scripts if text.strip()] == [' type="importmap"']
    assert "style=" not in INDEX
    assert "//" not in re.sub(r"<!--.*?-->", "", INDEX)
