"""Runs the commands from the project's folder: `python cli.py build`. `shift/cli.py` says what they are."""

from shift.cli import main

if __name__ == "__main__":
    main()
