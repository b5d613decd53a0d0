"""Models that somebody names: any extractive question answerer, inference model or pair scorer of transformers, by its
name on the hub or by its folder. They need torch, which takes its time to import."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rag.errors import BylineError
from rag.models.adapter import Floats
from rag.models.reader import LONGEST_ANSWER, UNREAD, Passage, Reading
from rag.models.verifier import CONTEXT

PAIRS_PER_BATCH = 16
MOST_TOKENS = 512
# How published inference models name their three outcomes, or two of them.
CARRIED, CONTRADICTED, NEITHER = (
    ("entail", "support", "consistent"),
    ("contra", "refute"),
    ("neutral", "not", "nei", "unk"),
)


class NliVerifier:
    """An inference model (`AutoModelForSequenceClassification`): which of its labels mean carried, contradicted and
    neither is read from its configuration.

    BylineError where it cannot be loaded, or its labels say none of this.
    """

    def __init__(self, name: str) -> None:
        self.name = f"nli:{name}"
        self._tokenizer, self._model = _load(name, "AutoModelForSequenceClassification", self.name)
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
            texts = [". ".join(filter(None, reversed(text.split(CONTEXT)))) for _, text in batch]
            inputs = self._tokenizer(
                texts,
                [claim for claim, _ in batch],
                truncation="only_first",
                max_length=_most_tokens(self._tokenizer),
                padding=True,
                return_tensors="pt",
            )
            with torch.no_grad():
                shares = torch.softmax(self._model(**inputs).logits.float(), dim=1).numpy()
            for n, columns in enumerate(self._columns):
                found[at : at + len(batch), n] = shares[:, columns].sum(axis=1)
        return np.log(np.maximum(found, 1e-6))


class PairVerifier:
    """A pair scorer of sentence-transformers with one number: that a text carries a claim, or not."""

    def __init__(self, name: str) -> None:
        self.name = f"st:{name}"
        self._model = load_cross_encoder(name)

    def verify(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """See `rag.models.verifier.Verifier.verify`. What it does not call carried is neither."""
        rows = [(claim, ". ".join(filter(None, reversed(text.split(CONTEXT))))) for claim, text in pairs]
        scores = np.asarray(self._model.predict(rows) if rows else [], dtype=np.float32)
        if scores.shape != (len(pairs),):
            raise BylineError(f"{self.name} gives scores of shape {scores.shape}, not one for each pair: use nli:NAME.")
        found = np.full((len(pairs), 3), 1e-6, dtype=np.float32)
        found[:, 0] = scores if ((scores >= 0) & (scores <= 1)).all() else 1.0 / (1.0 + np.exp(-scores))
        found[:, 2] = 1.0 - found[:, 0]
        return np.log(np.maximum(found, 1e-6))


class QaReader:
    """An extractive question answerer (`AutoModelForQuestionAnswering`). A sentence's score is that of the best words
    in it against "nothing answers" (Devlin et al. 2019, section 4.3)."""

    def __init__(self, name: str) -> None:
        self.name = f"qa:{name}"
        self._tokenizer, self._model = _load(name, "AutoModelForQuestionAnswering", self.name)
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
            truncation="only_second",
            max_length=_most_tokens(self._tokenizer),
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        offsets = inputs.pop("offset_mapping")[0].tolist()
        parts = inputs.sequence_ids(0)
        with torch.no_grad():
            out = self._model(**inputs)
        first, last = out.start_logits[0].numpy(), out.end_logits[0].numpy()
        nothing = float(first[0] + last[0])
        readings = []
        for start, sentence in zip(starts, passage.sentences, strict=True):
            inside = [
                i
                for i, (a, b) in enumerate(offsets)
                if parts[i] == 1 and a < b and a >= start and b <= start + len(sentence)
            ]
            readings.append(_best_words(inside, first, last, offsets, start, nothing) if inside else UNREAD)
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


def _best_words(
    inside: Sequence[int], first: Any, last: Any, offsets: Sequence[Sequence[int]], start: int, nothing: float
) -> Reading:
    score, a, b = max(
        (float(first[i] + last[j]), i, j) for n, i in enumerate(inside) for j in inside[n : n + LONGEST_ANSWER]
    )
    answer = (offsets[a][0] - start, offsets[b][1] - start)
    return Reading(score=score - nothing, answer_score=score - nothing, answer=answer)


def load_cross_encoder(name: str) -> Any:
    """A cross-encoder of sentence-transformers, by name or folder. BylineError where it cannot be loaded."""
    from sentence_transformers import CrossEncoder

    try:
        return CrossEncoder(name)
    except Exception as error:  # whatever a hub, a disk or a model's own code raises
        raise BylineError(f"the cross-encoder {name!r} cannot be loaded: {error}.") from error


def _load(name: str, kind: str, shown: str) -> tuple[Any, Any]:
    import transformers

    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(name)
        model = getattr(transformers, kind).from_pretrained(name)
    except Exception as error:  # whatever a hub, a disk or a model's own code raises
        raise BylineError(f"the model {shown!r} cannot be loaded: {str(error).splitlines()[0]}.") from error
    return tokenizer, model.eval()


def _most_tokens(tokenizer: Any) -> int:
    return min(int(tokenizer.model_max_length), MOST_TOKENS)  # some say that they read without end


def _outcome(label: str) -> int | None:
    """0 carried, 1 contradicted, 2 neither; None for a label that says none of them."""
    for n, words in ((2, ("not", "non")), (1, CONTRADICTED), (0, CARRIED), (2, NEITHER)):
        if any(label.startswith(word) if n == 2 else word in label for word in words):
            return n
    return None
