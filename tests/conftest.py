"""What holds for all tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# A machine with other work takes longer for an example, or for thinking one up; that says nothing
# about what is tested.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")
