"""Bytes into the catalogue: told by digest first, then sent in parallel parts, straight to the object store.

Guarantee: a file of any size is read in blocks of a megabyte and never whole; nothing is sent when the digest is
known; parts that are there already are not sent again, so a push that was cut goes on where it stopped. A version
that the director refused is an exception in the director's own words.
"""

from __future__ import annotations

import hashlib
import itertools
import random
import threading
import time
import urllib.request
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Iterator, Mapping, Optional

from .director import Director, segment, send
from .problem import MillraceError, NotFound, Refused, Unavailable, Unusable
from .progress import Line

BLOCK = 1024 * 1024
# Four streams fill a usual line; memory is a block each.
AT_ONCE = 4
ATTEMPTS = 6
# Between two signs of life of the object store.
SILENT_S = 60.0
# A part has 16 MiB or more; at 100 kB/s that is under three minutes.
PART_S = 600.0
# Sealing hashes the whole content; a large one takes minutes.
SEAL_S = 900.0


def digest_of(path: Path, line: Line) -> tuple[str, int]:
    """`sha256:...` and the size in bytes."""
    size = path.stat().st_size
    known = hashlib.sha256()
    block = memoryview(bytearray(BLOCK))
    done = 0
    with open(path, "rb", buffering=0) as file:
        while True:
            count = file.readinto(block)
            if not count:
                break
            known.update(block[:count])
            done += count
            line.show("hashing", done, max(size, done))
    if done == 0:
        raise Unusable(f"{path} is empty.", code="engine.file-unfit")
    return f"sha256:{known.hexdigest()}", done


def push_file(
    director: Director, name: str, path: Path, begin: Mapping[str, Any], line: Line
) -> tuple[dict[str, Any], int]:
    """The version, ready, as the director tells it; and how many bytes went over the wire.

    begin: `kind`, `fileName` and perhaps `note` and `contract`.
    """
    digest, size = digest_of(path, line)
    _ensure(director, name)
    base = f"/v1/resources/{segment(name)}"
    begun = director.ask(
        "POST", f"{base}/versions:begin-upload", body={**begin, "size": size, "digest": digest}
    ).value
    if begun["exists"]:
        return _sealed(director, base, begun["version"], size, line), 0
    upload = f"{base}/uploads/{segment(begun['upload'])}"
    missing = director.ask("GET", upload).value["missing"]
    sent = _Parts(director, upload, path, {part["number"]: part["url"] for part in begun["parts"]})
    sent.all(missing, size, line)
    version = director.ask("POST", f"{upload}:complete-upload").value["version"]
    return _sealed(director, base, version, size, line), sum(part["length"] for part in missing)


class _Parts:
    """The parts of one upload on their way. The first one that fails, or Ctrl-C, ends the others."""

    def __init__(self, director: Director, upload: str, path: Path, links: dict[int, str]) -> None:
        self._director = director
        self._upload = upload
        self._path = path
        self._links = links
        self._stop = threading.Event()
        self._done: dict[int, int] = {}

    def all(self, missing: list[dict[str, int]], size: int, line: Line) -> None:
        there = size - sum(part["length"] for part in missing)
        waiting = iter(missing)
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="millrace-part") as pool:
            under_way: set[Future[None]] = set()
            try:
                while True:
                    under_way.update(
                        pool.submit(self._send, part)
                        for part in itertools.islice(waiting, AT_ONCE - len(under_way))
                    )
                    if not under_way:
                        break
                    ended, under_way = wait(under_way, timeout=0.1, return_when=FIRST_COMPLETED)
                    for one in ended:
                        one.result()
                    line.show("sending", there + sum(list(self._done.values())), size)
            finally:
                self._stop.set()
        line.show("sending", size, size)

    def _send(self, part: Mapping[str, int]) -> None:
        number, length = part["number"], part["length"]
        for tried in range(1, ATTEMPTS + 1):
            request = urllib.request.Request(
                self._link(number, fresh=tried > 1),
                data=self._blocks(number, part["offset"], length),
                method="PUT",
                headers={"content-length": str(length), "content-type": "application/octet-stream"},
            )
            try:
                send(request, SILENT_S, "The object store")
                return
            except MillraceError as error:
                if self._stop.is_set() or isinstance(error, Unusable):
                    raise
                if tried == ATTEMPTS:
                    raise Unavailable(
                        f"Part {number} could not be sent: {error.detail} Push again: what is there is not sent twice.",
                        code="platform.unavailable",
                        errors=error.errors,
                    ) from error
                self._stop.wait(random.random() * 0.2 * 2**tried)

    def _link(self, number: int, fresh: bool) -> str:
        if fresh or number not in self._links:
            said = self._director.ask("POST", f"{self._upload}:parts", body={"parts": [number]}).value
            self._links.update((part["number"], part["url"]) for part in said["parts"])
        return self._links[number]

    def _blocks(self, number: int, offset: int, length: int) -> Iterator[bytes]:
        end = time.monotonic() + PART_S
        left = length
        self._done[number] = 0
        with open(self._path, "rb", buffering=0) as file:
            file.seek(offset)
            while left:
                if self._stop.is_set():
                    raise _Stopped()
                if time.monotonic() > end:
                    raise TimeoutError(f"part {number} took longer than {PART_S:.0f} s")
                block = file.read(min(BLOCK, left))
                if not block:
                    raise Unusable(f"{self._path} became shorter while it was read. Push it again.")
                yield block
                left -= len(block)
                self._done[number] = length - left


class _Stopped(Exception):
    """Another part failed; this one has nothing to say."""


def _ensure(director: Director, name: str) -> None:
    try:
        director.ask("GET", f"/v1/resources/{segment(name)}")
    except NotFound:
        try:
            director.ask("POST", "/v1/resources", body={"name": name})
        except Refused as error:
            # Somebody else was as quick.
            if error.code != "catalogue.name-taken":
                raise


def _sealed(director: Director, base: str, number: int, size: int, line: Line) -> dict[str, Any]:
    """Waits until the director has hashed and looked at it."""
    end = time.monotonic() + SEAL_S
    pause = 0.05
    while True:
        version = director.ask("GET", f"{base}/versions/{number}").value
        if version["state"] == "ready":
            return version
        if version["state"] == "refused":
            raise _refusal(version)
        if time.monotonic() > end:
            raise Unavailable(
                f"{version['resource']}@{number} is still being looked at. See it in the catalogue later.",
                code="platform.unavailable",
            )
        line.show("verifying", 0, size)
        time.sleep(pause)
        pause = min(1.0, pause * 1.5)


def _refusal(version: Mapping[str, Any]) -> Refused:
    said: Optional[Mapping[str, Any]] = version.get("refusal")
    if said is None:
        return Refused(
            f"{version['resource']}@{version['version']} was refused.", code="platform.invalid-request"
        )
    return Refused(said["detail"], code=said["code"], status=422, errors=said.get("errors") or [])
