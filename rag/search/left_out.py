"""Notes on the articles that filters leave out, or let through, without being sure of them."""

from __future__ import annotations

from rag.filters import Filters
from rag.storage.protocol import Store


def note_left_out(filters: Filters, store: Store) -> list[str]:
    """A sentence for each kind of them that there is: too little is known of their date, or they were changed after
    `filters.as_of`."""
    notes = []
    if unsure := store.n_undecided(filters):
        notes.append(
            f"Left out: {unsure} article{'s' if unsure > 1 else ''} whose date is not known exactly enough to tell "
            "whether the dates asked for hold."
        )
    if uncertain := store.n_uncertain(filters):
        notes.append(
            f"Uncertain: {uncertain} article{'s' if uncertain > 1 else ''} whose date is known only to the month "
            "or year may lie outside the dates asked for."
        )
    if changed := store.n_revised_since(filters):
        notes.append(f"Left out: {changed} article{'s' if changed > 1 else ''} changed after {filters.as_of}.")
    return notes
