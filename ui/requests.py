"""What programs may ask, over HTTP and as tools: the fields of each request with what is allowed, and the sentence that
says which of them is wrong. What the values mean is in `rag.Library`."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rag.errors import BylineError
from rag.text.words import encodable
from rag.types import Json

MAX_QUESTION_CHARS = 10_000  # as `Library.ask` has it
MAX_DRAFT_CHARS = 60_000
MAX_K = 50
MAX_HISTORY = 100  # the last 20 are looked at
MAX_EXCERPT_CHARS = 20_000
MAX_PER_PAGE = 200
MAX_NAME_CHARS = 500
MAX_DEPTH = 40  # of objects in objects, in `history`


def _clean(value: Any, depth: int = 0) -> Any:
    """The value with every text in it such that it can be stored and sent."""
    if depth > MAX_DEPTH:
        raise ValueError(f"it should have at most {MAX_DEPTH} objects in one another")
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, list):
        return [_clean(one, depth + 1) for one in value]
    if isinstance(value, dict):
        return {encodable(name): _clean(one, depth + 1) for name, one in value.items()}
    return value


class Request(BaseModel):
    """No field that is not known, no value of another type."""

    model_config = ConfigDict(extra="forbid", strict=True, str_max_length=MAX_DRAFT_CHARS)

    @model_validator(mode="before")
    @classmethod
    def _cleaned(cls, given: Any) -> Any:
        return _clean(given)


class Within(Request):
    """The filters."""

    outlets: list[str] | None = Field(None, max_length=100, description="only these outlets, by name, in any case")
    published_from: str | None = Field(
        None, description="published on this day or later: YYYY-MM-DD, YYYY-MM or YYYY", max_length=40
    )
    published_to: str | None = Field(None, description="published on this day or earlier", max_length=40)
    as_of: str | None = Field(
        None, description="as if it were this day: nothing published later is seen", max_length=40
    )

    def filters(self) -> Json:
        """The filters that are set, as `Library` takes them."""
        given = {name: getattr(self, name) for name in Within.model_fields}
        return {name: value for name, value in given.items() if value}


class Asked(Within):
    """A question with its filters."""

    question: str = Field(description="the question, in words", max_length=MAX_QUESTION_CHARS)
    understand: bool = Field(True, description='whether dates in the question ("as of June") are filters too')


class Search(Asked):
    k: int = Field(8, ge=1, le=MAX_K, description="how many passages to find")


class Ask(Search):
    model: str | None = Field(
        None, description="what writes: extractive, or one that /v1/models lists; without it the library's default"
    )
    show_unsupported: bool = Field(False, description="keep what no source carries, marked")
    history: list[str | Json] = Field(
        default_factory=list,
        max_length=MAX_HISTORY,
        description="earlier questions, or better the answers to them as they were given here, oldest first",
    )
    stream: bool = Field(False, description="give each claim as soon as it is checked, as server-sent events")


class TimelineOf(Asked):
    k: int = Field(24, ge=1, le=MAX_K, description="how many passages to look through")


class Check(Within):
    text: str = Field(description="the draft", max_length=MAX_DRAFT_CHARS)
    k: int = Field(5, ge=1, le=MAX_K, description="how many passages to look at for each sentence")
    stream: bool = Field(False, description="give each sentence as soon as it is checked, as server-sent events")


class Excerpt(Request):
    """A part of an article."""

    article: str = Field(
        description="the id of the article, or the start of it (`article` of a citation)", max_length=MAX_NAME_CHARS
    )
    start: int = Field(0, ge=0, description="where to begin, in characters")
    length: int = Field(4_000, ge=1, le=MAX_EXCERPT_CHARS, description="how many characters")


class Listing(BaseModel):
    """What GET /api/articles takes in its address; `outlet` may be given several times."""

    model_config = ConfigDict(extra="forbid", str_max_length=MAX_NAME_CHARS)

    page: int = Field(1, ge=1, le=10**9)
    per_page: int = Field(50, ge=1, le=MAX_PER_PAGE)
    words: str | None = Field(None, description="only articles with a passage that has all of these words")
    outlet: list[str] = Field(default_factory=list, max_length=100)
    published_from: str | None = None
    published_to: str | None = None
    as_of: str | None = None

    def filters(self) -> Json:
        """The filters that are set, as `Library` takes them."""
        given = {name: getattr(self, name) for name in ("published_from", "published_to", "as_of")}
        return {name: value for name, value in {**given, "outlets": self.outlet}.items() if value}


_Model = TypeVar("_Model", bound=BaseModel)


def read(model: type[_Model], given: Any) -> _Model:
    """The request in `given`. BylineError where it is none."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise BylineError(sentence_about(error.errors(), model)) from None


def sentence_about(errors: Sequence[Any], model: type[BaseModel] | None = None) -> str:
    """The first of pydantic's errors as a sentence: which value is wrong, and what is allowed."""
    error = errors[0]
    where = [str(part) for part in error["loc"] if part not in ("body", "query", "path")]
    name, value = ".".join(where[:3]), error.get("input")
    if error["type"] == "json_invalid":
        return "the body is not JSON: send one JSON object, as /api/openapi.json describes it."
    if error["type"] == "extra_forbidden":
        known = f": use {', '.join(model.model_fields)}" if model else ": /api/openapi.json has those that there are"
        return f"there is no field {name[:60]!r}{known}."
    if error["type"] == "missing":
        return f"{name or 'the body'} is missing: /api/openapi.json says what belongs there."
    if not name:
        return "the body is no JSON object: send one, with the content type application/json."
    wanted = str(error["msg"]).replace("Input should", "it should").replace("Value error, ", "")
    shown = f"an object of {len(value)} fields" if isinstance(value, Mapping) else f"{str(value)[:60]!r}"
    return f"{name} is {shown}: {wanted[0].lower()}{wanted[1:]}."
