"""Models that somebody names: any extractive question answerer, inference model or pair scorer of transformers, by its
name on the hub or by its folder. They need torch, which takes its time to import."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from rag.errors import BylineError
from rag.models.adapter import Floats
from rag.models.reader import LONGEST_ANSWER, UNREAD, Passage, Reading
from rag.models.verifier import CONTEXT

PAIRS_PER_BATCH = 16
LEAST = 1e-6  # no outcome is thought less likely
MOST_TOKENS = 512
# How published inference models name their outcomes: carried, contradicted, neither. The first that fits counts, since
# "unsupported" holds "support".
OUTCOMES = (
    (2, re.compile(r"^(no[tn]?|un|in)[\W_]*(entail|support|consist|correct|enough|info)")),
    (1, re.compile("contra|refut")),
    (0, re.compile("entail|support|consist|^correct")),
    (2, re.compile("neutral|^not|^nei|unk")),
)


class NliVerifier:
    """An inference model (`AutoModelForSequenceClassification`): which of its labels mean carried, contradicted and
    neither is read from its configuration.

    BylineError where it cannot be loaded, or its labels say none of this.
    """

    def __init__(self, name: str) -> None:
        self.name = f"nli:{name}"
        self._tokenizer, self._model, self._most_tokens = _load(name, "AutoModelForSequenceClassification", self.name)
        labels = {int(i): str(label).lower() for i, label in self._model.config.id2label.items()}
        self._columns = [[i for i, label in labels.items() if _outcome(label) == n] for n in range(3)]
        if not self._columns[0] or len(labels) < 2:
            raise BylineError(
                f"the labels of {self.name} are {', '.join(labels.values())}: name a model whose configuration says "
                "which of them means entailment."
            )

    def verify(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """See `rag.models.verifier.Verifier.verify`."""
        import torch

        found = np.zeros((len(pairs), 3), dtype=np.float32)
        for at in range(0, len(pairs), PAIRS_PER_BATCH):
            batch = pairs[at : at + PAIRS_PER_BATCH]
            inputs = self._tokenizer(
                [_with_title_first(text) for _, text in batch],
                [claim for claim, _ in batch],
                truncation="longest_first",
                max_length=self._most_tokens,
                padding=True,
                return_tensors="pt",
            )
            with torch.no_grad():
                shares = torch.softmax(self._model(**inputs).logits.float(), dim=1).numpy()
            for n, columns in enumerate(self._columns):
                found[at : at + len(batch), n] = shares[:, columns].sum(axis=1)
        return np.log(np.maximum(found, LEAST))


class PairVerifier:
    """A pair scorer of sentence-transformers with one number: that a text carries a claim, or not."""

    def __init__(self, name: str) -> None:
        self.name = f"st:{name}"
        self._model = load_cross_encoder(name)

    def verify(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """See `rag.models.verifier.Verifier.verify`. What it does not call carried is neither."""
        import torch

        # Some models are saved with a sigmoid, some without: their log-odds are the same thing of both.
        rows = [(claim, _with_title_first(text)) for claim, text in pairs]
        scores = self._model.predict(rows, activation_fn=torch.nn.Identity()) if rows else []
        odds = np.asarray(scores, dtype=np.float32)
        if odds.shape != (len(pairs),):
            raise BylineError(f"{self.name} gives scores of shape {odds.shape}, not one for each pair: use nli:NAME.")
        found = np.full((len(pairs), 3), -np.inf, dtype=np.float32)
        found[:, 0], found[:, 2] = -np.logaddexp(0.0, -odds), -np.logaddexp(0.0, odds)
        return np.maximum(found, np.log(np.float32(LEAST)))


class QaReader:
    """An extractive question answerer (`AutoModelForQuestionAnswering`). A sentence's score is that of the best words
    in it against "nothing answers" (Devlin et al. 2019, section 4.3)."""

    def __init__(self, name: str) -> None:
        self.name = f"qa:{name}"
        self._tokenizer, self._model, self._most_tokens = _load(name, "AutoModelForQuestionAnswering", self.name)
        if not getattr(self._tokenizer, "is_fast", False):
            raise BylineError(f"{self.name} has no fast tokenizer, which tells where its words stand: name another.")

    def read(self, question: str, passages: Sequence[Passage]) -> list[list[Reading]]:
        """See `rag.models.reader.Reranker.read`."""
        return [self._read(question, passage) for passage in passages]

    def _read(self, question: str, passage: Passage) -> list[Reading]:
        import torch

        starts, text = [], ""
        for sentence in passage.sentences:
            starts.append(len(text))
            text += sentence + " "
        inputs = self._tokenizer(
            question,
            text,
            truncation="longest_first",
            max_length=self._most_tokens,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        offsets = inputs.pop("offset_mapping")[0].tolist()
        parts = inputs.sequence_ids(0)
        with torch.no_grad():
            out = self._model(**inputs)
        first, last = out.start_logits[0].float().numpy(), out.end_logits[0].float().numpy()
        nothing = float(first[0] + last[0])
        readings = []
        for start, sentence in zip(starts, passage.sentences, strict=True):
            # Some tokenizers count the blank before a word, or after it, as part of it.
            words = [
                (i, *_trimmed(sentence, max(a - start, 0), min(b - start, len(sentence))))
                for i, (a, b) in enumerate(offsets)
                if parts[i] == 1 and a < start + len(sentence) and b > start
            ]
            words = [(i, a, b) for i, a, b in words if a < b]
            readings.append(_best_words(words, first, last, nothing) if words else UNREAD)
        return readings


class CrossEncoderReader:
    """Any cross-encoder that sentence-transformers can load. Its scores are its own: they order, they do not refuse."""

    def __init__(self, name: str) -> None:
        self.name = f"st:{name}"
        self._model = load_cross_encoder(name)

    def read(self, question: str, passages: Sequence[Passage]) -> list[list[Reading]]:
        """See `Reranker.read`: each sentence by itself, with its title."""
        pairs = [(question, f"{p.title} {s}".strip()) for p in passages for s in p.sentences]
        scores = np.asarray(self._model.predict(pairs) if pairs else [], dtype=np.float32)
        if scores.shape != (len(pairs),):
            raise BylineError(f"{self.name} gives scores of shape {scores.shape}, not one for each text: use another.")
        readings = iter([Reading(score=float(score)) for score in scores])
        return [[next(readings) for _ in passage.sentences] for passage in passages]


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), start + len(part.rstrip())


def _best_words(words: Sequence[tuple[int, int, int]], first: Any, last: Any, nothing: float) -> Reading:
    """Of a sentence whose `words` are each a token's number and its characters there."""
    score, start, end = max(
        (float(first[i] + last[j]) - nothing, start, end)
        for n, (i, start, _) in enumerate(words)
        for j, _, end in words[n : n + LONGEST_ANSWER]
    )
    return Reading(score=score, answer_score=score, answer=(start, end))


def _with_title_first(text: str) -> str:
    """What `with_context` joined, as running text."""
    return ". ".join(filter(None, reversed(text.split(CONTEXT))))


def load_cross_encoder(name: str) -> Any:
    """A cross-encoder of sentence-transformers, by name or folder. BylineError where it cannot be loaded."""
    from sentence_transformers import CrossEncoder

    try:
        with _quiet():
            return CrossEncoder(_place(name))
    except Exception as error:  # whatever a hub, a disk or a model's own code raises
        raise BylineError(_not_loaded(f"st:{name}", error)) from error


def _load(name: str, kind: str, shown: str) -> tuple[Any, Any, int]:
    """The tokenizer, the model, and the most tokens that it reads."""
    import torch
    import transformers

    try:
        with _quiet():
            tokenizer = transformers.AutoTokenizer.from_pretrained(_place(name))
            model, report = getattr(transformers, kind).from_pretrained(
                _place(name), dtype=torch.float32, output_loading_info=True
            )
    except Exception as error:  # whatever a hub, a disk or a model's own code raises
        raise BylineError(_not_loaded(shown, error)) from error
    if missing := sorted(report["missing_keys"]):  # transformers puts random weights there
        raise BylineError(
            f"the model {shown!r} was not trained for this (it has no {', '.join(missing[:2])}): name another."
        )
    # Some tokenizers say that they read without end; some models count positions from two on.
    positions = getattr(model.config, "max_position_embeddings", None) or MOST_TOKENS + 2
    return tokenizer, model.eval(), min(int(tokenizer.model_max_length), MOST_TOKENS, positions - 2)


@contextmanager
def _quiet() -> Iterator[None]:
    """While transformers loads, which tells on standard error what it does."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _place(name: str) -> str:
    folder = Path(name).expanduser()
    return str(folder) if folder.is_dir() else name


def _not_loaded(shown: str, error: Exception) -> str:
    why = next(filter(None, map(str.strip, str(error).splitlines())), type(error).__name__)
    return f"the model {shown!r} cannot be loaded ({why.rstrip('.')}): name another, or a folder that is there."


def _outcome(label: str) -> int | None:
    """0 carried, 1 contradicted, 2 neither; None for a label that says none of them."""
    return next((n for n, words in OUTCOMES if words.search(label)), None)
