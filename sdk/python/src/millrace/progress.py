"""How far a push is: a line on a terminal or in a notebook, nothing in a log.

Guarantee: only standard error is written to, at most ten times a second; a callable gets every report instead.
"""

from __future__ import annotations

import sys
import time
from typing import Callable, Optional, Union

Report = Callable[[str, int, int], None]
"""Called with the stage (`hashing`, `sending`, `verifying`), bytes done, bytes in all."""
Progress = Union[bool, Report, None]
"""None: a line where somebody looks; True: always; False: never; or a callable of your own."""

EVERY_S = 0.1
WIDTH = 24


def report_to(progress: Progress, what: str) -> "Line":
    """`what`: said in front of the line."""
    if callable(progress):
        return Line(what, False, progress)
    return Line(what, _looked_at() if progress is None else progress)


class Line:
    """One line that is written over."""

    def __init__(self, what: str, shown: bool, report: Optional[Report] = None) -> None:
        self._what = what
        self._shown = shown
        self._report = report
        self._stage = ""
        self._began = self._last = 0.0
        self._from = 0
        self._length = 0

    def show(self, stage: str, done: int, size: int) -> None:
        if self._report is not None:
            self._report(stage, done, size)
        if not self._shown:
            return
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._began, self._from = stage, now, done
        elif now - self._last < EVERY_S and done < size:
            return
        self._last = now
        text = f"{self._what}: {stage} {_bar(done, size)} {bytes_of(done)} of {bytes_of(size)}{self._rate(now, done, size)}"
        sys.stderr.write("\r" + text.ljust(self._length))
        sys.stderr.flush()
        self._length = len(text)

    def _rate(self, now: float, done: int, size: int) -> str:
        took = now - self._began
        # A rate of the first moment would be a guess.
        if took < 0.5 or done <= self._from:
            return ""
        rate = (done - self._from) / took
        return f", {bytes_of(rate)}/s, {_duration((size - done) / rate)} left"

    def end(self) -> None:
        if self._length:
            sys.stderr.write("\r" + " " * self._length + "\r")
            sys.stderr.flush()
            self._length = 0


def bytes_of(count: float) -> str:
    """`1.4 MB`, decimal as on disks."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError("GB returns")


def _bar(done: int, size: int) -> str:
    full = WIDTH if size == 0 else WIDTH * done // size
    return f"[{'#' * full}{'.' * (WIDTH - full)}]"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds + 0.5), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _looked_at() -> bool:
    if sys.stderr.isatty():
        return True
    # A kernel's standard error is no terminal, and yet somebody looks.
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and type(shell).__name__ == "ZMQInteractiveShell"
