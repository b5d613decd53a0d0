"""Which language a question is written in."""

from __future__ import annotations

from functools import cache
from typing import Any

from rag.text.lexicon import FUNCTION
from rag.text.words import has_words

NAMES = {
    **{"ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish"},
    **{"fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian"},
    **{"id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "no": "Norwegian"},
    **{"pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "tr": "Turkish"},
    **{"uk": "Ukrainian", "zh": "Chinese"},
}
"""What is told apart: more languages would take questions from each other."""
# How sure it must be that it is not English, and which language it is. Of 718 English questions none seems another
# language, of 20 French, German and Spanish ones all do.
NOT_ENGLISH, NAMED = 0.95, 0.7
# So many and so large a share of English function words make a question English: the identifier takes a second to load.
ENGLISH_WORDS, ENGLISH_SHARE = 2, 0.25
MOST_CHARS = 2_000


def other_language(text: str) -> str | None:
    """The English name of the language in which `text` seems to be written where that is not English, else None; None
    too for what is too short to tell."""
    words = text[:MOST_CHARS].lower().split()
    n_english = sum(word.strip("?.,!:;'’\"") in FUNCTION for word in words)
    if not has_words(text) or (n_english >= ENGLISH_WORDS and n_english >= ENGLISH_SHARE * len(words)):
        return None
    shares = dict(_identifier().rank(text[:MOST_CHARS]))
    code = max(shares, key=shares.__getitem__)
    return NAMES[code] if 1 - shares["en"] >= NOT_ENGLISH and shares[code] >= NAMED else None


@cache
def _identifier() -> Any:
    # Not at the top: it is needed for few questions, and takes a second.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(NAMES))
    return identifier
