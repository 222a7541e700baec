"""How much hypothesis tries: `dev.py test` is quick, `dev.py test --all` is thorough."""

from __future__ import annotations

import os

from hypothesis import settings

# No deadline: a test that shares two cores with all others is slow now and then, and nothing is wrong with it.
settings.register_profile("quick", deadline=None, print_blob=True)
settings.register_profile("all", deadline=None, print_blob=True, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
