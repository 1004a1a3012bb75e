"""Passwords as they are kept: salted and hashed with scrypt (RFC 7914), each with the parameters it was made with."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from dataclasses import dataclass, field

SALT_BYTES = 16
DIGEST_BYTES = 32
COST = 1 << 15
"""With blocks of 8: 32 MiB of memory and 50 to 100 ms of one core for every guess."""

_BLOCKS, _PARALLEL = 8, 1
_COSTS = tuple(1 << power for power in range(14, 21))
_MOST_MEMORY = 256 << 20
_MARGIN = 1 << 20


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """What is known of a password: enough to recognise it.

    Attributes:
        salt: At least 16 bytes, different for each hash.
        digest: At least 32 bytes.
        n: CPU and memory cost, a power of 2 from 16384 to 1048576.
        r: Block size, 1 to 32.
        p: Parallelisation, 1 to 16.

    Raises:
        ValueError: A parameter is out of its bounds, or all together would take more than 256 MiB.
    """

    salt: bytes = field(repr=False)
    digest: bytes = field(repr=False)
    n: int = COST
    r: int = _BLOCKS
    p: int = _PARALLEL

    def __post_init__(self) -> None:
        if self.n not in _COSTS:
            raise ValueError(f"n must be a power of 2 from {_COSTS[0]} to {_COSTS[-1]}, got {self.n}")
        if not 1 <= self.r <= 32 or not 1 <= self.p <= 16:
            raise ValueError(f"r must be 1 to 32 and p 1 to 16, got {self.r} and {self.p}")
        if self._memory > _MOST_MEMORY:
            raise ValueError(f"n, r and p would take {self._memory >> 20} MiB for every login")
        if not SALT_BYTES <= len(self.salt) <= 64 or not DIGEST_BYTES <= len(self.digest) <= 64:
            raise ValueError("the salt must have 16 to 64 bytes and the hash 32 to 64")

    @classmethod
    def of(cls, password: str) -> PasswordHash:
        """Hash a password with a new salt. Takes as long as a login; call it in a thread."""
        salt = secrets.token_bytes(SALT_BYTES)
        return cls(salt, _scrypt(password, salt, COST, _BLOCKS, _PARALLEL, DIGEST_BYTES))

    @classmethod
    def of_nobody(cls, model: PasswordHash | None = None) -> PasswordHash:
        """A hash that no password has, as slow to compare with as a model."""
        salt, digest = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(DIGEST_BYTES)
        return cls(salt, digest) if model is None else cls(salt, digest, model.n, model.r, model.p)

    def fits(self, password: str) -> bool:
        """Whether this is the password; compares in constant time. Blocks for 50 to 100 ms without holding the GIL."""
        return hmac.compare_digest(self.digest, _scrypt(password, self.salt, self.n, self.r, self.p, len(self.digest)))

    @property
    def _memory(self) -> int:
        return 128 * self.r * (self.n + self.p)


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int, length: int) -> bytes:
    """Of the composed form (NFC), so that the same characters give the same hash whatever keyboard they come from."""
    text = unicodedata.normalize("NFC", password).encode(errors="surrogatepass")
    return hashlib.scrypt(text, salt=salt, n=n, r=r, p=p, maxmem=128 * r * (n + p) + _MARGIN, dklen=length)
