"""Access security of EPICS base itself (libCom of the package epicscorelibs), as the judge of ours."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache

from epicscorelibs.path import get_lib

PERMISSIONS = ("none", "read", "write")


class _Client(ctypes.Structure):
    """`ASGCLIENT` of asLib.h; base has macros in place of functions that look into it."""

    _fields_ = (
        ("node", ctypes.c_void_p * 2),
        ("member", ctypes.c_void_p),
        ("user", ctypes.c_char_p),
        ("host", ctypes.c_char_p),
        ("private", ctypes.c_void_p),
        ("callback", ctypes.c_void_p),
        ("level", ctypes.c_int),
        ("access", ctypes.c_int),
        ("trap", ctypes.c_int),
    )


@cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(get_lib("Com"))
    ctypes.c_int.in_dll(library, "asCheckClientIP").value = 1
    library.eltc(0)
    return library


class BaseAccess:
    """Rules as base has read them. Base knows one set of rules per process: each takes the place of the one before.

    Args:
        text: The file.

    Raises:
        ValueError: Base does not take it.
    """

    def __init__(self, text: str) -> None:
        if _library().asInitMem(text.encode(), None):
            raise ValueError("refused")

    def judge(self, group: str, level: int, user: str, host: str) -> tuple[str, bool]:
        """Permission, and whether puts are trapped."""
        library, member = _library(), ctypes.c_void_p()
        client = ctypes.POINTER(_Client)()
        names: Sequence[ctypes.Array[ctypes.c_char]] = [
            ctypes.create_string_buffer(name.encode()) for name in (group, user, host)
        ]
        assert library.asAddMember(ctypes.byref(member), names[0]) == 0
        assert library.asAddClient(ctypes.byref(client), member, level, names[1], names[2]) == 0
        found = PERMISSIONS[client.contents.access], bool(client.contents.trap)
        assert library.asRemoveClient(ctypes.byref(client)) == 0
        assert library.asRemoveMember(ctypes.byref(member)) == 0
        return found
