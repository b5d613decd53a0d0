"""Every campaign by its name."""

from __future__ import annotations

from tests.campaigns import damage, formats, fuzz, hostile, kills, sharing, writes
from tests.campaigns.common import Campaign

ALL: dict[str, Campaign] = {
    "kills": kills.run,
    "formats": formats.run,
    "damage": damage.run,
    "writes": writes.run,
    "sharing": sharing.run,
    "hostile": hostile.run,
    "fuzz": fuzz.run,
}
