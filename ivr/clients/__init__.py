"""The outside world: each client with time-outs, its own errors, and a double that prints for development."""
