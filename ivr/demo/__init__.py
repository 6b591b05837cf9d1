"""The demo: everything started with one command on made-up secrets, and a made-up week of calls in it."""
