"""`silkline console`: the robot's software and the server of its operator consoles."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from missions.cli.options import DIRECTORY, job_options


@click.command()
@click.argument("line", metavar="LINE-or-SCENARIO")
@job_options
@click.option("--simulate", is_flag=True, help="Drive the simulated robot.")
@click.option("--port", "device", metavar="DEV", help="Drive the robot behind this port.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Seed of all chance in simulation.")
@click.option("--drives", metavar="NAME|FILE", help="Motor controllers; the bridge board's unless given.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on; 0.0.0.0 for all.")
@click.option("--http-port", default=8470, show_default=True, type=click.IntRange(0, 65535), help="0 = any.")
@click.option("--tls", is_flag=True, help="Encrypt, with a certificate made here.")
@click.option("--insecure-lan", is_flag=True, help="Serve beyond this computer without --tls all the same.")
@click.option("--home", type=DIRECTORY, help="Where tokens, parameters and logs are kept.")
@click.option("--counted", is_flag=True, help="Simulated time waits for a computer that is too slow.")
@click.option(
    "--speed", default=1.0, type=click.FloatRange(0.1, 20), help="Of counted time in automatic modes."
)
def console(
    line: str,
    section: int | None,
    robot: Path | None,
    parameters: Path | None,
    settings: dict[str, float],
    simulate: bool,
    device: str | None,
    seed: int | None,
    drives: str | None,
    host: str,
    http_port: int,
    tls: bool,
    insecure_lan: bool,
    home: Path | None,
    counted: bool,
    speed: float,
) -> int:
    """Serve the operator console for the job of LINE-or-SCENARIO (a file or a packaged name).

    Prints the address, a QR code and the pairing codes. Ctrl-C stops the robot and ends everything. The STOP of
    the console is a software stop, not an emergency-stop device in the sense of ISO 13850.
    """
    if simulate == (device is not None):
        raise click.UsageError("give either --simulate or --port DEV")
    if device is not None and (counted or speed != 1.0):
        raise click.UsageError("--counted and --speed are for --simulate; a real robot keeps real time")
    from missions.console import start
    from missions.console.certificate import certify
    from missions.console.setup import Setup
    from missions.console.supervisor import Supervisor

    if not (tls or insecure_lan or start.is_loopback(host)):
        raise click.UsageError(f"--host {host} is seen by others: add --tls, or --insecure-lan to do without")
    home = home or start.default_home()
    setup = Setup(
        line=line,
        folder=str(start.socket_folder()),
        home=str(start.made(home)),
        device=device or "",
        section=section,
        robot=str(robot) if robot else None,
        parameters=str(parameters) if parameters else None,
        settings=settings,
        seed=seed,
        drives=drives,
        counted=counted or speed != 1.0,
        speed=speed,
        host=host,
        port=http_port or start.free_port(host),
        tls=tls,
        codes=start.new_codes(),
    )
    try:
        job = setup.job()  # what is wrong with its files is told before anything starts
        if device is not None:
            start.check_port(device)
        if tls:
            click.echo(f"certificate: {certify(home, start.own_address(host))}")
    except BaseException:
        start.discard(setup)
        raise
    supervisor = Supervisor(setup, lambda text: click.echo(text, err=True))
    ending = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ending.set())
    supervisor.start()
    if supervisor.wait_until_served(ending):
        click.echo(start.announcement(setup, job.line.name))
    return supervisor.run(ending)
