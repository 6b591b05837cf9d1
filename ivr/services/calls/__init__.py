"""Calls: taking their turns, answering what they ask, watching them, and catching up after an outage."""
