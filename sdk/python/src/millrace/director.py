"""Which director, as whom, and one request to it: JSON out, JSON in, problems as exceptions.

Guarantee: a token is only ever sent to the address that it belongs to (redirects are not followed); every wait has
a deadline; an outage is tried again with jitter and obeys Retry-After, and a POST carries an Idempotency-Key, so
trying it again does nothing twice.
"""

from __future__ import annotations

import functools
import json
import os
import random
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, Iterable, Mapping, Optional

from .problem import MillraceError, NotAllowed, Unavailable, Unusable, problem_of

ATTEMPTS = 5
TIMEOUT_S = 30.0
FIRST_WAIT_S = 0.25
# A director that asks for more patience than this is not waited for: the caller hears of it.
LONGEST_WAIT_S = 15.0
# A page of results is the largest answer; the director bounds it far below this.
LARGEST_ANSWER = 256 * 1024 * 1024


@dataclass(frozen=True)
class Answer:
    status: int
    value: Any
    etag: Optional[str]


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Director:
    """A director and who is asking. Made by `millrace.connect`; may be used by several threads."""

    def __init__(self, url: str, token: str) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Unusable(f"{url!r} is no address of a director, such as https://millrace.example.org.")
        self.url = url.rstrip("/")
        self._token = token

    def __repr__(self) -> str:
        return f"Director({self.url!r})"

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Optional[Mapping[str, Any]] = None,
        body: Any = None,
        headers: Optional[Mapping[str, str]] = None,
    ) -> Answer:
        """One request, tried again while the director is away. Raises MillraceError."""
        sent = {"accept": "application/json", "authorization": f"Bearer {self._token}", **(headers or {})}
        data = None
        if body is not None:
            data = json.dumps(body, allow_nan=False).encode()
            sent["content-type"] = "application/json"
        if method == "POST":
            sent.setdefault("idempotency-key", uuid.uuid4().hex)
        given = {key: value for key, value in (query or {}).items() if value is not None}
        url = f"{self.url}{path}{'?' + urllib.parse.urlencode(given) if given else ''}"
        for tried in range(1, ATTEMPTS + 1):
            try:
                return self._once(method, url, data, sent)
            except MillraceError as error:
                wait = max(random.random() * FIRST_WAIT_S * 2**tried, error.retry_after or 0.0)
                if tried == ATTEMPTS or wait > LONGEST_WAIT_S or not _again(error, method):
                    raise
                time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def exchange(
        self, path: str, data: bytes, *, sends: str, query: Optional[Mapping[str, Any]] = None, timeout: float
    ) -> bytes:
        """Posts bytes of the type `sends` once, and gives the bytes that come back, whatever they are."""
        url = f"{self.url}{path}{'?' + urllib.parse.urlencode(query) if query else ''}"
        headers = {"authorization": f"Bearer {self._token}", "content-type": sends}
        request = urllib.request.Request(url, data=data, method="POST", headers=headers)
        return send(request, timeout, self.url)[1]

    def _once(self, method: str, url: str, data: Optional[bytes], headers: Mapping[str, str]) -> Answer:
        request = urllib.request.Request(url, data=data, method=method, headers=dict(headers))
        status, body, etag = send(request, TIMEOUT_S, self.url)
        try:
            value = json.loads(body) if body else None
        except ValueError:
            raise MillraceError(
                f"{self.url} gave an answer that this version does not understand. Is it a Millrace director?",
                code="platform.message-invalid",
            ) from None
        return Answer(status, value, etag)


def send(request: urllib.request.Request, timeout: float, url: str) -> tuple[int, bytes, Optional[str]]:
    """Status, body and ETag of a success; MillraceError otherwise."""
    try:
        with _opener(_is_local(request.host)).open(request, timeout=timeout) as response:
            body = response.read(LARGEST_ANSWER + 1)
            if len(body) > LARGEST_ANSWER:
                raise MillraceError(
                    f"{url} gave more than {LARGEST_ANSWER} bytes in one answer.",
                    code="platform.message-invalid",
                )
            return response.status, body, response.headers.get("etag")
    except urllib.error.HTTPError as error:
        with error:
            problem = problem_of(error.code, error.read(1_000_000), error.headers.get("retry-after"), url)
        raise problem from None
    except (OSError, HTTPException) as error:
        raise Unavailable(f"{url} does not answer: {_reason(error)}.", code="platform.unavailable") from error


@functools.lru_cache(maxsize=2)
def _opener(local: bool) -> urllib.request.OpenerDirector:
    """Through the proxy of the environment, except to this machine itself."""
    proxies = [urllib.request.ProxyHandler({})] if local else []
    return urllib.request.build_opener(_NoRedirect, *proxies)


def _is_local(host: str) -> bool:
    name = (urllib.parse.urlsplit(f"//{host}").hostname or "").lower()
    return name in ("localhost", "::1") or name.startswith("127.")


def _again(error: MillraceError, method: str) -> bool:
    """What the caller cannot know without asking again: an outage, a limit of rate, a first request still at work."""
    if error.code in ("platform.too-many-requests", "platform.idempotency-in-progress"):
        return True
    # Without an answer nobody knows whether it was done.
    return isinstance(error, Unavailable) and (method in ("GET", "POST") or error.retry_after is not None)


def _reason(error: BaseException) -> str:
    cause = getattr(error, "reason", error)
    if isinstance(cause, (socket.timeout, TimeoutError)):
        return "it took too long"
    if isinstance(cause, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(cause, socket.gaierror):
        return "there is no such host"
    return str(cause) or type(cause).__name__


_current: Optional[Director] = None


def connect(url: Optional[str] = None, token: Optional[str] = None) -> Director:
    """Signs in, and makes this the director that all functions of the package use unless they are given another.

    url, token: default MILLRACE_URL and MILLRACE_TOKEN, then what `millrace login` kept in
    ~/.config/millrace/config.json. A kept token is used for its own address only.

    Raises NotAllowed when there is no token or it is not good, Unavailable when the director does not answer.
    """
    global _current
    kept = _kept_login()
    to = (url or os.environ.get("MILLRACE_URL") or kept.get("url") or "").rstrip("/")
    # The environment's token is for the environment's address, where it names one.
    named = os.environ.get("MILLRACE_URL") or to
    known = os.environ.get("MILLRACE_TOKEN") if _same(to, named) else None
    secret = token or known or (kept.get("token") if _same(to, kept.get("url")) else None)
    if not to or not secret:
        raise NotAllowed(
            (
                f"There is no token for {to}. Give one, use `millrace login {to}`, or set MILLRACE_URL and MILLRACE_TOKEN."
                if to
                else "No director is known. Give its url, use `millrace login URL`, or set MILLRACE_URL and MILLRACE_TOKEN."
            ),
            code="access.unauthenticated",
        )
    director = Director(to, secret)
    director.ask("GET", "/v1/me")
    _current = director
    return director


def current(director: Optional[Director] = None) -> Director:
    """The one given, else the last one connected to, else the one that the environment names."""
    return director or _current or connect()


def segment(name: str) -> str:
    """A name as part of a path."""
    return urllib.parse.quote(name, safe="")


def pages(director: Director, path: str, query: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """The items of a list, newest first, fetched page by page as they are wanted."""
    cursor = None
    while True:
        page = director.ask("GET", path, query={**query, "cursor": cursor}).value
        yield from page["items"]
        cursor = page.get("next")
        if cursor is None:
            return


def _same(one: Optional[str], other: Optional[str]) -> bool:
    return one is not None and other is not None and one.rstrip("/") == other.rstrip("/")


def _kept_login() -> dict[str, str]:
    folder = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    try:
        kept = json.loads((Path(folder) / "millrace" / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    known = isinstance(kept, dict) and isinstance(kept.get("url"), str) and isinstance(kept.get("token"), str)
    return kept if known else {}
