"""The local day of a stamp in UTC, where what stands beside it, its address or its country says which that is.

A story of the evening bears the next day's date in UTC west of Greenwich.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import re
from collections.abc import Iterable
from typing import NamedTuple

from rag.text.written_dates import is_possible

_STAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d)(?::\d\d(?:[.,]\d+)?)?\s*(Z|UTC|GMT|[+-]\d\d:?\d\d)?", re.IGNORECASE
)
_UTC = re.compile(r"(?i)z|utc|gmt|[+-]00:?00")
_WEST, _EAST = 12 * 60, 14 * 60  # minutes: no clock is further from UTC


class Moment(NamedTuple):
    """A date that the page gives, in the words in which it gives it; `day` is cut to what is known."""

    day: str
    words: str


def local_day(
    stamp: str, others: Iterable[str], url: str | None, shown: Moment | None = None
) -> tuple[str, str, bool] | None:
    """The local day of a stamp in UTC where it is another, why, and whether that is stated. It is told by `others`,
    stamps that stand beside it, by the day that is `shown`, and by the address."""
    match = _STAMP.match(_from_mail(stamp) or stamp)
    instant = _clock(match)
    if match is None or instant is None or match[4] is None or not _UTC.fullmatch(match[4]):
        return None
    told = f"The stamp “{stamp}” is in UTC"
    for words in others:
        if (offset := _offset(words, instant)) is not None:
            day = (instant + dt.timedelta(minutes=offset)).date().isoformat()
            return (day, f"{told}; beside it stands “{words}”: the local day.", True) if day != match[1] else None
    in_address = re.search(r"/((?:19|20)\d\d)[/-]?(\d\d)[/-]?(\d\d)(?=[/-])", url or "")
    witnesses = [(shown.day, f"the page shows “{shown.words}”")] if shown is not None else []
    if in_address is not None:
        witnesses.append(("-".join(in_address.groups()), f"the address carries “{in_address[0]}”"))
    for day, where in witnesses:
        if day == match[1]:
            return None
        if is_possible(day) and len(day) == 10 and _may_be_local(instant, dt.date.fromisoformat(day)):
            return day, f"{told}; {where}: the local day.", True
    zone, country = _zone(url)
    if zone is None:
        return None
    day = instant.replace(tzinfo=dt.timezone.utc).astimezone(zone).date().isoformat()
    reason = f"{told}; where the address is from (.{country}) it was already {day}, or still."
    return (day, reason, False) if day != match[1] else None


def _clock(match: re.Match[str] | None) -> dt.datetime | None:
    """What a match of `_STAMP` says but for its zone; None where there is no such day or hour."""
    try:
        return dt.datetime.fromisoformat(f"{match[1]}T{match[2]}:{match[3]}") if match is not None else None
    except ValueError:
        return None


def _from_mail(words: str) -> str | None:
    """The stamp of a feed or a mail ("Fri, 03 May 2024 01:20:11 GMT") as the others are written."""
    try:
        return email.utils.parsedate_to_datetime(words).isoformat() if "," in words[:12] else None
    except ValueError:
        return None


def _offset(words: str, instant: dt.datetime) -> int | None:
    """How many minutes the clock of another stamp is ahead of UTC: by its zone, or as the same moment without one."""
    match = _STAMP.match(words)
    clock = _clock(match)
    if match is None or clock is None or (match[4] is not None and _UTC.fullmatch(match[4])):
        return None
    if match[4] is not None:
        hours, minutes = int(match[4][1:3]), int(match[4][-2:])
        return (60 * hours + minutes) * (-1 if match[4][0] == "-" else 1)
    ahead = round((clock - instant).total_seconds() / 60)
    return ahead if ahead and ahead % 15 == 0 and -_WEST <= ahead <= _EAST else None


def _may_be_local(instant: dt.datetime, day: dt.date) -> bool:
    minutes = instant.hour * 60 + instant.minute
    step = (day - instant.date()).days
    return (step == -1 and minutes < _WEST) or (step == 1 and minutes >= 24 * 60 - _EAST)


def _zone(url: str | None) -> tuple[dt.tzinfo | None, str]:
    """The clock of the country that an address is of, where it has one clock only."""
    match = re.match(r"https?://[^/:?#]+\.([a-z]{2})(?=[/:?#]|$)", url or "", re.IGNORECASE)
    if match is None:
        return None, ""
    import pytz

    country = match[1].lower()
    zones = pytz.country_timezones.get({"uk": "gb"}.get(country, country).upper(), [])
    return (pytz.timezone(zones[0]) if len(zones) == 1 else None), country
