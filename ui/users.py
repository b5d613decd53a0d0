"""Who may sign in: names, roles and hashed passwords in a file, one user a line: `name:role:scrypt$N$r$p$salt$hash`,
salt and hash in base64."""

from __future__ import annotations

import base64
import getpass
import hashlib
import hmac
import math
import os
import re
import secrets
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from rag.errors import BylineError

Role = Literal["reader", "editor"]
ROLES: tuple[Role, ...] = ("reader", "editor")

_NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")
SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 256
_COST = (2**15, 8, 1)  # N, r and p of scrypt: 32 MB and about 0.1 s for each try
_DEAREST = (2**17, 16, 16)  # that is taken from a file
_SALT_BYTES, _HASH_BYTES = 16, 32

# Failures from which on nothing is tried any more for LOCKED_S: of one name from one address, of an address whatever
# the name, of a name from wherever.
MOST_FAILURES = {"both": 5, "address": 20, "name": 100}
LOCKED_S = 300.0
_MOST_KEPT = 10_000


class User(NamedTuple):
    """`secret` is the password as it is kept."""

    name: str
    role: Role
    secret: str


class LockedOut(Exception):
    """Too many failures: nothing is tried for `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"there were too many wrong passwords: try again in {seconds} seconds.")
        self.seconds = seconds


# -- passwords --------------------------------------------------------------------------------------------------------


def hash_password(password: str) -> str:
    """A password as it is kept: the parameters, the salt and the hash of scrypt (RFC 7914)."""
    salt = secrets.token_bytes(_SALT_BYTES)
    kept = (salt, _scrypt(password, salt, _COST))
    return "$".join(["scrypt", *map(str, _COST), *(base64.b64encode(part).decode("ascii") for part in kept)])


def fits(password: str, secret: str) -> bool:
    """Whether `secret` was made of this password. The time that takes does not tell how near it is. ValueError where
    `hash_password` did not make it."""
    cost, salt, digest = _read_secret(secret)
    return hmac.compare_digest(_scrypt(password[:LONGEST_PASSWORD], salt, cost), digest)


def _read_secret(secret: str) -> tuple[tuple[int, int, int], bytes, bytes]:
    kind, n, r, p, *kept = secret.split("$")
    cost = (int(n), int(r), int(p))
    salt, digest = (base64.b64decode(part, validate=True) for part in kept)
    is_sound = all(1 <= given <= most for given, most in zip(cost, _DEAREST, strict=True)) and cost[0].bit_count() == 1
    if kind != "scrypt" or not is_sound or cost[0] < 2**10 or len(digest) != _HASH_BYTES:
        raise ValueError(kind)
    return cost, salt, digest


def _scrypt(password: str, salt: bytes, cost: tuple[int, int, int]) -> bytes:
    n, r, p = cost
    memory = 128 * r * (n + p + 2) + 2**20
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"), salt=salt, n=n, r=r, p=p, maxmem=memory, dklen=_HASH_BYTES
    )


# -- the file ---------------------------------------------------------------------------------------------------------


def read_users(path: Path) -> dict[str, User]:
    """The users of a file by name. BylineError where it cannot be read, names none, or has a line that is no user."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise BylineError(f"the users in {path} cannot be read ({why}): {_how_to_add(path)}") from None
    users: dict[str, User] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        user = _read_user(line.strip())
        if user is None or user.name in users:
            raise BylineError(
                f"line {number} of {path} is no user: each is name:role:scrypt$…, a name once, the role "
                f"{' or '.join(ROLES)}; {_how_to_add(path)}"
            )
        users[user.name] = user
    if not users:
        raise BylineError(f"{path} names no user: {_how_to_add(path)}")
    return users


def _read_user(line: str) -> User | None:
    name, _, rest = line.partition(":")
    role, _, secret = rest.partition(":")
    try:
        _read_secret(secret)
    except ValueError:
        return None
    return next((User(name, known, secret) for known in ROLES if known == role and _NAME.fullmatch(name)), None)


def _how_to_add(path: Path) -> str:
    return f"`byline ui --add-user NAME --auth {path}` adds one."


def add_user(path: Path, name: str, role: Role, password: str) -> bool:
    """Whether the file had no such user: puts one into it, which only its owner may read, or gives one another password
    and role. BylineError where the name or the password will not do, or the file cannot be written."""
    if not _NAME.fullmatch(name):
        raise BylineError(f"{name[:80]!r} can be no name of a user: use 1 to 64 letters, digits and . _ @ -")
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD or any(c in password for c in "\r\n\0"):
        raise BylineError(
            f"the password has {len(password)} characters: choose one of {SHORTEST_PASSWORD} to {LONGEST_PASSWORD}, "
            "on one line."
        )
    known = read_users(path) if path.exists() and path.stat().st_size else {}
    users = {**known, name: User(name, role, hash_password(password))}
    try:
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # which only its owner may read
        try:
            with open(handle, "w", encoding="utf-8", newline="\n") as file:
                file.writelines(f"{':'.join(user)}\n" for user in users.values())
            os.replace(part, path)
        except BaseException:
            os.unlink(part)
            raise
    except OSError as error:
        raise BylineError(f"the users cannot be written to {path} ({error.strerror}): give another file.") from None
    return name not in known


def ask_password(name: str) -> str:
    """The new password of a user: asked twice on a terminal, else the first line of standard input. BylineError where
    the two differ."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass(f"Password for {name}: ")
    if getpass.getpass("Again: ") != password:
        raise BylineError("the two passwords differ: try again.")
    return password


# -- signing in -------------------------------------------------------------------------------------------------------


@dataclass
class _Failures:
    n: int
    last: float


class Users:
    """The users of a file, which is read again when it changes, and the failures to sign in. Safe from threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp = self._seen()
        self._users = read_users(path)
        self._failures: dict[tuple[str, str], _Failures] = {}
        self._known: dict[bytes, str] = {}  # what fitted, under a key that lives as long as this: scrypt is slow
        self._key = secrets.token_bytes(32)
        self._nobody = hash_password(secrets.token_urlsafe())
        self._lock = threading.Lock()

    def roles(self) -> list[Role]:
        """Of each user."""
        return [user.role for user in self._users.values()]

    def sign_in(self, name: str, password: str, address: str) -> Role | None:
        """The role of the user with this name and password, None where there is none. It takes as long for a name that
        nobody has. LockedOut after too many failures, also where the password is right."""
        self._refresh()
        places = {"both": f"{name}\n{address}", "address": address, "name": name}
        self._check_failures(places)
        user = self._users.get(name)
        proof = hmac.digest(self._key, f"{name}\0{password}".encode("utf-8", "surrogatepass"), "sha256")
        if user is not None and self._known.get(proof) == user.secret:
            return user.role
        if fits(password, user.secret if user else self._nobody) and user is not None:
            with self._lock:
                if len(self._known) >= _MOST_KEPT:
                    self._known.clear()
                self._known[proof] = user.secret
                self._failures.pop(("both", places["both"]), None)
            return user.role
        self._count_failure(places)
        return None

    def _check_failures(self, places: dict[str, str]) -> None:
        now = time.monotonic()
        with self._lock:
            for kind, place in places.items():
                failed = self._failures.get((kind, place))
                if failed and failed.n >= MOST_FAILURES[kind] and (left := failed.last + LOCKED_S - now) > 0:
                    raise LockedOut(math.ceil(left))

    def _count_failure(self, places: dict[str, str]) -> None:
        now = time.monotonic()
        with self._lock:
            if len(self._failures) >= _MOST_KEPT:
                recent = sorted(self._failures.items(), key=lambda entry: -entry[1].last)
                self._failures = dict(recent[: _MOST_KEPT // 2])
            for key in places.items():
                failed = self._failures.setdefault(key, _Failures(0, now))
                failed.n = 1 if now - failed.last > LOCKED_S else failed.n + 1
                failed.last = now

    def _seen(self) -> tuple[int, int]:
        try:
            state = self.path.stat()
        except OSError:
            return (0, 0)
        return (state.st_mtime_ns, state.st_ino)

    def _refresh(self) -> None:
        """Read the file again where it changed; one that was spoilt lets nobody in."""
        if (stamp := self._seen()) == self._stamp:
            return
        try:
            users = read_users(self.path)
        except BylineError:
            users = {}
        with self._lock:
            self._stamp, self._users = stamp, users
