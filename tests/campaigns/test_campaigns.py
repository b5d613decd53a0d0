"""Each campaign for a few rounds; `make campaign` runs them by the clock."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.campaigns.common import rounds
from tests.campaigns.every import ALL

SHORT = {
    "kills": 4,
    "formats": 3,
    "damage": 10,
    "writes": 2,
    "sharing": 1,
}  # hostile and fuzz: by the clock only, until their cost on a free core is known


@pytest.mark.parametrize("name", SHORT)
def test_a_few_rounds(name: str, tmp_path: Path) -> None:
    done = ALL[name](tmp_path, random.Random(20240506), rounds(SHORT[name]))
    assert done["rounds"] == SHORT[name]
