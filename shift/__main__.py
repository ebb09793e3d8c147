"""`python -m shift`."""

from shift.cli import main

main()
