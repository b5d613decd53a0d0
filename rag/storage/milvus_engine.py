"""The one place that talks to Milvus: collections, rows, searches; every failure one sentence.

Expressions hold whole numbers, digests and ids of letters and digits only (`quoted`): nothing that was read from an
article or typed gets into one as it stands.
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from rag.errors import BylineError
from rag.storage.milvus_address import TOKEN, Address, connection

PATIENCE_S = 60.0  # for an embedded library that another process has open
MOST = 16_384  # rows that Milvus gives to one query
BATCH = 500
_ITERATED = 200  # rows of up to 64 KB
_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)
Row = dict[str, Any]

# Okapi BM25 as FTS5 has it.
_BM25 = {"bm25_k1": 1.2, "bm25_b": 0.75}


def key(text: str) -> str:
    """What stands for a text in a row and in an expression: 32 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def quoted(ids: Iterable[str]) -> str:
    """The ids as a list in an expression. One that is no id of an article is left out: no article has it."""
    listed = ", ".join(f'"{one}"' for one in ids if _ID.fullmatch(one))
    return f"[{listed}]"


def batches(values: Sequence[Any], n: int = BATCH) -> Iterator[Sequence[Any]]:
    return (values[i : i + n] for i in range(0, len(values), n))


class Engine:
    """A connection. A collection is made at the first row, and until then is empty. Safe to use from several threads.

    Raises BylineError where Milvus cannot be reached, refuses, or is not installed.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._there: set[str] = set()
        try:
            import pymilvus
        except ImportError:
            raise BylineError(f"the library {address} needs the Milvus client: pip install 'byline[milvus]'.") from None
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL + 1)  # every failure is raised as well
        self._milvus: Any = pymilvus
        self._errors = (pymilvus.MilvusException, OSError, ValueError, *_of_grpc())
        self._client: Any = self._open()
        version = self._call(self._client.get_server_version)
        self.has_bm25 = "milvus_lite" in version or _numbers(version) >= (2, 5)
        self.has_inverted = _numbers(version) >= (
            2,
            4,
        )  # the embedded one has few rows, and each index takes half a second
        self.version = version

    def _open(self) -> Any:
        if self._address.folder:
            self._address.folder.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self._milvus.MilvusClient(self._address.uri, **connection(self._address))
            except self._errors as error:
                if not self._address.folder:
                    raise BylineError(
                        f"Milvus at {self._address.uri} cannot be reached ({_brief(error)}): start it, mend the "
                        f"address, or give the token in {TOKEN}."
                    ) from None
                if not _is_locked(self._address) or time.monotonic() > deadline:
                    raise BylineError(
                        f"the library {self._address} cannot be opened: another program has it open, or it is damaged; "
                        "for several at once serve it with `milvus-lite server` and open it by that address."
                    ) from None
            time.sleep(0.2)

    def close(self) -> None:
        self._client.close()
        if self._address.folder:
            from milvus_lite.server_manager import server_manager_instance

            server_manager_instance.release_server(self._address.uri)

    def _call(self, do: Callable[..., Any], *given: Any, **options: Any) -> Any:
        try:
            return do(*given, **options)
        except self._errors as error:
            raise BylineError(
                f"Milvus at {self._address.uri} failed ({_brief(error)}): try again once it runs; what was "
                "stored stays."
            ) from error

    # -- collections ----------------------------------------------------------------------------------------------

    def _named(self, collection: str) -> str:
        return f"{self._address.name}_{collection}"

    def has(self, collection: str) -> bool:
        """Whether it was made, here or by another process; it is then loaded."""
        if collection in self._there:
            return True
        with self._lock:
            name = self._named(collection)
            if self._call(self._client.has_collection, name):
                self._call(self._client.load_collection, name)
                self._there.add(collection)
        return collection in self._there

    def make(self, collection: str, fields: Sequence[tuple[str, Row]], *, indexed: Sequence[str] = ()) -> None:
        """Make a collection, unless it is there: (name, what `add_field` takes) of each field, the key first."""
        if self.has(collection):
            return
        types = self._milvus.DataType
        schema = self._milvus.MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        index = self._milvus.MilvusClient.prepare_index_params()
        for i, (name, options) in enumerate(fields):
            given = {k: getattr(types, v) if k in ("datatype", "element_type") else v for k, v in options.items()}
            schema.add_field(name, is_primary=not i, **given)
            if options["datatype"] == "FLOAT_VECTOR":
                index.add_index(name, index_type=options.get("index", "AUTOINDEX"), metric_type="IP")
            if options["datatype"] == "SPARSE_FLOAT_VECTOR":
                kind = self._milvus.FunctionType.BM25
                schema.add_function(
                    self._milvus.Function(
                        name="bm25", function_type=kind, input_field_names=["stems"], output_field_names=[name]
                    )
                )
                index.add_index(name, index_type="SPARSE_INVERTED_INDEX", metric_type="BM25", params=_BM25)
        for name in indexed if self.has_inverted else ():
            index.add_index(name, index_type="INVERTED")
        try:
            name = self._named(collection)
            self._call(self._client.create_collection, name, schema=schema, consistency_level="Session")
            # Not waited for: there are no rows yet, and the client sleeps half a second for each.
            self._call(self._client.create_index, name, index, sync=False)
        except BylineError:
            if not self.has(collection):  # else another process made it a moment ago
                raise
        if not self.has(collection):
            raise BylineError(f"Milvus at {self._address.uri} did not make {self._named(collection)}: try again.")

    # -- rows -----------------------------------------------------------------------------------------------------

    def rows(
        self, collection: str, expression: str, fields: Sequence[str], *, limit: int | None = None, fresh: bool = False
    ) -> list[Row]:
        """The rows for which an expression holds, in no order; `fresh` waits for what other processes wrote."""
        if not self.has(collection):
            return []
        options: Row = {"filter": expression, "output_fields": list(fields)}
        options |= {"consistency_level": "Strong"} if fresh else {}
        most = MOST if limit is None else limit
        found = self._call(self._client.query, self._named(collection), limit=most, **options)
        if limit is None and len(found) == MOST:
            return list(self._iterated(self._named(collection), options))
        return [dict(row) for row in found]

    def _iterated(self, name: str, options: Row) -> Iterator[Row]:
        found = self._call(self._client.query_iterator, name, batch_size=_ITERATED, **options)
        try:
            while some := self._call(found.next):
                yield from (dict(row) for row in some)
        finally:
            found.close()

    def of_keys(
        self, collection: str, field: str, keys: Sequence[str], fields: Sequence[str], *, fresh: bool = False
    ) -> list[Row]:
        """The rows that have one of the `keys` in `field`, which one row has at most."""
        return [
            row
            for some in batches(list(dict.fromkeys(keys)), _ITERATED)
            for row in self.rows(collection, f"{field} in {quoted(some)}", fields, limit=len(some), fresh=fresh)
        ]

    def count(self, collection: str, expression: str = "", *, fresh: bool = False) -> int:
        if not self.has(collection):
            return 0
        options = {"consistency_level": "Strong"} if fresh else {}
        name, fields = self._named(collection), ["count(*)"]
        found = self._call(self._client.query, name, filter=expression, output_fields=fields, **options)
        return int(found[0]["count(*)"])

    def upsert(self, collection: str, rows: Sequence[Row]) -> None:
        for some in batches(list(rows), _ITERATED):
            self._call(self._client.upsert, self._named(collection), list(some))

    def delete(self, collection: str, expression: str) -> None:
        if self.has(collection):
            self._call(self._client.delete, self._named(collection), filter=expression)

    def search(
        self, collection: str, field: str, query: Any, k: int, expression: str, fields: Sequence[str], metric: str
    ) -> list[tuple[Row, float]]:
        """The best `k` rows for a vector or (BM25) a text, each with its score as Milvus gives it."""
        if not self.has(collection) or k < 1:
            return []
        found = self._call(
            self._client.search,
            self._named(collection),
            data=[query],
            anns_field=field,
            limit=min(k, MOST),
            filter=expression,
            output_fields=list(fields),
            search_params={"metric_type": metric},
        )
        return [(dict(hit["entity"]), float(hit["distance"])) for hit in found[0]]


def _of_grpc() -> tuple[type[BaseException], ...]:
    import grpc

    return (grpc.RpcError, grpc.FutureTimeoutError)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def _brief(error: BaseException) -> str:
    """What the client says, on one line."""
    said = getattr(error, "message", None) or str(error) or type(error).__name__
    return " ".join(str(said).split())[:200]


def _is_locked(address: Address) -> bool:
    """Whether another process has an embedded library open."""
    try:
        import fcntl

        with open(f"{address.uri}/LOCK", "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (OSError, ImportError):
        return False
    return False
