"""What all tests share: Hypothesis judges results, never speed, because machines are busy."""

from hypothesis import HealthCheck, settings

settings.register_profile("railbox", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("railbox")
