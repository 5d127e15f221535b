"""What is needed before the console's processes start, and what is said when they have."""

from __future__ import annotations

import io
import ipaddress
import os
import shutil
import socket
import tempfile
from pathlib import Path

from firmware_bridge.ports import PortError, SerialPort
from missions.console.access import new_code, shown_code
from missions.console.protocol import Role
from missions.console.setup import Setup
from missions.file_errors import InputError

_ANY = ("0.0.0.0", "::", "")


def default_home() -> Path:
    """Where tokens, parameters and logs are kept unless said otherwise."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "silkline"


def made(home: Path) -> Path:
    """The folder, there and closed to others.

    Raises:
        InputError: it cannot be made.
    """
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise InputError(f"{home}: {error.strerror}; name a folder that can be made with --home") from None
    return home


def check_port(device: str) -> None:
    """Raises InputError: there is no such port, or another program has it."""
    try:
        SerialPort(device).close()
    except PortError as error:
        raise InputError(f"{error}; name the port of the robot's board") from None


def socket_folder() -> Path:
    """A folder of our own for the sockets; their paths must be short."""
    return Path(tempfile.mkdtemp(prefix="silkline-"))


def discard(setup: Setup) -> None:
    """Nothing was started."""
    shutil.rmtree(setup.folder, ignore_errors=True)


def new_codes() -> dict[str, str]:
    return {role.name.lower(): new_code() for role in Role}


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def own_address(host: str) -> str:
    """The address by which other devices reach this computer."""
    if host not in _ANY:
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent; it only asks for the way
        except OSError:
            return "127.0.0.1"
        address: str = probe.getsockname()[0]
        return address


def url(setup: Setup) -> str:
    scheme = "https" if setup.tls else "http"
    return f"{scheme}://{own_address(setup.host)}:{setup.port}/"


def announcement(setup: Setup, line: str) -> str:
    """Address, QR code and codes, for the screen of the computer."""
    import segno

    pairing = f"{url(setup)}#pair={setup.codes['operator']}"
    drawn = io.StringIO()
    segno.make(pairing, error="m").terminal(drawn, compact=True)
    codes = [f"  {role:<9} {shown_code(code)}" for role, code in setup.codes.items()]
    return "\n".join(
        [
            f"{line}: {'robot on ' + setup.device if setup.device else 'simulated robot'}",
            f"console: {url(setup)}",
            drawn.getvalue().rstrip("\n"),
            "The QR code pairs an operator's tablet. Pairing codes:",
            *codes,
            "Ctrl-C stops the robot and ends the console.",
        ]
    )
