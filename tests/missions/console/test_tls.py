"""With --tls everything is encrypted, and a device that trusts the console's certificate is served."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from missions.console import start
from missions.console.certificate import CERTIFICATE, certify
from missions.console.client import Console, pair
from tests.missions.console.stage import Stage, near_line


def test_a_device_that_trusts_the_certificate_stops_the_robot_and_no_other_is_served(tmp_path: Path) -> None:
    home = start.made(tmp_path / "home")
    certify(home, "127.0.0.1")
    stage = Stage(home, str(near_line(tmp_path)), tls=True)
    try:
        assert stage.url.startswith("https://")
        trusting = ssl.create_default_context(cafile=home / CERTIFICATE)
        token = pair(stage.url, stage.setup.codes["observer"], "phone", trusting)
        with Console(stage.url, token, trusting) as console:
            console.wait_for(lambda s: s["robot"]["connected"])
            assert console.stop()["latched"]
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            Console(stage.url, token, ssl.create_default_context())
    finally:
        stage.close()
