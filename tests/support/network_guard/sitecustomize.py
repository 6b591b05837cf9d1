"""Python imports this before anything else where PYTHONPATH names this folder; see `CHILDREN_PATH` in settings.py."""

from loopback import close_other_sockets

close_other_sockets()
