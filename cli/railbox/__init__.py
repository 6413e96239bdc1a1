"""The `railbox` command, and what needs both the tracker and the server: simulate, borders, demo.

The rooms do not know this package; it may know them all.
"""

from importlib.metadata import version

__version__ = version("railbox")
