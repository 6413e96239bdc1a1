"""Exports: what is stored, in formats that others read."""
