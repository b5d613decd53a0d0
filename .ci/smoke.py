"""The smoke test of an installed Byline, anywhere: `python .ci/smoke.py` with that Python, from another folder than
the clone. Ingests a story, asks, checks that the citation is exact; a draft, the API, the page's files, the doctor."""

import sys
import tempfile
from pathlib import Path

STORY = "Fog held the ferry at Saltby for two hours on Tuesday, the harbour master said. The tram ran on time."


def main(*site: str) -> None:
    import rag
    from rag.cli import main as byline

    if site and Path(site[0]) not in Path(rag.__file__).parents:
        sys.exit(f"{rag.__file__} is not of {site[0]}")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "ferry.md").write_text(f"# Ferry held by fog\n\n{STORY}\n")
        if byline(["ingest", str(home / "ferry.md"), "--library", str(home / "library")]):
            sys.exit("the story was not ingested")
        with rag.Library.open(home / "library") as library:
            answer = library.ask("Where was the ferry held by fog?")
            cited = [citation for claim in answer.claims for citation in claim.citations]
            if not cited or any(c.article.text[c.start : c.end] != c.quote for c in cited):
                sys.exit(f"no exact citation: {answer.to_dict()}")
            if not library.check("The ferry was held for two hours.")[0].citations:
                sys.exit("the draft was not checked")
            from ui.api import build
            from ui.kit import ASSETS
            from ui.streams import Room

            build(library, Room()).openapi()
            if not (ASSETS / "page.js").is_file():
                sys.exit("the page's script is not there")
        if byline(["doctor", "--library", str(home / "library")]):
            sys.exit("the doctor finds something")
    print("byline works")


if __name__ == "__main__":
    main(*sys.argv[1:])
