"""Keeping patients' data: backups, the keys that encrypt it, how long it stays, and erasing it on request."""
