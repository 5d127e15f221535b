"""The command line. Only here a whole system is put together.

What stands here is what every command shares and imports next to nothing: Ctrl-C ends quietly from the first
moment on, also while the rest is being imported.
"""

from __future__ import annotations

import sys

DONE, STOPPED, BAD_INPUT, PROMISE_BROKEN = 0, 1, 2, 3  # exit codes (design, section 13)


def main(arguments: list[str] | None = None) -> None:
    """Entry point; ends the process with an exit code."""
    try:
        from missions.cli.app import run

        code = run(arguments)
    except KeyboardInterrupt:
        code = STOPPED
    sys.exit(code)
