"""`python -m missions.cli`: the command without its installation."""

from missions.cli import main

main()
