"""The engine's edge: reads a unit's tracks from the store, has `journey` judge them, stores what it says."""
