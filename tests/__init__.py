"""The tests; a package, because some libraries install one of the same name."""

import pytest

pytest.register_assert_rewrite("tests.support")
