"""Tracks from elsewhere, taken in as if a tracker had sent them."""
