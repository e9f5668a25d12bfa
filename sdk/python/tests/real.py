"""What the tests stand on: one real director for the whole run, started by Node, and the `millrace` command.

MILLRACE_COMMAND says how the command is started; default: the one of this checkout. Everything that was started is
ended by its id when the run ends.
"""

from __future__ import annotations

import atexit
import json
import os
import shlex
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import millrace

ROOT = Path(__file__).resolve().parents[3]
COMMAND = shlex.split(os.environ.get("MILLRACE_COMMAND") or f"node {ROOT / 'apps/cli/bin/millrace.js'}")
READY_S = 120
os.environ["MILLRACE_COMMAND"] = shlex.join(COMMAND)

_folder = tempfile.TemporaryDirectory(prefix="millrace-sdk-")
FOLDER = Path(_folder.name)
# Else the database of a director that root starts lives elsewhere, and outlives the test.
FOLDER.chmod(0o711)
_running: list[subprocess.Popen[str]] = []
_director: "millrace.Director | None" = None
_known: dict[str, str] = {}


def director() -> millrace.Director:
    """The same one for all tests; the package's functions use it."""
    global _director
    if _director is None:
        up = started("up", "--json", "--port", "0", "--data", str(FOLDER / "data"))
        _known.update(_first_line(up))
        _director = millrace.connect(_known["url"], _known["token"])
    return _director


def known() -> dict[str, str]:
    """`url`, `email`, `password` and `token` of the director."""
    director()
    return _known


def command(*args: str) -> str:
    """Runs the command to its end as the admin of that director, and gives what it printed."""
    done = subprocess.run(
        [*COMMAND, *args], capture_output=True, text=True, env=environment(), timeout=READY_S, check=False
    )
    if done.returncode != 0:
        raise AssertionError(f"millrace {' '.join(args)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def started(*args: str) -> subprocess.Popen[str]:
    talk = None if os.environ.get("MILLRACE_TEST_TALK") else subprocess.DEVNULL
    process = subprocess.Popen(
        [*COMMAND, *args], stdout=subprocess.PIPE, stderr=talk, text=True, env=environment()
    )
    _running.append(process)
    return process


def environment() -> dict[str, str]:
    return {
        **os.environ,
        "NO_COLOR": "1",
        "HOME": str(FOLDER),
        "MILLRACE_URL": _known.get("url", ""),
        "MILLRACE_TOKEN": _known.get("token", ""),
    }


def _first_line(process: subprocess.Popen[str]) -> dict[str, str]:
    late = threading.Timer(READY_S, process.kill)
    late.start()
    try:
        line = process.stdout.readline() if process.stdout else ""
    finally:
        late.cancel()
    if not line:
        raise AssertionError(f"millrace up was not ready after {READY_S} s, or ended with {process.poll()}.")
    return json.loads(line)


@atexit.register
def _end() -> None:
    for process in reversed(_running):
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            print(f"process {process.pid} does not end", file=sys.stderr)
            process.kill()
            process.wait(30)
        if process.stdout:
            process.stdout.close()
    _folder.cleanup()
