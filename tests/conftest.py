"""How long an example takes is the machine's business: two more runs go on beside this one.

With PASSGATE_TEST_SEED the examples are the same every time, and tools/run_tests.py has the order be so too.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "busy",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("PASSGATE_TEST_SEED")),
)
settings.load_profile("busy")
