"""Numbers of simulated units and devices, with valid check digits.

Containers carry the owner code RBX, wagons the code of the Korean State Railway (30): what the direct carriage is.
"""

from random import Random

from railbox_telemetry import identity

OWNER_AND_CATEGORY = "RBXU"
WAGON_PREFIX = "6130"
"""UIC: 61 is a passenger coach for international service, 30 the railway of North Korea."""


def container(rng: Random) -> str:
    first_ten = f"{OWNER_AND_CATEGORY}{rng.randrange(1_000_000):06d}"
    return f"{first_ten}{identity.container_check_digit(first_ten)}"


def wagon(rng: Random) -> str:
    first_eleven = f"{WAGON_PREFIX}{rng.randrange(10_000_000):07d}"
    return f"{first_eleven}{identity.wagon_check_digit(first_eleven)}"


def device(unit: str) -> str:
    """The tracker of a unit: its serial number and check digit name it."""
    return f"sim-{unit[-7:]}"
