"""Models, scripts, scalers and data into the catalogue, in one call each.

Guarantee: when a call returns, the version is ready and may be used by a flow; when it raises, the exception says
why, in the director's own words. Nothing is sent when the director knows the bytes.
"""

from __future__ import annotations

import json
import pickle
import tempfile
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence, Union

from . import answers, convert
from .contract import Contract
from .director import Director, current, segment
from .problem import NotFound, Unusable
from .progress import Progress, report_to
from .sample import is_missing, plain
from .scaler import kind_of, parameters_of
from .script import packed
from .upload import push_file

PathLike = Union[str, Path]


@dataclass(frozen=True)
class Pushed:
    """A version in the catalogue. sent_bytes: what went over the wire; 0 when the director had all of it."""

    name: str
    version: int
    digest: str
    size: int
    kind: str
    contract: Optional[Contract]
    sent_bytes: int

    @property
    def reference(self) -> str:
        """As a flow names it, such as `resource:pump-score@3`."""
        return f"resource:{self.name}@{self.version}"


def push_model(
    model: Any,
    *,
    name: str,
    contract: Optional[Contract] = None,
    alias: Optional[str] = None,
    note: Optional[str] = None,
    metrics: Optional[Mapping[str, float]] = None,
    trained_on: Optional[str] = None,
    format: str = "auto",
    progress: Progress = None,
    director: Optional[Director] = None,
) -> Pushed:
    """A model becomes a version of the resource `name`.

    model: the path of a file (ONNX, safetensors, or a pickle where the organization allows it), or a fitted
        estimator with `predict`.
    contract: what the model expects and gives; `millrace.infer(sample)` makes it, and then known answers are made
        by running the model on rows of the sample.
    alias: moved to the new version; flows follow it when they are published anew.
    metrics, trained_on: of the training; kept with the contract.
    format: of an estimator. `auto`: ONNX when skl2onnx is there and knows the estimator, else a pickle.

    Raises Unusable when the model and the contract do not fit each other, Refused when the director says no.
    """
    if format not in ("auto", "onnx", "pickle"):
        raise Unusable(f"format is auto, onnx or pickle, not {format!r}.")
    known = _with_lineage(contract, metrics, trained_on)
    to = current(director)
    if isinstance(model, (str, Path)):
        path = _there(model)
        if known is not None:
            known = _of_file(path, known)
        return _push(to, name, path, "model", known, alias, note, progress)
    if not hasattr(model, "predict") and not hasattr(model, "transform"):
        raise Unusable(f"{type(model).__name__} is neither the path of a file nor a fitted estimator.")
    with tempfile.TemporaryDirectory(prefix="millrace-") as folder:
        path, known = _written(model, known, format, Path(folder) / _file_name(name))
        return _push(to, name, path, "model", known, alias, note, progress)


def push_scaler(
    scaler: Any,
    *,
    name: str,
    columns: Optional[Sequence[str]] = None,
    alias: Optional[str] = None,
    note: Optional[str] = None,
    progress: Progress = None,
    director: Optional[Director] = None,
) -> Pushed:
    """A fitted scaler of scikit-learn becomes the `resource` of `scale.standard`, `scale.minmax` or `scale.robust`.

    scaler: StandardScaler and MaxAbsScaler (scale.standard), MinMaxScaler (scale.minmax), RobustScaler (scale.robust).
    columns: names in the order in which it was fitted; default: those that it was fitted with, of a DataFrame.

    A flow matches columns by name, in any order. Raises Unusable when it is not fitted or the names do not fit.
    """
    table = parameters_of(scaler, columns)
    said = note or f"{kind_of(scaler)}, from a fitted {type(scaler).__name__}"
    return push_data(table, name=name, alias=alias, note=said, progress=progress, director=director)


def push_script(
    path: PathLike,
    *,
    name: str,
    alias: Optional[str] = None,
    note: Optional[str] = None,
    contract: Optional[Contract] = None,
    progress: Progress = None,
    director: Optional[Director] = None,
) -> Pushed:
    """A source file, or a folder, which is packed: the same content is always the same bytes.

    What a machine makes (`__pycache__`, `.git`, virtual environments) stays out. Raises Unusable for a link.
    """
    to = current(director)
    given = _there(path)
    if given.is_file():
        return _push(to, name, given, "script", contract, alias, note, progress)
    with tempfile.TemporaryDirectory(prefix="millrace-") as folder:
        archive = packed(given, Path(folder) / f"{_file_name(name)}.zip")
        return _push(to, name, archive, "script", contract, alias, note, progress)


def push_data(
    data: Any,
    *,
    name: str,
    alias: Optional[str] = None,
    note: Optional[str] = None,
    progress: Progress = None,
    director: Optional[Director] = None,
) -> Pushed:
    """A file; a DataFrame, which becomes a CSV with all digits; or a dict or list, which becomes JSON."""
    to = current(director)
    if isinstance(data, (str, Path)):
        return _push(to, name, _there(data), "data", None, alias, note, progress)
    with tempfile.TemporaryDirectory(prefix="millrace-") as folder:
        path = Path(folder) / _file_name(name)
        if hasattr(data, "to_csv"):
            path = path.with_name(f"{path.name}.csv")
            data.to_csv(path, index=False)
        elif isinstance(data, (dict, list)):
            path = path.with_name(f"{path.name}.json")
            path.write_text(json.dumps(data, allow_nan=False, sort_keys=True, indent=1), encoding="utf-8")
        else:
            raise Unusable(f"{type(data).__name__} is no file, no DataFrame and no JSON.")
        return _push(to, name, path, "data", None, alias, note, progress)


def point_alias(name: str, alias: str, version: int, *, director: Optional[Director] = None) -> None:
    """Moves an alias, or makes it. Flows follow it when they are published anew; nothing is deployed."""
    to = current(director)
    path = f"/v1/resources/{segment(name)}/aliases/{segment(alias)}"
    try:
        before = to.ask("GET", path)
    except NotFound:
        to.ask("PUT", path, body={"version": version}, headers={"if-none-match": "*"})
        return
    if before.value["version"] != version:
        to.ask("PUT", path, body={"version": version}, headers={"if-match": before.etag or "*"})


def _push(
    to: Director,
    name: str,
    path: Path,
    kind: str,
    contract: Optional[Contract],
    alias: Optional[str],
    note: Optional[str],
    progress: Progress,
) -> Pushed:
    given = _there(path)
    if not given.is_file():
        raise Unusable(f"{path} is no file.", code="engine.file-unfit")
    begin = {"kind": kind, "fileName": given.name, "note": note, "contract": contract and contract.to_json()}
    line = report_to(progress, name)
    try:
        said, sent = push_file(
            to, name, given, {key: value for key, value in begin.items() if value is not None}, line
        )
    finally:
        line.end()
    if alias is not None:
        point_alias(name, alias, said["version"], director=to)
    known = said.get("contract")
    return Pushed(
        name,
        said["version"],
        said["digest"],
        said["size"],
        said["kind"],
        None if known is None else Contract.from_json(known),
        sent,
    )


def _written(
    model: Any, contract: Optional[Contract], format: str, path: Path
) -> tuple[Path, Optional[Contract]]:
    """The estimator as a file, with its contract completed."""
    if format == "onnx" and not convert.can_convert():
        raise Unusable("format='onnx' needs skl2onnx: pip install skl2onnx, or give format='pickle'.")
    if format == "onnx" or (format == "auto" and convert.can_convert()):
        try:
            content, known = convert.to_onnx(model, contract or Contract())
            path = path.with_name(f"{path.name}.onnx")
            path.write_bytes(content)
            return path, known
        except convert.NotConvertible as error:
            if format == "onnx":
                raise
            warnings.warn(f"Pushed as a pickle: {error.detail}", stacklevel=4)
    path = path.with_name(f"{path.name}.pkl")
    with open(path, "wb") as file:
        pickle.dump(model, file, protocol=4)
    return path, _answered(model, contract)


def _of_file(path: Path, contract: Contract) -> Contract:
    """A pickle is never opened here, so its contract has the known answers that it came with."""
    if path.suffix.lower() == ".onnx":
        return convert.answered(str(path), replace(contract, runtime=contract.runtime or "onnx"))
    return replace(contract, runtime=contract.runtime or "python")


def _answered(model: Any, contract: Optional[Contract]) -> Optional[Contract]:
    if contract is None:
        return None
    known = replace(contract, runtime=contract.runtime or "python")
    if known.sample is None:
        return known
    rows = known.sample.whole_rows(known.rows)
    methods = answers.methods_of(
        known.named, {"result": "predict" if hasattr(model, "predict") else "transform"}
    )
    said = answers.of_estimator(model, known, rows, methods)
    return answers.write_down(known, rows, said, tolerance=answers.FLOAT64)


def _with_lineage(
    contract: Optional[Contract], metrics: Optional[Mapping[str, float]], trained_on: Optional[str]
) -> Optional[Contract]:
    if metrics is None and trained_on is None:
        return contract
    numbers = {name: plain(value) for name, value in (metrics or {}).items()}
    strange = [name for name, value in numbers.items() if isinstance(value, str) or is_missing(value)]
    if strange:
        raise Unusable(f"The metric {strange[0]} is {numbers[strange[0]]!r}, and no number.")
    known = contract or Contract()
    return replace(known, metrics=numbers or known.metrics, trained_on=trained_on or known.trained_on)


def _there(path: PathLike) -> Path:
    given = Path(path)
    if not given.exists():
        raise Unusable(f"{given} cannot be read: there is no such file.", code="engine.file-unreadable")
    return given


def _file_name(name: str) -> str:
    """The name of a resource on any file system."""
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in name) or "file"
