"""The rig that tests of the API ask."""

from pathlib import Path

import pytest

from railbox_server.store.interface import Store
from support.api_rig import standing_rig
from support.server_rig import Rig


@pytest.fixture
def rig(store: Store, tmp_path: Path) -> Rig:
    return standing_rig(store, tmp_path)
