"""The articles that an answer cites as references for other programs: BibTeX and CSL-JSON. Pure."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable

from rag.text.characters import safe_to_show
from rag.types import Answer, Article, Json

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_"},
}
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def cited(answer: Answer) -> list[Article]:
    """The articles that the claims cite, each once, in the order of their markers."""
    found = sorted((c for claim in answer.claims for c in claim.citations), key=lambda c: c.marker)
    return list({c.article.id: c.article for c in found}.values())


def bibtex(articles: Iterable[Article]) -> str:
    """An `@article` for each, with a key of its own; what is not known is left out."""
    entries = []
    for article in articles:
        year, month, day = (*(article.published or "").split("-"), "", "", "")[:3]
        fields = {
            "title": _bib(article.title),
            "author": " and ".join(f"{{{_bib(name)}}}" for name in article.authors),
            "journal": _bib(article.outlet),
            "year": _bib(year),
            "day": _bib(day.lstrip("0")),
            "url": _bib(article.url),
            "note": _bib(_doubt(article)),
        }
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
        if month.isdigit() and 1 <= int(month) <= 12:
            lines.append(f"  month = {_MONTHS[int(month) - 1]},")
        entries.append("\n".join([f"@article{{{_key(article)},", *lines, "}"]))
    return "\n\n".join(entries) + "\n" if entries else ""


def csl_json(articles: Iterable[Article]) -> str:
    """A list of items of the type "article-newspaper", as Zotero and Pandoc read them."""
    return json.dumps([_csl(article) for article in articles], ensure_ascii=False, indent=2) + "\n"


def _csl(article: Article) -> Json:
    parts = [int(part) for part in (article.published or "").split("-") if part.isdigit()]
    item = {
        "id": _key(article),
        "type": "article-newspaper",
        "title": _plain(article.title),
        "container-title": _plain(article.outlet),
        "author": [{"literal": _plain(name)} for name in article.authors],
        "issued": {"date-parts": [parts]} if parts else None,
        "URL": _plain(article.url),
        "note": _doubt(article),
    }
    return {name: value for name, value in item.items() if value}


def _doubt(article: Article) -> str:
    return "The date is inferred." if article.published and article.published_source == "inferred" else ""


def _key(article: Article) -> str:
    """Of letters and figures only; the id tells two articles of one outlet and year apart."""
    ascii_only = unicodedata.normalize("NFKD", article.outlet or "article").encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9]", "", ascii_only).lower()[:20] or "article"
    return f"{name}{re.sub(r'[^0-9]', '', (article.published or '')[:4])}-{re.sub(r'[^A-Za-z0-9]', '', article.id)}"


def _plain(text: str | None) -> str:
    return " ".join(safe_to_show(text or "").split())


def _bib(text: str | None) -> str:
    return "".join(_SPECIAL.get(sign, sign) for sign in _plain(text))
