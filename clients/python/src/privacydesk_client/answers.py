"""What the desk answers, and how it refuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Answer(Generic[T_co]):
    """An answer.

    Attributes:
        body: what it says.
        etag: the version, for ``if_match``; empty without one.
        replayed: whether an earlier request with the same key has done it already, so that this one
            changed nothing.
    """

    body: T_co
    etag: str = ""
    replayed: bool = False


class ProblemError(Exception):
    """The desk refused a request (RFC 9457); ``code`` and ``reason`` are for programs.

    Attributes:
        status: the HTTP status.
        code: the error code; empty where a proxy in front of the desk answered.
        reason: the precise reason, or empty.
        scope: the missing scope of a 403, or empty.
        faults: what is wrong with an invalid request, field by field.
        request_id: the desk's log has the request under this id.
        retry_after: seconds to wait before a retry, if the desk says so.
    """

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: float | None) -> None:
        self.status = status
        self.code = str(problem.get("code", ""))
        self.reason = str(problem.get("reason") or "")
        self.scope = str(problem.get("scope") or "")
        self.faults: Sequence[Mapping[str, str]] = problem.get("faults") or ()
        self.request_id = str(problem.get("request_id", ""))
        self.retry_after = retry_after
        faults = "; ".join(
            f"{one.get('where')} {one.get('message') or one.get('what')}" for one in self.faults
        )
        told = (status, self.code, self.reason, problem.get("title", ""), faults)
        super().__init__(" ".join(str(one) for one in told if one))


class ConnectionFailedError(Exception):
    """The desk could not be reached.

    A write may have been carried out: repeat it with the same key.
    """


def quoted(part: str | int) -> str:
    """Return a part of a path, encoded."""
    return quote(str(part), safe="")
