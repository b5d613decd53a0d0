"""Each campaign for a few rounds; `make campaign` runs them by the clock."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.campaigns import ALL
from tests.campaigns.common import rounds

SHORT = {"kills": 8, "formats": 8, "damage": 40, "writes": 6, "sharing": 2, "hostile": 30, "fuzz": 12}


@pytest.mark.parametrize("name", ALL)
def test_a_few_rounds(name: str, tmp_path: Path) -> None:
    done = ALL[name](tmp_path, random.Random(20240506), rounds(SHORT[name]))
    assert done["rounds"] == SHORT[name]
