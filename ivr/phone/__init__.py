"""The telephone in the browser: pages that hold calls with the line through the simulator.

Each call is one stream of events, answered by the web worker that began it; keys and sound reach that worker through a
mailbox, whichever worker took them. The simulator is loaded when the first call begins, not before.
"""
