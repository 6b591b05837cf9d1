"""Passwords and PINs at the least cost there is: hashing as the line does it takes 20 ms and 19 MB a time."""

from contextlib import contextmanager

import pytest
from argon2 import PasswordHasher

from ivr.services.accounts import staff

REAL = {name: getattr(staff, name) for name in ("HASHER", "NOBODY")}
CHEAP = {
    "HASHER": PasswordHasher(time_cost=1, memory_cost=8, parallelism=1),
    "NOBODY": f"$argon2id$v=19$m=8,t=1,p=1${'A' * 22}${'A' * 43}",
}


@contextmanager
def hashing(how):
    """Let this process hash `REAL` or `CHEAP`; what was hashed in one way is verified in the other, too."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in how.items():
            patch.setattr(staff, name, value)
        yield
