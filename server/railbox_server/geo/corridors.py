"""Where corridors are found: the ones that ship, and a user's own folders, which override and add."""

from railbox_server.geo.model import Border, Corridor, Leg, Place

__all__ = ["Border", "Corridor", "Leg", "Place"]
