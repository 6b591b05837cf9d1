"""The conversation: a pure call tree and the engine that walks it. Standard library only; start with `tree.py`."""
