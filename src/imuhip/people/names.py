"""Names of people, in one encrypted file: nothing else in imuhip knows any.

The key comes from a passphrase by scrypt (RFC 7914), the file is a Fernet token
(https://github.com/fernet/spec): without the passphrase it can neither be read nor changed unseen.
A forgotten passphrase cannot be recovered, and then the names are lost; codes are not.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from imuhip.errors import ImuhipError, PersonError
from imuhip.people.folder import default_folder
from imuhip.people.person import checked_code

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

__all__ = ["NAMES_VARIABLE", "SHORTEST_PASSPHRASE", "Names", "default_names_file"]

NAMES_VARIABLE: Final = "IMUHIP_NAMES_FILE"
"""Environment variable naming another file for names, such as one on an encrypted disk."""
SHORTEST_PASSPHRASE: Final = 8
_FORMAT: Final = 1
_LARGEST_BYTES: Final = 8_000_000
_LONGEST_NAME: Final = 200
_COST: Final = {"n": 2**15, "r": 8, "p": 1}
"""32 MB and some tenths of a second for each guess."""
_HIGHEST_COST: Final = {"n": 2**18, "r": 16, "p": 4}
"""What a file may ask for: 512 MB."""


def default_names_file() -> Path:
    """Return where names are kept on this computer: beside the folder of people, not in it."""
    if chosen := os.environ.get(NAMES_VARIABLE):
        return Path(chosen)
    return default_folder().parent / "names.imuhip"


@dataclass(frozen=True, slots=True, repr=False)
class _Lock:
    """A key, and what it was made from but for the passphrase."""

    key: Fernet
    salt: bytes
    cost: Mapping[str, int]


class Names:
    """Names by code, open until this object is let go. Make it with `open` or `create`.

    Its ``repr`` tells how many there are and no more.
    """

    def __init__(self, path: Path, lock: _Lock, names: Mapping[str, str]) -> None:
        self.path = path
        self._lock = lock
        self._names = dict(names)

    def __repr__(self) -> str:
        return f"Names({len(self._names)} names)"

    def __len__(self) -> int:
        return len(self._names)

    @classmethod
    def create(cls, path: Path, passphrase: str) -> Names:
        """Make the file.

        Raises
        ------
        PersonError
            When there is one already, the passphrase is too short, or nothing can be written.
        """
        if path.exists():
            raise PersonError(
                f"{path}: is there already", hint="open it with its passphrase", code="E727"
            )
        if len(passphrase) < SHORTEST_PASSPHRASE:
            raise PersonError(
                f"a passphrase of {len(passphrase)} characters; {SHORTEST_PASSPHRASE} are needed",
                hint="four words that do not belong together are good",
                code="E725",
            )
        names = cls(path, _lock(passphrase, os.urandom(16), _COST), {})
        names._write()
        return names

    @classmethod
    def open(cls, path: Path, passphrase: str) -> Names:
        """Open the file.

        Raises
        ------
        PersonError
            When there is none, the passphrase is wrong, or the file is damaged or newer.
        """
        stored, salt, cost = _stored(path)
        lock = _lock(passphrase, salt, cost)
        from cryptography.fernet import InvalidToken

        try:
            content = json.loads(lock.key.decrypt(stored))
            names = {checked_code(code): str(name) for code, name in content.items()}
        except InvalidToken as error:
            raise PersonError(
                f"{path}: this passphrase does not open it, or the file was changed",
                hint="type it again; upper and lower case count. Codes work without names",
                code="E725",
            ) from error
        except (ValueError, AttributeError, ImuhipError) as error:
            raise _damaged(path, "what is in it are no names") from error
        return cls(path, lock, names)

    @property
    def all(self) -> Mapping[str, str]:
        """Return names by code, to be shown and nothing else."""
        return MappingProxyType(self._names)

    def of(self, code: str) -> str:
        """Return the name of a person; empty when it is not known."""
        return self._names.get(code, "")

    def put(self, code: str, name: str) -> None:
        """Keep a name, or forget it when it is empty; the file is written at once.

        Raises
        ------
        PersonError
            When it cannot be written; the names are as before then.
        """
        before = dict(self._names)
        self._names[checked_code(code)] = name.strip()[:_LONGEST_NAME]
        if not self._names[code]:
            del self._names[code]
        if before == self._names:
            return
        try:
            self._write()
        except PersonError:
            self._names = before
            raise

    def _write(self) -> None:
        token = self._lock.key.encrypt(json.dumps(self._names).encode())
        content = {
            "format": _FORMAT,
            "about": "names of people measured with imuhip, encrypted",
            "kdf": "scrypt",
            **self._lock.cost,
            "salt": base64.b64encode(self._lock.salt).decode(),
            "names": token.decode(),
        }
        fresh = self.path.with_suffix(".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fresh.touch(mode=0o600)
            fresh.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
            fresh.replace(self.path)
        except OSError as error:
            raise PersonError(
                f"{self.path}: names cannot be written: {error.strerror or error}",
                hint=f"give yourself the rights to it, or name another file in {NAMES_VARIABLE}",
                code="E723",
            ) from error


def _stored(path: Path) -> tuple[bytes, bytes, dict[str, int]]:
    """Return token, salt and cost of a file that is not trusted."""
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise _damaged(path, f"larger than {_LARGEST_BYTES} bytes")
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise PersonError(
            f"{path}: there is no file of names",
            hint="make one with a passphrase, or put the key file back; codes work without names",
            code="E726",
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        told = error.strerror if isinstance(error, OSError) else "no JSON"
        raise _damaged(path, str(told)) from error
    if not isinstance(content, dict):
        raise _damaged(path, "no table of entries")
    if isinstance(content.get("format"), int) and content["format"] > _FORMAT:
        raise PersonError(
            f"{path}: written by a newer imuhip (format {content['format']}, this one knows"
            f" {_FORMAT})",
            hint="update imuhip; the file is left as it is",
            code="E722",
        )
    try:
        if content["kdf"] != "scrypt":
            raise ValueError("unknown kdf")
        cost = {name: int(content[name]) for name in _COST}
        salt = base64.b64decode(content["salt"], validate=True)
        token = str(content["names"]).encode()
    except (KeyError, ValueError, TypeError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error
    fits = all(1 <= cost[name] <= _HIGHEST_COST[name] for name in _COST)
    if not fits or cost["n"] & (cost["n"] - 1) or cost["n"] < 2 or len(salt) > 1024:
        raise _damaged(path, f"it asks for scrypt with {cost}")
    return token, salt, cost


def _damaged(path: Path, why: str) -> PersonError:
    return PersonError(
        f"{path}: is not a file of names ({why[:200]})",
        hint="put a copy of it back, or move it away; codes work without names",
        code="E727",
    )


def _lock(passphrase: str, salt: bytes, cost: Mapping[str, int]) -> _Lock:
    try:
        from cryptography.fernet import Fernet
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
    except ImportError as error:
        raise PersonError(
            f"names are encrypted by a package that cannot be loaded: {error}",
            hint='install it with: pip install "imuhip[app]"; codes work without names',
            code="E728",
        ) from error
    scrypt = Scrypt(salt=salt, length=32, n=cost["n"], r=cost["r"], p=cost["p"])
    key = Fernet(base64.urlsafe_b64encode(scrypt.derive(passphrase.encode())))
    return _Lock(key, salt, dict(cost))
