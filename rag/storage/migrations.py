"""The library's formats, one after the other: statements that make each from the one before.
Never edited, only added to.

`PRAGMA user_version` counts how many of them a file has gone through.
"""

from __future__ import annotations

FULL_TEXT = """CREATE VIRTUAL TABLE passages_fts USING fts5 (
            context, body, tokenize = 'porter unicode61 remove_diacritics 2')"""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID",
        "INSERT INTO meta VALUES ('generation', 0)",
        # `path` is absolute, with "#record" where a file holds several articles; `earliest` and `latest` bound the
        # day of publication; `indexed_as` says how passages and vectors were made.
        """CREATE TABLE articles (
            id TEXT PRIMARY KEY, path TEXT NOT NULL UNIQUE, file TEXT NOT NULL, title TEXT, outlet TEXT,
            authors TEXT NOT NULL, url TEXT, published TEXT, published_precision TEXT NOT NULL,
            published_source TEXT NOT NULL, earliest TEXT, latest TEXT, reasons TEXT NOT NULL,
            boilerplate TEXT NOT NULL, content_hash TEXT NOT NULL, indexed_as TEXT NOT NULL, text TEXT NOT NULL)""",
        "CREATE INDEX articles_file ON articles (file)",
        "CREATE INDEX articles_hash ON articles (content_hash)",
        # AUTOINCREMENT: a number is never given twice, so a stale vector can never answer for a new passage.
        """CREATE TABLE passages (
            number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, article_id TEXT NOT NULL REFERENCES
            articles (id) ON DELETE CASCADE, position INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
            heading TEXT NOT NULL, n_tokens INTEGER NOT NULL, hash BLOB NOT NULL)""",
        "CREATE INDEX passages_article ON passages (article_id, position)",
        "CREATE INDEX passages_hash ON passages (hash)",
        """CREATE TABLE sentences (
            article_id TEXT NOT NULL REFERENCES articles (id) ON DELETE CASCADE, position INTEGER NOT NULL,
            start INTEGER NOT NULL, "end" INTEGER NOT NULL, PRIMARY KEY (article_id, position)) WITHOUT ROWID""",
        "CREATE TABLE vectors (embedder TEXT NOT NULL, hash BLOB NOT NULL, vector BLOB NOT NULL)",
        "CREATE UNIQUE INDEX vectors_key ON vectors (hash, embedder)",
        FULL_TEXT,
    ),
    (
        # What ingest finds among the articles: `cluster` is the id of one article of those that carry one story,
        # `replaced_by` the newest version of the piece. `revised` is the last day that `updated` can mean. `bands` are
        # the article's own rows of the table, eight bytes each; NULL until it was compared with the others.
        "ALTER TABLE articles ADD COLUMN section TEXT",
        "ALTER TABLE articles ADD COLUMN updated TEXT",
        "ALTER TABLE articles ADD COLUMN revised TEXT",
        "ALTER TABLE articles ADD COLUMN cluster TEXT",
        "ALTER TABLE articles ADD COLUMN replaced_by TEXT",
        "ALTER TABLE articles ADD COLUMN bands BLOB",
        "CREATE INDEX articles_cluster ON articles (cluster) WHERE cluster IS NOT NULL",
        "CREATE INDEX articles_replaced ON articles (replaced_by) WHERE replaced_by IS NOT NULL",
        "CREATE INDEX articles_url ON articles (url) WHERE url IS NOT NULL",
        "CREATE INDEX articles_title ON articles (title, outlet) WHERE title IS NOT NULL",
        "CREATE INDEX articles_unlinked ON articles (id) WHERE bands IS NULL",
        """CREATE TABLE bands (
            band INTEGER NOT NULL, article_id TEXT NOT NULL, PRIMARY KEY (band, article_id)) WITHOUT ROWID""",
        # What an article was before its file changed. `fields` is JSON: title, outlet, …
        """CREATE TABLE versions (
            number INTEGER PRIMARY KEY AUTOINCREMENT, article_id TEXT NOT NULL, replaced_at TEXT NOT NULL,
            fields TEXT NOT NULL, text TEXT NOT NULL)""",
        "CREATE INDEX versions_article ON versions (article_id, number)",
    ),
    (
        # Where the text of an article begins in that of its file, which may hold several.
        'ALTER TABLE articles ADD COLUMN "offset" INTEGER NOT NULL DEFAULT 0',
        # Asked at each question, over rows that are as long as articles.
        "CREATE INDEX articles_indexed ON articles (indexed_as)",
        "CREATE INDEX articles_earliest ON articles (earliest)",
        "CREATE INDEX articles_latest ON articles (latest)",
    ),
    (
        # What an article calls a name in short and in full, folded; `stated` 1 where it gives the one for the other.
        """CREATE TABLE names (
            article_id TEXT NOT NULL REFERENCES articles (id) ON DELETE CASCADE, short TEXT NOT NULL,
            long TEXT NOT NULL, stated INTEGER NOT NULL, PRIMARY KEY (article_id, short, long)) WITHOUT ROWID""",
        "CREATE INDEX names_short ON names (short, long, stated)",
        "CREATE INDEX names_long ON names (long, short)",
    ),
    (
        # Who holds which office, as an article says: `person` folded, `which` and `around` stems, see
        # `rag.ingest.offices`.
        """CREATE TABLE offices (
            article_id TEXT NOT NULL REFERENCES articles (id) ON DELETE CASCADE, head TEXT NOT NULL,
            which TEXT NOT NULL, person TEXT NOT NULL, around TEXT NOT NULL,
            PRIMARY KEY (article_id, head, which, person)) WITHOUT ROWID""",
        "CREATE INDEX offices_head ON offices (head)",
    ),
    (
        # Where an article stands in its file, [start, page, time, speaker] each, and what the form of that shows to be
        # no story.
        "ALTER TABLE articles ADD COLUMN places TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE articles ADD COLUMN asides TEXT NOT NULL DEFAULT '[]'",
    ),
    (
        # Nothing reads it any more.
        "DROP TABLE IF EXISTS offices",
    ),
    (
        # `words` counts those of the story. `edited` has what was read in place of what an editor stated, and `edits`
        # for each edit, the last of which holds, all that is stated since (see `rag.storage.shelf`).
        "ALTER TABLE articles ADD COLUMN words INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE articles ADD COLUMN edited TEXT NOT NULL DEFAULT '{}'",
        "UPDATE articles SET words = n_words(text, boilerplate)",
        # All that a list of articles shows and is sorted by, since the rows are as long as the texts.
        """CREATE INDEX articles_shelf ON articles (latest, earliest, title, outlet, published, published_precision,
            published_source, words, cluster, replaced_by, authors, path, id)""",
        """CREATE TABLE edits (
            number INTEGER PRIMARY KEY AUTOINCREMENT, article_id TEXT NOT NULL, edited_at TEXT NOT NULL,
            stated TEXT NOT NULL)""",
        "CREATE INDEX edits_article ON edits (article_id, number)",
    ),
    (
        # All that filters ask for, since the rows are as long as the texts.
        "CREATE INDEX articles_within ON articles (earliest, latest, revised, outlet, replaced_by, id)",
    ),
)
