"""What can go wrong, as one family of exceptions, built from the director's problem+json (RFC 9457).

Guarantee: each has a `code`, which programs switch on and which keeps its meaning, and a sentence that names the
place and the way out. Each code has a page in docs/problems.
"""

from __future__ import annotations

import json
from typing import Any, Mapping, Optional, Sequence


class MillraceError(Exception):
    """Anything that this package fails with.

    code: such as `catalogue.pickle-not-allowed`.
    detail: a sentence for people.
    status: of HTTP, where a director answered.
    errors: the places that are wrong, as dicts with `detail` and perhaps `pointer`, `module`, `field`, `line`.
    request_id: what the director's log knows the request by.
    retry_after: seconds after which asking again makes sense.
    """

    def __init__(
        self,
        detail: str,
        *,
        code: str,
        status: Optional[int] = None,
        errors: Sequence[Mapping[str, Any]] = (),
        request_id: Optional[str] = None,
        retry_after: Optional[float] = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code
        self.status = status
        self.errors = list(errors)
        self.request_id = request_id
        self.retry_after = retry_after

    def __str__(self) -> str:
        places = [f"\n  {_place(one)}" for one in self.errors[:20]]
        return f"{self.code}: {self.detail}{''.join(places)}"


class Refused(MillraceError):
    """A rule says no; asking again gets the same answer."""


class NotAllowed(Refused):
    """Nobody is signed in, or may not do this."""


class NotFound(Refused):
    """There is no such thing."""


class Unavailable(MillraceError):
    """The world outside failed, which may pass."""


class Unusable(MillraceError, ValueError):
    """What was handed to this package cannot be used. Nothing was sent."""

    def __init__(self, detail: str, *, code: str = "platform.invalid-request") -> None:
        super().__init__(detail, code=code)


def _place(error: Mapping[str, Any]) -> str:
    where = [str(error[key]) for key in ("module", "pointer", "field") if error.get(key)]
    return f"{' '.join(where[:2])}: {error.get('detail', '')}" if where else str(error.get("detail", ""))


def problem_of(status: int, body: bytes, retry_after: Optional[str], url: str) -> MillraceError:
    """The exception for an answer that is no success."""
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if not isinstance(said, dict) or not isinstance(said.get("code"), str):
        said = {
            "code": "platform.unavailable" if status >= 500 else "platform.invalid-request",
            "detail": f"{url} answered {status} and no word why. Is it a Millrace director?",
        }
    return _kind(status)(
        str(said.get("detail") or said.get("title") or said["code"]),
        code=said["code"],
        status=status,
        errors=[one for one in said.get("errors") or [] if isinstance(one, dict)],
        request_id=said.get("requestId"),
        retry_after=_seconds(said.get("retryAfter"), retry_after),
    )


def _kind(status: int) -> type[MillraceError]:
    if status in (401, 403):
        return NotAllowed
    if status == 404:
        return NotFound
    if status == 429 or status in (502, 503, 504):
        return Unavailable
    return Refused if status < 500 else MillraceError


def _seconds(in_body: Any, in_header: Optional[str]) -> Optional[float]:
    for value in (in_body, in_header):
        try:
            return max(0.0, float(value))
        except (TypeError, ValueError):
            continue
    return None
