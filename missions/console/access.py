"""Who may come in: pairing codes become tokens, tokens are kept as hashes, and can be taken back."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from missions.console.protocol import Role

CODE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none is like another: 5 bits each
CODE_LENGTH = 8
FAILURES_MAX = 10  # of one address in a minute
FAILURES_MAX_ALL = 60  # of all addresses
FAILURES_S = 60.0
CLIENTS_MAX = 200  # one more, and the oldest must pair again


class PairingRefused(Exception):
    """The code is none of ours; `too_many`: so many were tried that none is looked at for a while."""

    def __init__(self, too_many: bool) -> None:
        super().__init__("too many attempts" if too_many else "no such code")
        self.too_many = too_many


@dataclass(frozen=True, slots=True)
class Client:
    """One paired device."""

    id: str
    name: str
    role: Role
    token_hash: str
    paired: str  # when, for people


def new_code() -> str:
    """A pairing code; its 40 bits are not guessed at 60 a minute."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


def shown_code(code: str) -> str:
    """As people read it out."""
    return f"{code[:4]}-{code[4:]}"


class Access:
    """Codes, tokens and failed attempts.

    Args:
        path: file of the tokens' hashes; made if it is not there.
        codes: of this console, by role.
        now_s: a clock that only goes on.
    """

    def __init__(self, path: Path, codes: Mapping[Role, str], now_s: Callable[[], float]) -> None:
        self._path, self._now_s = path, now_s
        self._codes = dict(codes)
        self._failures: dict[str, deque[float]] = {}
        self._clients = {client.token_hash: client for client in _read(path)}

    @property
    def clients(self) -> tuple[Client, ...]:
        return tuple(self._clients.values())

    def code(self, role: Role) -> str:
        """The code that pairs a device with this role."""
        return self._codes[role]

    def pair(self, code: str, name: str, address: str, when: str) -> tuple[Client, str]:
        """A new client and its token, which is shown once and kept nowhere.

        Args:
            address: where the attempt comes from.
            when: for people.

        Raises:
            PairingRefused: not one of the codes, or too many attempts.
        """
        self._check_attempts(address)
        role = self._role_of(code)
        if role is None:
            self._failures.setdefault(address, deque()).append(self._now_s())
            raise PairingRefused(False)
        token = secrets.token_urlsafe(32)
        client = Client(self._free_id(name), name, role, _hash(token), when)
        while len(self._clients) >= CLIENTS_MAX:
            del self._clients[next(iter(self._clients))]
        self._clients[client.token_hash] = client
        self._write()
        return client, token

    def who(self, token: str) -> Client | None:
        """Whose token it is. The hash of 256 random bits is looked up: nothing of it leaks by timing."""
        return self._clients.get(_hash(token))

    def revoke(self, client_id: str) -> bool:
        """False: there is no such client."""
        kept = {h: c for h, c in self._clients.items() if c.id != client_id}
        if len(kept) == len(self._clients):
            return False
        self._clients = kept
        self._write()
        return True

    def _check_attempts(self, address: str) -> None:
        horizon_s = self._now_s() - FAILURES_S
        for key, times in list(self._failures.items()):
            while times and times[0] < horizon_s:
                times.popleft()
            if not times:
                del self._failures[key]
        every = sum(map(len, self._failures.values()))
        if len(self._failures.get(address, ())) >= FAILURES_MAX or every >= FAILURES_MAX_ALL:
            raise PairingRefused(True)

    def _role_of(self, code: str) -> Role | None:
        given = re.sub(r"[^0-9A-Z]", "", code.upper()).encode()
        found = None
        for role, known in self._codes.items():
            if hmac.compare_digest(given, known.encode()):
                found = role
        return found

    def _free_id(self, name: str) -> str:
        wanted = re.sub(r"[^\w.-]+", "-", name.strip()).strip("-")[:30] or "client"
        taken = {client.id for client in self.clients}
        number, free = 1, wanted
        while free in taken:
            number += 1
            free = f"{wanted}-{number}"
        return free

    def _write(self) -> None:
        rows = [{**asdict(client), "role": client.role.name.lower()} for client in self.clients]
        write_private(self._path, json.dumps({"clients": rows}, indent=1, ensure_ascii=False))


def write_private(path: Path, text: str) -> None:
    """The file is there whole or as it was, for this user alone."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(handle)
    part.replace(path)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _read(path: Path) -> list[Client]:
    """The clients of a file; one that is not as it should be pairs nobody."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["clients"]
        return [Client(**{**row, "role": Role[row["role"].upper()]}) for row in rows]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        path.replace(path.with_name(path.name + ".damaged"))
        return []
