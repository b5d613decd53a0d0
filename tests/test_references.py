"""`rag.references`: what an answer cites, for BibTeX and for citation managers."""

from __future__ import annotations

import json
import re

from rag import references
from tests.test_hostile_text import HOSTILE
from tests.test_view import a_citation, a_claim, an_answer, an_article

ARTICLE = an_article(authors=("Ann Fry", "Bo Lind"), url="https://courier.example/bridge_1")


def test_each_cited_article_is_named_once_in_the_order_of_its_markers():
    other = an_article(id="b2")
    claims = (a_claim(a_citation(article=other, marker=2)), a_claim(a_citation(article=ARTICLE), a_citation()))
    assert [article.id for article in references.cited(an_answer(*claims))] == ["a1", "b2"]


def test_bibtex():
    assert references.bibtex([ARTICLE]) == (
        "@article{thecourier2024-a1,\n  title = {Bridge to Reopen},\n  author = {{Ann Fry} and {Bo Lind}},\n"
        "  journal = {The Courier},\n  year = {2024},\n  day = {29},\n  url = {https://courier.example/bridge\\_1},\n"
        "  month = apr,\n}\n"
    )
    assert references.bibtex([]) == ""


def test_csl_json():
    [item] = json.loads(references.csl_json([ARTICLE]))
    assert item == {
        "id": "thecourier2024-a1",
        "type": "article-newspaper",
        "title": "Bridge to Reopen",
        "container-title": "The Courier",
        "author": [{"literal": "Ann Fry"}, {"literal": "Bo Lind"}],
        "issued": {"date-parts": [[2024, 4, 29]]},
        "URL": "https://courier.example/bridge_1",
    }


def test_what_is_not_known_is_left_out_and_what_is_inferred_said():
    nothing = an_article(title=None, outlet=None, published=None, published_precision="none", published_source="none")
    assert references.bibtex([nothing]) == "@article{article-a1,\n}\n"
    assert json.loads(references.csl_json([nothing])) == [{"id": "article-a1", "type": "article-newspaper"}]
    inferred = an_article(published="2024-04", published_precision="month", published_source="inferred")
    assert "note = {The date is inferred.}" in references.bibtex([inferred])
    assert json.loads(references.csl_json([inferred]))[0]["issued"] == {"date-parts": [[2024, 4]]}


def test_hostile_text_stays_a_value():
    for text in [*HOSTILE, "}, evil = {x", "\\input{/etc/passwd}", "%", "$x^2_1~&#"]:
        made = references.bibtex([an_article(title=text, outlet=text, authors=(text,))])
        bare = re.sub(r"\\[{}\\&%$#_]|\\text\w+\{\}", "", made)
        assert bare.count("{") == bare.count("}")
        assert "\\input" not in made
        [item] = json.loads(references.csl_json([an_article(title=text)]))
        assert item["title"] == " ".join(text.split())
