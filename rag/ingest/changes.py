"""What changed between two versions of an article, sentence by sentence."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rag.ingest.boilerplate import find_headings
from rag.text.sentences import split_sentences
from rag.types import Article, Json, Span, Value, Version

# From this likeness on (difflib's ratio over words, 0..1) a sentence counts as the other one changed.
SAME_SENTENCE = 0.5
_COMPARED = ("title", "outlet", "authors", "url", "section", "published", "updated")
_Sentence = tuple[Span, str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Change:
    """A sentence that two versions do not share. `before` and `after` are its characters in the older and the newer
    text; None for a sentence that was added or removed. "moved" stands elsewhere with the same words."""

    kind: Literal["added", "removed", "changed", "moved"]
    before: Span | None
    after: Span | None
    before_text: str
    after_text: str

    def to_dict(self) -> Json:
        sides = (("before", self.before, self.before_text), ("after", self.after, self.after_text))
        return {"kind": self.kind} | {
            name: {"start": span[0], "end": span[1], "text": text} if span is not None else None
            for name, span, text in sides
        }


@dataclass(frozen=True, kw_only=True)
class Diff(Value):
    """What changed from one version of a piece to the next. `fields` maps the name of a value that differs (title,
    published, …) to what it was and what it is."""

    older: Version
    newer: Version
    fields: dict[str, tuple[Any, Any]]
    changes: tuple[Change, ...]

    def to_dict(self) -> Json:
        differ = {name: {"before": before, "after": after} for name, (before, after) in self.fields.items()}
        return {**super().to_dict(), "fields": differ}


def diff(older: Version, newer: Version) -> Diff:
    """The values and sentences that differ, in the order of the newer text. White space alone is no change."""
    before, after = older.article, newer.article
    fields = {
        name: (getattr(before, name), getattr(after, name))
        for name in _COMPARED
        if getattr(before, name) != getattr(after, name)
    }
    changes = tuple(_with_moves(list(_changes(_sentences(before), _sentences(after)))))
    return Diff(older=older, newer=newer, fields=fields, changes=changes)


def _sentences(article: Article) -> list[_Sentence]:
    """Headings and sentences in order, with their words; what is not story ("(Updates with …") counts too."""
    text = article.text
    cuts = [(0, 0), *sorted({*article.boilerplate, *find_headings(text)}), (len(text), len(text))]
    spans: list[Span] = []
    at = 0
    for start, end in cuts:
        if start >= at:
            spans += [(at + s, at + e) for s, e in split_sentences(text[at:start])]
            spans += [(start, end)] if end > start else []
            at = end
    return [((s, e), text[s:e].strip(), tuple(text[s:e].split())) for s, e in spans if text[s:e].strip()]


def _changes(old: Sequence[_Sentence], new: Sequence[_Sentence]) -> Iterator[Change]:
    matcher = difflib.SequenceMatcher(a=[words for *_, words in old], b=[words for *_, words in new], autojunk=False)
    for tag, i, i_end, j, j_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        pairs = _pairs(old[i:i_end], new[j:j_end])
        kept = {pair[0] for pair in pairs}
        others = {b: a for a, b in pairs}
        yield from (_change(one, None) for a, one in enumerate(old[i:i_end]) if a not in kept)
        for b, one in enumerate(new[j:j_end]):
            yield _change(old[i + others[b]] if b in others else None, one)


def _pairs(old: Sequence[_Sentence], new: Sequence[_Sentence]) -> list[tuple[int, int]]:
    """Which sentences are changed forms of which, the most alike first, each used once."""
    if len(old) * len(new) > 10_000:  # a text that was written anew: nothing is gained from comparing all with all
        return []
    rated = []
    for a, (_, _, words) in enumerate(old):
        matcher = difflib.SequenceMatcher(b=words, autojunk=False)
        for b, (_, _, others) in enumerate(new):
            matcher.set_seq1(others)
            if matcher.quick_ratio() >= SAME_SENTENCE and (ratio := matcher.ratio()) >= SAME_SENTENCE:
                rated.append((-ratio, a, b))
    pairs: dict[int, int] = {}
    for _, a, b in sorted(rated):
        if a not in pairs and b not in pairs.values():
            pairs[a] = b
    return list(pairs.items())


def _change(before: _Sentence | None, after: _Sentence | None) -> Change:
    return Change(
        kind="added" if before is None else "removed" if after is None else "changed",
        before=before[0] if before is not None else None,
        after=after[0] if after is not None else None,
        before_text=before[1] if before is not None else "",
        after_text=after[1] if after is not None else "",
    )


def _with_moves(changes: list[Change]) -> Iterator[Change]:
    """The changes, a sentence that was removed here and added there, word for word, told once, as moved."""
    removed = {" ".join(change.before_text.split()): change for change in changes if change.kind == "removed"}
    moved: dict[int, Change] = {}
    gone = set()
    for change in changes:
        old = removed.pop(" ".join(change.after_text.split()), None) if change.kind == "added" else None
        if old is not None:
            gone.add(id(old))
            moved[id(change)] = Change(
                kind="moved",
                before=old.before,
                after=change.after,
                before_text=old.before_text,
                after_text=change.after_text,
            )
    for change in changes:
        if id(change) not in gone:
            yield moved.get(id(change), change)
