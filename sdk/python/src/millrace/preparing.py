"""The rows that a model would see, made by the flow's own modules: what is trained on and what runs cannot differ.

Guarantee: it is the `millrace prepare` of the command that makes them, on this machine; nothing is computed here a
second time. A frame goes out with all its digits and comes back with all of them.
"""

from __future__ import annotations

import json
import math
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Iterable, Iterator, Optional, Sequence, Union

from .problem import MillraceError, Unusable
from .sample import is_missing, plain

LONGEST_S = 3600.0


def prepare(
    flow: Union[str, Path],
    frame: Any = None,
    *,
    until: str,
    keep: Sequence[str] = (),
    parameters: Optional[Mapping[str, Any]] = None,
    resources: Union[str, Path, None] = None,
    command: Optional[Sequence[str]] = None,
    timeout: float = LONGEST_S,
) -> Any:
    """Runs a flow on data up to a module, and gives the rows that reach it when it is a model, else those that leave.

    flow: path of the flow, YAML or JSON.
    frame: what its source gives: a DataFrame or a list of dicts with the time in `t` (epoch milliseconds), or the path
        of a CSV or JSON lines file. With several sources, a dict {source: frame}. None: the flow's own files.
    until: the id of a module, or `module.port`. keep: further fields of the rows, such as a label.
    parameters: of the flow. resources: folder with its models; default `resources/` beside the flow.
    command: the `millrace` command; default MILLRACE_COMMAND, else `millrace` of PATH or of a `node_modules` above.

    Gives a DataFrame where pandas is, else a list of dicts; `t` first, then the model's inputs in their order. Rows that
    the model would refuse are left out. Raises Unusable with the command's own words when the flow or the data do not
    fit, or when the command or Node.js is not there.
    """
    program = list(command) if command else _command()
    with tempfile.TemporaryDirectory(prefix="millrace-") as name:
        folder = Path(name)
        out = folder / "rows.jsonl"
        args = ["prepare", str(flow), "--until", until, "--out", str(out)]
        for source, data in _inputs(flow, frame).items():
            args += ["--input", f"{source}={_as_file(data, folder / f'{source}.jsonl')}"]
        for field in keep:
            args += ["--keep", field]
        for parameter, value in (parameters or {}).items():
            args += ["--set", f"{parameter}={_text(value)}"]
        if resources is not None:
            args += ["--resources", str(resources)]
        _run(program, args, timeout)
        return as_table(_records(out))


def as_table(records: Iterable[dict[str, Any]]) -> Any:
    """A DataFrame where pandas is, else a list of dicts."""
    try:
        import pandas
    except ImportError:
        return list(records)
    return pandas.DataFrame.from_records(list(records))


def _command() -> list[str]:
    said = os.environ.get("MILLRACE_COMMAND")
    if said:
        return shlex.split(said, posix=sys.platform != "win32")
    found = shutil.which("millrace")
    for folder in (Path.cwd(), *Path.cwd().parents):
        found = found or shutil.which("millrace", path=str(folder / "node_modules" / ".bin"))
    if found and shutil.which("node"):
        return [found]
    raise Unusable(
        "prepare runs the `millrace` command, and "
        + ("Node.js is not on PATH." if found else "it is neither on PATH nor in a node_modules folder.")
        + " Install both, or say how it is started in MILLRACE_COMMAND. A director has no call that prepares data yet."
    )


def _inputs(flow: Union[str, Path], frame: Any) -> Mapping[str, Any]:
    if frame is None:
        return {}
    if isinstance(frame, Mapping):
        return frame
    sources = _sources(flow)
    if len(sources) == 1:
        return {sources[0]: frame}
    raise Unusable(f"The flow has the sources {', '.join(sources)}: give a frame each, as a dict by source.")


def _sources(flow: Union[str, Path]) -> list[str]:
    text = Path(flow).read_text(encoding="utf-8")
    try:
        document = json.loads(text)
    except ValueError:
        try:
            import yaml
        except ImportError:
            raise Unusable(
                "Which source the frame stands for cannot be read without PyYAML: give {source: frame}."
            ) from None
        document = yaml.safe_load(text)
    modules = document.get("modules") if isinstance(document, dict) else None
    if not isinstance(modules, dict):
        raise Unusable(f"{flow} is no flow: it has no modules.")
    return [
        str(name)
        for name, module in modules.items()
        if isinstance(module, dict) and str(module.get("type", "")).startswith("source.")
    ]


def _as_file(data: Any, path: Path) -> Path:
    if isinstance(data, (str, Path)):
        return Path(data)
    with open(path, "w", encoding="utf-8") as out:
        for row in _rows(data):
            out.write(json.dumps(row, allow_nan=False) + "\n")
    return path


def _rows(data: Any) -> Iterator[dict[str, Any]]:
    """Missing values are absent fields, as in an empty cell of a CSV."""
    if hasattr(data, "itertuples"):
        names = [str(name) for name in data.columns]
        rows: Iterable[Any] = (zip(names, row) for row in data.itertuples(index=False, name=None))
    elif isinstance(data, Sequence):
        rows = (row.items() for row in data)
    else:
        raise Unusable(f"{type(data).__name__} is no DataFrame, no list of dicts and no path of a file.")
    for number, row in enumerate(rows):
        record = {str(name): _value(value) for name, value in row if not is_missing(value)}
        if "t" not in record:
            raise Unusable(f"Row {number} has no `t`: its time in epoch milliseconds.")
        yield record


def _value(value: Any) -> Any:
    if hasattr(value, "timestamp"):
        return value.timestamp() * 1000
    given = plain(value)
    if isinstance(given, float) and not math.isfinite(given):
        return None
    return given.tolist() if hasattr(given, "tolist") else given


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _run(program: list[str], args: list[str], timeout: float) -> None:
    try:
        done = subprocess.run(
            [*program, *args], capture_output=True, text=True, encoding="utf-8", timeout=timeout, check=False
        )
    except FileNotFoundError:
        raise Unusable(
            f"{program[0]} is not there. Install the millrace command, or set MILLRACE_COMMAND."
        ) from None
    except subprocess.TimeoutExpired:
        raise MillraceError(
            f"millrace prepare took longer than {timeout:.0f} s.", code="platform.unavailable"
        ) from None
    if done.returncode != 0:
        code, detail = _said(done.stderr)
        raise Unusable(detail, code=code)


def _said(text: str) -> tuple[str, str]:
    """The command's last words: `code: sentence`, with the places below."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    for at, line in enumerate(lines):
        code, _, detail = line.partition(": ")
        if "." in code and " " not in code and detail:
            return code, "\n".join([detail, *lines[at + 1 :]])
    return (
        "platform.invalid-request",
        "\n".join(lines[-20:]).removeprefix("error: ") or "millrace prepare failed.",
    )


def _records(path: Path) -> Iterator[dict[str, Any]]:
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
