"""`python -m ivr`: every command of the line."""

from ivr.cli import main

main()
