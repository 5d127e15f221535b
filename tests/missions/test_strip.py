"""The strip of a crossing shows every stop with its clearance, the same as SVG, PNG and HTML."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import cv2
import numpy as np
import pytest

from missions.cli import main
from missions.files import PACKAGED_LINES
from missions.report.raster import SCALE, pixels


def silkline(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["crossing", *arguments])
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("strip")
    for kind in ("svg", "png", "html"):
        assert silkline("short-60m", "--out", str(folder / f"strip.{kind}")) == 0
    return folder


def texts(path: Path) -> list[str]:
    root = ET.fromstring(path.read_text(encoding="utf-8"))
    return [element.text or "" for element in root.iter() if element.tag.endswith("text")]


def test_every_stop_has_a_row_with_its_acts_and_clearance(drawn: Path) -> None:
    words = texts(drawn / "strip.svg")
    assert "pin-10 at 28.00 m" in words
    assert "fault-indicator at 42.00 m" in words
    for act in ("open front", "lift middle", "park rotor", "retract guide", "release rotor", "no way back"):
        assert act in words
    stops = [w for w in words if w.endswith(" m") and w[:2].isdigit() and " at " not in w]
    clearances = [w for w in words if w.endswith(" mm")]
    assert len(clearances) == len(stops) + 2  # and one in each head


def test_the_png_is_the_same_drawing(drawn: Path) -> None:
    text = (drawn / "strip.svg").read_text(encoding="utf-8")
    image = cv2.imread(str(drawn / "strip.png"))
    _, _, width, height = (float(v) for v in ET.fromstring(text).attrib["viewBox"].split())
    assert image.shape == (round(height * SCALE), round(width * SCALE), 3)
    assert np.array_equal(image, pixels(text))


def test_the_page_needs_nothing_from_elsewhere(drawn: Path) -> None:
    text = (drawn / "strip.html").read_text(encoding="utf-8")
    assert "<svg" in text
    assert "Planned crossings" in text
    assert "href=" not in text
    assert "src=" not in text


def test_what_blocks_is_drawn_red_with_its_reason(tmp_path: Path) -> None:
    survey = (PACKAGED_LINES / "short-60m.toml").read_text(encoding="utf-8")
    (tmp_path / "line.toml").write_text(survey.replace('"fault-indicator"', '"spacer"'), encoding="utf-8")
    out = tmp_path / "strip.svg"
    assert silkline(str(tmp_path / "line.toml"), "--out", str(out)) == 1
    words = texts(out)
    assert "blocked" in words
    assert "roller arm right meets spacer" in " ".join(words)


def test_shapes_are_drawn_where_the_drawing_has_them_and_opacity_mixes() -> None:
    image = pixels(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30 20"><style>x</style>'
        '<g transform="translate(0 10)"><rect x="2" y="2" width="6" height="6" fill="#ff0000"/></g>'
        '<rect x="12" y="2" width="6" height="6" fill="#000000" fill-opacity="0.5"/>'
        '<circle cx="25" cy="5" r="3" fill="#0000ff"/></svg>'
    )
    assert image[30, 10].tolist() == [0, 0, 255]
    assert image[10, 30] == pytest.approx(128, abs=1)
    assert image[10, 50].tolist() == [255, 0, 0]
    assert image[30, 30].tolist() == [255, 255, 255]


def test_an_element_that_it_cannot_draw_is_an_error() -> None:
    with pytest.raises(ValueError, match="path is not known"):
        pixels('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 3 2"><path d="M0,0"/></svg>')


@pytest.mark.parametrize("name", ["strip.pdf", "no-such-folder/strip.svg"])
def test_a_file_that_cannot_be_drawn_ends_with_2(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert silkline("short-60m", "--out", str(tmp_path / name)) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
