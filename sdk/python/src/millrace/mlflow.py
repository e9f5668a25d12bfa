"""A model that MLflow wrote: from its folder to a version of the catalogue, with what the folder says of it.

Guarantee: `MLmodel` is data to be judged: it is read as plain YAML, and no path in it leads out of its folder. Nothing is
unpickled. The ONNX flavour is taken where there is one, else scikit-learn's pickle, which an organization must allow.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Mapping, Optional, Union

from .catalogue import Pushed, push_model
from .contract import Column, Contract, Output, infer
from .director import Director
from .problem import Unusable
from .progress import Progress

LARGEST_MLMODEL = 4 * 1024 * 1024
HOW = (
    "Save the model with mlflow.onnx.save_model, or with mlflow.sklearn.save_model and "
    'serialization_format="cloudpickle".'
)
TYPES = {
    "boolean": "bool",
    "integer": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
    "string": "string",
}


@dataclass(frozen=True)
class MlflowModel:
    """path: of the model's file. contract: from the signature. requirements: pip's, as MLflow noted them."""

    path: Path
    contract: Contract
    run_id: Optional[str]
    requirements: Optional[Path]


def push_mlflow(
    model: Union[str, Path],
    *,
    name: str,
    alias: Optional[str] = None,
    note: Optional[str] = None,
    runtime: Optional[str] = None,
    progress: Progress = None,
    director: Optional[Director] = None,
) -> Pushed:
    """An MLflow model becomes a version of the resource `name`.

    model: its folder (with `MLmodel`), which needs PyYAML to be read; or a URI such as `runs:/ID/model` or
        `models:/NAME/3`, which needs mlflow: then the metrics and the source of its run come along.
    runtime: for a pickle, what it runs in, such as `resource:sklearn-runtime@1`. Make one of the folder's
        requirements.txt with `millrace runtime lock`.

    Raises Unusable when the folder has no flavour that Millrace runs, Refused when the director says no.
    """
    folder = Path(model)
    if folder.is_dir():
        return _push(folder, {}, None, name, alias, note, runtime, progress, director)
    if not _is_uri(str(model)):
        raise Unusable(f"{model} is neither a folder with an MLmodel file nor a URI such as runs:/ID/model.")
    try:
        import mlflow
    except ImportError:
        raise Unusable(
            f"{model} is fetched by MLflow: pip install mlflow, or give the model's folder."
        ) from None
    with tempfile.TemporaryDirectory(prefix="millrace-") as kept:
        fetched = Path(mlflow.artifacts.download_artifacts(artifact_uri=str(model), dst_path=kept))
        run = read_mlflow(fetched).run_id
        data = mlflow.MlflowClient().get_run(run).data if run else None
        metrics = dict(data.metrics) if data else {}
        source = data.tags.get("mlflow.source.name") if data else None
        return _push(fetched, metrics, source, name, alias, note, runtime, progress, director)


def read_mlflow(folder: Union[str, Path]) -> MlflowModel:
    """What a folder that MLflow wrote says of its model."""
    root = Path(folder).resolve()
    said = _mlmodel(root / "MLmodel")
    flavors = said.get("flavors")
    if not isinstance(flavors, dict):
        raise Unusable(f"{root / 'MLmodel'} names no flavors.")
    if isinstance(flavors.get("onnx"), dict):
        path, runtime = _inside(root, flavors["onnx"].get("data"), "onnx"), "onnx"
    elif isinstance(flavors.get("sklearn"), dict):
        if flavors["sklearn"].get("serialization_format") == "skops":
            raise Unusable(f"{root} was saved in the format skops. {HOW}")
        path, runtime = _inside(root, flavors["sklearn"].get("pickled_model"), "sklearn"), "python"
    else:
        raise Unusable(
            f"{root} has the flavors {', '.join(map(str, flavors))}, and Millrace takes onnx or sklearn. {HOW}"
        )
    run = said.get("run_id")
    parts = [
        f"{word} {said[key]}" for word, key in (("run", "run_id"), ("model_id", "model_id")) if said.get(key)
    ]
    made = f", made {said['utc_time_created']} UTC" if said.get("utc_time_created") else ""
    trained_on = f"MLflow {', '.join(parts)}".strip() + made
    signature = said.get("signature")
    contract = replace(_contract(signature, runtime), trained_on=trained_on)
    example = _example(root, said) if runtime == "onnx" else None
    if example and [one.name for one in contract.columns] == list(example[0]):
        contract = replace(contract, sample=infer(example).sample)
    requirements = root / "requirements.txt"
    return MlflowModel(
        path, contract, str(run) if run else None, requirements if requirements.is_file() else None
    )


def _push(
    folder: Path,
    metrics: Mapping[str, float],
    source: Optional[str],
    name: str,
    alias: Optional[str],
    note: Optional[str],
    runtime: Optional[str],
    progress: Progress,
    director: Optional[Director],
) -> Pushed:
    found = read_mlflow(folder)
    contract = replace(found.contract, metrics=dict(metrics) or None)
    if runtime is not None and contract.runtime == "python":
        contract = replace(contract, runtime=runtime)
    if source:
        contract = replace(contract, trained_on=f"{contract.trained_on}, by {source}"[:2000])
    said = note or contract.trained_on
    return push_model(
        found.path, name=name, contract=contract, alias=alias, note=said, progress=progress, director=director
    )


def _mlmodel(path: Path) -> dict[str, Any]:
    try:
        import yaml
    except ImportError:
        raise Unusable(
            "An MLmodel file is YAML: pip install pyyaml, or use `millrace resource push FOLDER`."
        ) from None
    if not path.is_file():
        raise Unusable(
            f"{path.parent} is no MLflow model: it has no MLmodel file.", code="engine.file-unreadable"
        )
    if path.stat().st_size > LARGEST_MLMODEL:
        raise Unusable(f"{path} is larger than {LARGEST_MLMODEL} bytes.")
    text = path.read_text(encoding="utf-8")
    try:
        # A few lines of anchors can name billions of values; MLflow writes none.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise Unusable(f"{path} uses aliases, which MLflow does not write.")
        said = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Unusable(f"{path} is no YAML: {error}") from None
    if isinstance(said, dict):
        return said
    raise Unusable(f"{path} is no object.")


def _inside(root: Path, name: Any, flavor: str) -> Path:
    path = (root / str(name)).resolve() if name else root
    if name and path.is_relative_to(root) and path.is_file():
        return path
    raise Unusable(f"The flavor {flavor} of {root} names the file {name}, which is not in the folder.")


def _contract(signature: Any, runtime: str) -> Contract:
    said = signature if isinstance(signature, dict) else {}
    inputs, outputs = (_ports(said.get(key)) for key in ("inputs", "outputs"))
    columns = [Column(name, dtype) for name, dtype, shape in inputs if name and not shape]
    # What leaves an ONNX model is told by the file itself.
    named = (
        []
        if runtime == "onnx"
        else [
            Output(name or ("result" if len(outputs) == 1 else f"result{i}"), dtype, None, shape)
            for i, (name, dtype, shape) in enumerate(outputs)
        ]
    )
    return Contract(columns=columns if len(columns) == len(inputs) else [], outputs=named, runtime=runtime)


def _ports(text: Any) -> list[tuple[Optional[str], str, Optional[list[int]]]]:
    """Name, dtype and shape without the rows' axis, of a signature's list."""
    if not isinstance(text, str):
        return []
    try:
        ports = json.loads(text)
    except ValueError:
        raise Unusable("The signature in MLmodel is no JSON.") from None
    found = []
    for port in ports if isinstance(ports, list) else []:
        spec = port.get("tensor-spec") if isinstance(port, dict) else None
        dtype = spec["dtype"] if spec else TYPES.get(str(port.get("type")))
        if dtype is None:
            raise Unusable(f"The signature in MLmodel has the type {port.get('type')}, which no column has.")
        dtype = "string" if dtype in ("object", "str") else dtype
        found.append((port.get("name"), dtype, (list(spec["shape"])[1:] or None) if spec else None))
    return found


def _example(root: Path, said: Mapping[str, Any]) -> Optional[list[dict[str, Any]]]:
    """The input example as rows, where it is a table."""
    info = said.get("saved_input_example_info")
    if not isinstance(info, dict) or info.get("type") != "dataframe" or not info.get("artifact_path"):
        return None
    try:
        table = json.loads(_inside(root, info["artifact_path"], "input example").read_text(encoding="utf-8"))
    except ValueError:
        # It was taken out of the folder, or is none: a model without known answers.
        return None
    if not isinstance(table, dict) or "columns" not in table or "data" not in table:
        return None
    return [dict(zip(table["columns"], row)) for row in table["data"]]


def _is_uri(text: str) -> bool:
    return (
        text.split(":", 1)[0] in ("runs", "models", "s3", "gs", "mlflow-artifacts", "file") and ":/" in text
    )
