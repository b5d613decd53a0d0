"""The calendar in English: the names of months and weekdays; the words of a date, and the days that it can mean."""

from __future__ import annotations

import calendar

# Not strftime: that speaks the language of the machine.
FULL_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
MONTHS = {form: number for number, name in enumerate(FULL_MONTHS, 1) for form in (name.lower(), name[:3].lower())}
MONTHS["sept"] = 9
"""The number, from 1, of each month by its name and its short forms, in lower case."""
WEEKDAYS = {
    form: row.split()[0]
    for row in (
        "monday mon",
        "tuesday tue tues",
        "wednesday wed",
        "thursday thu thurs",
        "friday fri",
        "saturday sat",
        "sunday sun",
    )
    for form in row.split()
}
"""The full name of each weekday by that and its short forms, in lower case, from Monday on."""


def date_in_words(published: str | None) -> str:
    """An ISO date cut to what is known, in words: "29 April 2024", "April 2024", "2024"; "date not known"."""
    if not published:
        return "date not known"
    try:
        year, month, day = ([int(part) for part in published.split("-")] + [0, 0])[:3]
        name = FULL_MONTHS[month - 1] if month else ""
    except (ValueError, IndexError):
        return published
    return " ".join(part for part in (str(day or ""), name, str(year)) if part)


def date_range(published: str | None) -> tuple[str | None, str | None]:
    """First and last day that a date cut to what is known can mean: "2024-02" is 2024-02-01 to 2024-02-29."""
    if not published:
        return None, None
    if len(published) == 4:
        return f"{published}-01-01", f"{published}-12-31"
    if len(published) == 7:
        days = calendar.monthrange(int(published[:4]), int(published[5:]))[1]
        return f"{published}-01", f"{published}-{days:02d}"
    return published, published
