"""Data that lies beside the project and is no part of it: tests that use it skip, saying why, where it is absent."""

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2].parent / "shared"


def shared(*parts: str) -> Path:
    """A path of ../shared; skips the test where there is none."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"../shared/{'/'.join(parts)} is absent: it is data beside the project, not part of it")
    return path
