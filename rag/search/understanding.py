"""What a question says of the articles it wants: their dates and outlets, and whether it wants more than a sentence."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from rag.filters import Filters
from rag.search import asof, outlets, requests
from rag.search.spelling import IsWord, respell
from rag.storage.protocol import Store
from rag.text.names import fold


def understand(
    question: str,
    filters: Filters,
    *,
    store: Store,
    today: dt.date,
    is_word: IsWord,
) -> asof.Understood:
    """What was understood of `question`, of its dates and outlets where `filters` leave these open. `is_word` as in
    `rag.search.spelling`."""
    known = store.outlets()
    of_outlets = {word for name in known for word in fold(name).split()}
    respelled = respell(question, store, filters, lambda word: fold(word) in of_outlets or is_word(word))
    question, understood = respelled.question, asof.NOTHING
    if asof.is_open(filters):
        understood = asof.understand(question, today=today, newest=store.date_bounds()[1])
        if understood and understood.is_sure:
            # Where nothing passes but articles without a date are there, these may be what was meant.
            passing = understood.within(Filters())
            hopeless = not len(store.allowed(passing)) and store.n_undecided(passing) > 0
            understood = replace(understood, is_sure=not hopeless)
    text = understood.question or question
    asked = outlets.asked(text, known if filters.outlets is None else ())
    request = requests.request(asked.marked, happened=understood.happened is not None)
    if asked and (request is not None or asked.is_wording):
        named = " or ".join(asked.outlets)
        because = f"“{asked.words}” was taken as the outlet asked for: only articles of {named} were searched."
        understood = replace(
            understood,
            outlets=asked.outlets,
            because=(*understood.because, because),
            is_sure=False,
            question=text if request is not None else asked.rest,
        )
    if request is not None:
        # One about the library is answered whatever the store holds: nothing is searched for in vain.
        is_sure = understood.is_sure or request.kind in requests.OF_LIBRARY or not request.topic
        understood = replace(understood, request=request, is_sure=is_sure)
    if respelled.because:
        understood = replace(understood, spelling=respelled.because, question=understood.question or question)
    return understood
