"""The library as a list, and an article with all that is known of it, to HTML. Pure, as `ui.markup` is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rag.answers.citations import outlet_and_date
from rag.ingest.changes import Change, Diff
from rag.text.calendar import date_in_words
from rag.types import Article, Listed
from ui.access import shown_path
from ui.cards import text_of
from ui.markup import count, escaped, idle, source, web_address

PAGE = 25
CHANGES_SHOWN = 100
_COLUMNS = {
    "title": "Title",
    "outlet": "Outlet",
    "day": "Day",
    "words": "Words",
    "versions": "Versions",
    "copies": "Copies",
}
_ROWS = {
    "title": "Title",
    "outlet": "Outlet",
    "authors": "Authors",
    "published": "Published",
    "updated": "Updated",
    "section": "Section",
    "url": "Address",
}
_CHANGED = {"added": "Added", "removed": "Removed", "changed": "Changed", "moved": "Moved"}


@dataclass(frozen=True, kw_only=True)
class View:
    """Which part of the list is shown: sorted by what, which way, from which article on."""

    order: str = "day"
    descending: bool = True
    offset: int = 0

    def sorted_by(self, order: str) -> View:
        """By another column, or the other way round; from the beginning."""
        if order not in _COLUMNS:
            return self
        return View(
            order=order, descending=not self.descending if order == self.order else order not in ("title", "outlet")
        )

    def turned(self, pages: int) -> View:
        """So many pages on."""
        return View(order=self.order, descending=self.descending, offset=max(0, self.offset + pages * PAGE))


def table(listed: Sequence[Listed], n: int, view: View, *, said: str = "") -> str:
    """A page of the list, with buttons that sort it, turn the page and open an article. `said` is HTML that stands
    above it."""
    if not listed:
        return (
            said
            + idle("No article is like that." if n == 0 else "The list ends before this page.")
            + _pages(0, n, view)
        )
    heads = "".join(_head(name, label, view) for name, label in _COLUMNS.items())
    rows = "".join(_row(one) for one in listed)
    made = f'<table class="bl-table"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    return f'{said}<div class="bl-scroll">{made}</div>{_pages(len(listed), n, view)}'


def _head(name: str, label: str, view: View) -> str:
    sorted_so = arrow = ""
    if name == view.order:
        sorted_so = f' aria-sort="{"descending" if view.descending else "ascending"}"'
        arrow = f' <span aria-hidden="true">{"▾" if view.descending else "▴"}</span>'
    return f'<th scope="col" class="bl-is-{name}"{sorted_so}>{_button("sort", name, label + arrow)}</th>'


def _row(one: Listed) -> str:
    outlet, date = outlet_and_date(
        one.outlet, one.published, precision=one.published_precision, source=one.published_source
    )
    day = escaped(date[0].upper() + date[1:])
    if one.published_source == "stated":
        day += ' <span class="bl-known">(stated)</span>'
    title = escaped(one.title or "Title not stated")
    return (
        f'<tr><td class="bl-is-title"><button type="button" class="bl-plain" name="article" value="{escaped(one.id)}" '
        f'dir="auto">{title}</button></td><td class="bl-is-outlet"><bdi>{escaped(outlet)}</bdi></td>'
        f'<td class="bl-is-day">{day}</td>'
        f'<td class="bl-is-words">{one.n_words:,}</td><td class="bl-is-versions">{one.n_versions:,}</td>'
        f'<td class="bl-is-copies">{one.n_copies:,}</td></tr>'
    )


def _pages(shown: int, n: int, view: View) -> str:
    if not n:
        return ""
    first, last = view.offset + 1, view.offset + shown
    where = f"{first:,} to {last:,} of {count(n, 'article')}" if shown else count(n, "article")
    before = _button("page", "-1", "Previous page") if view.offset else ""
    after = _button("page", "1", "Next page") if last < n and shown else ""
    return f'<div class="bl-keep"><p class="bl-where">{where}</p>{before}{after}</div>'


def _button(name: str, value: str, words: str) -> str:
    return f'<button type="button" name="{name}" value="{value}">{words}</button>'


def removed(article: Article) -> str:
    """That it was deleted, and the button that puts it back."""
    return (
        f'<div class="bl-box"><p dir="auto">“{escaped(article.title or article.id)}” was deleted from the library. '
        f"Its file was left alone.</p>{_button('put-back', article.id, 'Undo')}</div>"
    )


def put_back(article: Article) -> str:
    return f'<p class="bl-added" dir="auto">“{escaped(article.title or article.id)}” is in the library again.</p>'


def article_page(
    article: Article, *, versions: Sequence[Diff], copies: Sequence[Article], can_edit: bool, said: str = ""
) -> str:
    """Everything that is known of an article: its values and where each is from, its text, the versions of its piece
    with what changed, its copies. `said` is HTML that stands above it."""
    deeds = _button("back", "", "Back to the list")
    if can_edit:
        deeds += _button("undo-edit", "", "Undo the last edit") if article.edited else ""
        deeds += _button("delete", "", "Delete from the library")
    return (
        f'{said}<div class="bl-keep">{deeds}</div><p class="bl-meta">{source(article)}</p>'
        f'<h3 class="bl-headline" dir="auto">{escaped(article.title or "Title not stated")}</h3>'
        f"{_values(article)}{text_of(article)}{_versions(versions)}{_copies(copies)}"
    )


def _values(article: Article) -> str:
    rows = []
    for name, label in _ROWS.items():
        value = getattr(article, name)
        shown = _shown(name, value)
        if not shown and name not in article.edited and name not in article.reasons:
            continue
        known = f'<span class="bl-known">{_known(article, name)}</span>'
        rows.append(f'<dt>{label}</dt><dd dir="auto">{shown or "Not known"} {known}</dd>')
    rows.append(f'<dt>File</dt><dd class="bl-path" dir="ltr">{escaped(shown_path(article))}</dd>')
    return f'<dl class="bl-values">{"".join(rows)}</dl>'


def _shown(name: str, value: Any) -> str:
    if not value:
        return ""
    if name in ("published", "updated"):
        return escaped(date_in_words(str(value)))
    if name == "url" and (address := web_address(value)):
        rel = "noopener noreferrer nofollow"
        return f'<a href="{escaped(address)}" target="_blank" rel="{rel}">{escaped(address)}</a>'
    return escaped(", ".join(value) if isinstance(value, tuple) else str(value))


def _known(article: Article, name: str) -> str:
    """Where a value is from."""
    if name in article.edited:
        read = _shown(name, article.edited[name]["read"].get(name))
        return f"stated by the editor; the file says {f'“{read}”' if read else 'nothing'}"
    if name in article.inferred:
        return f"inferred: {escaped(article.reasons[name])}" if name in article.reasons else "inferred"
    if name in article.reasons:
        return escaped(article.reasons[name])
    return "stated in the file"


def _versions(versions: Sequence[Diff]) -> str:
    if not versions:
        return ""
    items = "".join(_version(number, diff) for number, diff in enumerate(versions, start=1))
    return f'<div class="bl-versions"><h3>Versions ({len(versions) + 1:,})</h3>{items}</div>'


def _version(number: int, diff: Diff) -> str:
    replaced = f", replaced {escaped(diff.older.replaced_at[:10])}" if diff.older.replaced_at else ""
    fields = "".join(
        f'<li dir="auto"><b>{escaped(_ROWS.get(name, name))}</b> <del>{_shown(name, before) or "nothing"}</del> '
        f"<ins>{_shown(name, after) or 'nothing'}</ins></li>"
        for name, (before, after) in diff.fields.items()
    )
    changes = "".join(_change(change) for change in diff.changes[:CHANGES_SHOWN])
    if (more := len(diff.changes) - CHANGES_SHOWN) > 0:
        changes += f"<li>and {more:,} more.</li>"
    body = f"<ul>{fields}{changes}</ul>" if fields or changes else "<p>Nothing but white space.</p>"
    return f"<details><summary>From version {number:,} to {number + 1:,}{replaced}</summary>{body}</details>"


def _change(change: Change) -> str:
    before = (
        f"<del>{escaped(change.before_text)}</del> " if change.before is not None and change.kind != "moved" else ""
    )
    after = f"<ins>{escaped(change.after_text)}</ins>" if change.after is not None else ""
    return f'<li dir="auto"><b>{_CHANGED[change.kind]}</b> {before}{after}</li>'


def _copies(copies: Sequence[Article]) -> str:
    items = "".join(
        f'<li>{source(other)} <button type="button" class="bl-plain" name="article" value="{other.id}" dir="auto">'
        f"{escaped(other.title or other.id)}</button></li>"
        for other in copies
    )
    return f'<div class="bl-versions"><h3>The same story elsewhere</h3><ul>{items}</ul></div>' if items else ""
