"""`silkline console`: what it refuses before anything starts."""

from __future__ import annotations

import pytest

from missions.cli import main


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["short-60m"], "give either --simulate or --port DEV"),
        (["short-60m", "--simulate", "--port", "/dev/ttyACM0"], "give either --simulate or --port DEV"),
        (["short-60m", "--simulate", "--host", "0.0.0.0"], "add --tls, or --insecure-lan"),
        (["short-60m", "--port", "/dev/ttyACM0", "--speed", "2"], "a real robot keeps real time"),
        (["no-such-line", "--simulate"], "no-such-line"),
        (["short-60m", "--simulate", "--set", "wrap_speed_mps=9"], "wrap_speed_mps"),
        (["short-60m", "--port", "/dev/no-such-port"], "/dev/no-such-port"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    capfd: pytest.CaptureFixture[str], tmp_path: object, arguments: list[str], text: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["console", *arguments, "--home", str(tmp_path), "--http-port", "0"])
    out, err = capfd.readouterr()
    assert ended.value.code == 2
    assert text in err
    assert out == ""
