"""The rows that a model would see, made by the flow's own modules: what is trained on and what runs cannot differ.

Guarantee: it is `millrace prepare` that makes them, of the command on this machine or of a director; nothing is computed
here a second time. A frame goes out with all its digits and comes back with all of them.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, Optional, Sequence, Union

from .director import Director, current, segment
from .problem import MillraceError, Unusable
from .sample import is_missing, plain

LONGEST_S = 3600.0
# What a director gives a run.
LONGEST_THERE_S = 300.0
NAME = re.compile(r"[a-z0-9][a-z0-9-]*\Z")


def prepare(
    flow: Union[str, Path],
    frame: Any = None,
    *,
    until: str,
    keep: Sequence[str] = (),
    parameters: Optional[Mapping[str, Any]] = None,
    resources: Union[str, Path, None] = None,
    command: Optional[Sequence[str]] = None,
    version: Optional[int] = None,
    director: Optional[Director] = None,
    timeout: float = LONGEST_S,
) -> Any:
    """Runs a flow on data up to a module, and gives the rows that reach it when it is a model, else those that leave.

    flow: path of the flow, YAML or JSON; or its name, for the draft or the `version` that a director has. A file is
        prepared by the command where there is one, else by the director, which must know a flow of that name.
    frame: what its source gives: a DataFrame or a list of dicts with the time in `t` (epoch milliseconds), or the path
        of a CSV or JSON lines file. With several sources, a dict {source: frame}. None: the flow's own files.
    until: the id of a module, or `module.port`. keep: further fields of the rows, such as a label.
    parameters: of the flow. resources: folder with its models; default `resources/` beside the flow.
    command: the `millrace` command; default MILLRACE_COMMAND, else `millrace` of PATH or of a `node_modules` above.
    director: default the last one connected to. It takes at most 300 s and the size of a test file.

    Gives a DataFrame where pandas is, else a list of dicts; `t` first, then the model's inputs in their order. Rows that
    the model would refuse are left out. Raises Unusable with the command's own words when the flow or the data do not
    fit, or when the command or Node.js is not there.
    """
    named = not Path(flow).exists() and NAME.match(str(flow)) is not None
    program = None if named or director else list(command) if command else _command()
    if program is None:
        text = None if named else Path(flow).read_text(encoding="utf-8")
        asked = {"until": until, "keep": list(keep), "parameters": dict(parameters or {}), "version": version}
        return as_table(_there(_director(director), str(flow), text, frame, asked, min(timeout, LONGEST_THERE_S)))
    with tempfile.TemporaryDirectory(prefix="millrace-") as name:
        folder = Path(name)
        out = folder / "rows.jsonl"
        args = ["prepare", str(flow), "--until", until, "--out", str(out)]
        for source, data in _inputs(frame, lambda: _document(Path(flow).read_text(encoding="utf-8"), flow)).items():
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


def _there(
    director: Director, flow: str, text: Optional[str], frame: Any, asked: dict[str, Any], seconds: float
) -> list[dict[str, Any]]:
    """By the director: the data goes up as test files, which are gone afterwards."""
    name = flow if text is None else str(_document(text, flow).get("metadata", {}).get("name"))
    path = f"/v1/flows/{segment(name)}"
    body = {key: value for key, value in {**asked, "text": text}.items() if value}
    sent: dict[str, dict[str, str]] = {}
    try:
        with tempfile.TemporaryDirectory(prefix="millrace-") as folder:
            for source, data in _inputs(frame, lambda: _known(director, path, text, asked["version"])).items():
                file = _as_file(data, Path(folder) / f"{source}.jsonl")
                answer = director.exchange(
                    "/v1/test-files",
                    file.read_bytes(),
                    sends="text/csv",
                    query={"name": file.name},
                    timeout=seconds,
                )
                sent[source] = {"file": json.loads(answer)["id"]}
        body.update(inputs=sent, format="jsonl", seconds=seconds)
        table = director.exchange(
            f"{path}:prepare", json.dumps(body).encode(), sends="application/json", timeout=2 * seconds
        )
    finally:
        for file in sent.values():
            # The director forgets it after a while by itself; the first trouble is what the caller must hear of.
            with contextlib.suppress(MillraceError):
                director.ask("DELETE", f"/v1/test-files/{file['file']}")
    return [json.loads(line) for line in table.decode("utf-8").splitlines()]


def _known(director: Director, path: str, text: Optional[str], version: Optional[int]) -> Any:
    if text is not None:
        return _document(text, path)
    if version is not None:
        return director.ask("GET", f"{path}/versions/{version}").value["document"]
    draft = director.ask("GET", f"{path}/draft").value
    return draft["document"] if draft.get("document") else _document(draft["text"], path)


def _director(director: Optional[Director]) -> Director:
    try:
        return current(director)
    except MillraceError as error:
        raise Unusable(f"{NO_COMMAND} Nor is there a director to do it: {error}") from None


NO_COMMAND = (
    "prepare runs the `millrace` command, which needs Node.js, and it is neither on PATH nor in a node_modules folder. "
    "Install both, or say how it is started in MILLRACE_COMMAND."
)


def _command() -> Optional[list[str]]:
    said = os.environ.get("MILLRACE_COMMAND")
    if said:
        return shlex.split(said, posix=sys.platform != "win32")
    found = shutil.which("millrace")
    for folder in (Path.cwd(), *Path.cwd().parents):
        found = found or shutil.which("millrace", path=str(folder / "node_modules" / ".bin"))
    return [found] if found and shutil.which("node") else None


def _inputs(frame: Any, document: Callable[[], Any]) -> Mapping[str, Any]:
    if frame is None:
        return {}
    if isinstance(frame, Mapping):
        return frame
    sources = _sources(document())
    if len(sources) == 1:
        return {sources[0]: frame}
    raise Unusable(f"The flow has the sources {', '.join(sources)}: give a frame each, as a dict by source.")


def _document(text: str, flow: Union[str, Path]) -> dict[str, Any]:
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
    if not isinstance(document, dict) or not isinstance(document.get("modules"), dict):
        raise Unusable(f"{flow} is no flow: it has no modules.")
    return document


def _sources(document: dict[str, Any]) -> list[str]:
    return [
        str(name)
        for name, module in document["modules"].items()
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
