"""A fitted estimator as ONNX, by skl2onnx; and what an ONNX file answers, by onnxruntime.

Guarantee: classes leave as tensors (no ZipMap), outputs have the names that were asked for, and where onnxruntime is
there the converted model was held against the estimator on rows of the sample: it says the same, or it is not used.
"""

from __future__ import annotations

import importlib.util
import warnings
from dataclasses import replace
from typing import Any, Mapping, Optional, Sequence

from . import answers
from .contract import Column, Contract
from .problem import Unusable

# As old as every runtime that nodes have; the newest operators are not needed by what scikit-learn has.
OPSET = {"": 17, "ai.onnx.ml": 3}
# Converted in float32, a model may differ by the roundings of its sums, and not by more.
MOST_APART = 1e-3


class NotConvertible(Unusable):
    """skl2onnx does not know this estimator."""


def can_convert() -> bool:
    return importlib.util.find_spec("skl2onnx") is not None


def has_session() -> bool:
    return importlib.util.find_spec("onnxruntime") is not None


def to_onnx(estimator: Any, contract: Contract) -> tuple[bytes, Contract]:
    """The model's bytes, and the contract with its outputs and known answers.

    A model of numbers alone has one input `X` of shape (rows, columns), float32; else each column is an input of its
    own name and of shape (rows, 1). Raises NotConvertible, or Unusable when the two models disagree.
    """
    names, dtypes = _columns(estimator, contract)
    answers.assert_fits(estimator, names)
    model, single = _converted(estimator, names, dtypes)
    given = [output.name for output in model.graph.output]
    methods = _chosen(estimator, contract, given)
    content = _renamed(model, dict(zip(methods, _origins(estimator, given, methods))))
    inputs = ["float32" if dtype != "string" else dtype for dtype in dtypes]
    contract = replace(contract, runtime="onnx", columns=_typed(contract, names, inputs))
    if contract.sample is None:
        return content, contract
    rows = contract.sample.whole_rows(contract.rows)
    if not rows:
        return content, contract
    rounded = replace(contract, sample=_AsFloat32(contract.sample))
    expected = answers.of_estimator(estimator, rounded, rows, methods)
    rows, expected, apart = _held(content, contract, rows, expected)
    tolerance = max(answers.FLOAT32, 4 * apart)
    return content, answers.write_down(
        contract, rows, expected, tolerance=tolerance, inputs=inputs, single=True
    )


def answered(path: str, contract: Contract) -> Contract:
    """The contract of an ONNX file with its known answers, where onnxruntime is there; else as it is."""
    if contract.sample is None or contract.golden or not has_session():
        return contract
    rows = contract.sample.whole_rows(contract.rows)
    session = _session(path)
    fed = _feed(session, contract, rows)
    if not rows or fed is None:
        return contract
    wanted = list(contract.named) if contract.named else [one.name for one in session.get_outputs()]
    strange = [name for name in wanted if name not in [one.name for one in session.get_outputs()]]
    if strange:
        raise Unusable(
            f"The model has no output {strange[0]}; it has {[one.name for one in session.get_outputs()]}."
        )
    said = dict(zip(wanted, (_array(one) for one in session.run(wanted, fed))))
    dtypes = [_element(one) for one in session.get_inputs()]
    kinds = dtypes if len(dtypes) == len(contract.columns) else dtypes[:1] * len(contract.columns)
    typed = replace(
        contract, columns=[replace(one, dtype=kind) for one, kind in zip(contract.columns, kinds)]
    )
    return answers.write_down(typed, rows, said, tolerance=answers.FLOAT32, inputs=kinds)


class _AsFloat32:
    """A sample whose numbers are what float32 keeps of them: the rows that the converted model sees."""

    def __init__(self, sample: Any) -> None:
        self._sample = sample
        self.names = sample.names

    def take(self, rows: Sequence[int]) -> Any:
        given = self._sample.take(rows)
        if hasattr(given, "iloc"):
            numbers = {
                name: "float32"
                for name, dtype in zip(given.columns, self._sample.dtypes)
                if dtype != "string"
            }
            return given.astype(numbers).astype({name: "float64" for name in numbers})
        return given if given.dtype == object else given.astype("float32").astype("float64")


def _columns(estimator: Any, contract: Contract) -> tuple[list[str], list[str]]:
    if contract.columns:
        return [one.name for one in contract.columns], [one.dtype for one in contract.columns]
    count = getattr(estimator, "n_features_in_", None)
    if count is None:
        raise Unusable("How many columns the model takes is not known: give contract=millrace.infer(sample).")
    known = getattr(estimator, "feature_names_in_", None)
    return [str(name) for name in (known if known is not None else [f"x{i}" for i in range(count)])], [
        "float32"
    ] * count


def _typed(contract: Contract, names: Sequence[str], dtypes: Sequence[str]) -> Sequence[Column]:
    """Names that were made up here are not told."""
    if not contract.columns and names and names[0] == "x0":
        return ()
    columns = contract.columns or [Column(name, "float32") for name in names]
    return [replace(one, dtype=dtype) for one, dtype in zip(columns, dtypes)]


def _converted(estimator: Any, names: Sequence[str], dtypes: Sequence[str]) -> tuple[Any, bool]:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    numbers = all(dtype != "string" for dtype in dtypes)
    each = [
        (name, StringTensorType([None, 1]) if dtype == "string" else FloatTensorType([None, 1]))
        for name, dtype in zip(names, dtypes)
    ]
    options = {id(estimator): {"zipmap": False}} if _is(estimator, "classifier") else None
    failed: Optional[Exception] = None
    # A pipeline that picks columns by name can only be converted with an input a column.
    for types in ([("X", FloatTensorType([None, len(names)]))], each) if numbers else (each,):
        try:
            model = to_onnx(estimator, initial_types=types, target_opset=OPSET, options=options)
            return model, types is not each
        except Exception as error:  # skl2onnx raises a dozen kinds of its own, and scikit-learn's
            failed = failed or error
    raise NotConvertible(
        f"{type(estimator).__name__} cannot be converted to ONNX: {failed}. Push it with format='pickle'."
    ) from failed


def _is(estimator: Any, kind: str) -> bool:
    if (
        kind == "outlier_detector"
        and hasattr(estimator, "decision_function")
        and hasattr(estimator, "fit_predict")
    ):
        return True
    tags = getattr(estimator, "__sklearn_tags__", None)
    said = tags().estimator_type if callable(tags) else getattr(estimator, "_estimator_type", None)
    return said == kind


def _methods(estimator: Any) -> list[str]:
    """Which method each output of the converted model stands for, in the order of skl2onnx."""
    if _is(estimator, "classifier"):
        return ["predict", "predict_proba"]
    if _is(estimator, "outlier_detector"):
        return ["predict", "decision_function"]
    if _is(estimator, "clusterer"):
        return ["predict", "transform"]
    return ["predict"] if hasattr(estimator, "predict") else ["transform"]


def _chosen(estimator: Any, contract: Contract, given: Sequence[str]) -> dict[str, str]:
    """Method by output name, of those that shall leave the model."""
    known = dict(zip(given, _methods(estimator)))
    if contract.named is None:
        return known
    if isinstance(contract.named, Mapping):
        strange = [method for method in contract.named.values() if method not in known.values()]
        if strange:
            raise Unusable(
                f"The converted model does not give {strange[0]}; it gives {', '.join(known.values())}. "
                "Push it with format='pickle', or choose of these."
            )
        return dict(contract.named)
    if len(contract.named) > len(known):
        raise Unusable(
            f"outputs= names {len(contract.named)}, and the converted model gives {', '.join(given)}."
        )
    return dict(zip(contract.named, known.values()))


def _origins(estimator: Any, given: Sequence[str], methods: Mapping[str, str]) -> list[str]:
    by_method = {method: name for name, method in zip(given, _methods(estimator))}
    return [by_method[method] for method in methods.values()]


def _renamed(model: Any, names: Mapping[str, str]) -> bytes:
    """`names`: what an output shall be called, by new name the old one; others do not leave any more."""
    from onnx import helper

    kept = []
    for new, old in names.items():
        port = next(one for one in model.graph.output if one.name == old)
        if new != old:
            model.graph.node.append(helper.make_node("Identity", [old], [new]))
            port = type(port).FromString(port.SerializeToString())
            port.name = new
        kept.append(port)
    del model.graph.output[:]
    model.graph.output.extend(kept)
    return model.SerializeToString()


def _held(
    content: bytes, contract: Contract, rows: Sequence[int], expected: answers.Answers
) -> tuple[Sequence[int], answers.Answers, float]:
    """The rows on which both models agree, and the largest relative difference of a number there."""
    import numpy

    if not has_session():
        return rows, expected, 0.0
    session = _session(content)
    fed = _feed(session, contract, rows)
    if fed is None:
        return rows, expected, 0.0
    agree = numpy.ones(len(rows), dtype=bool)
    apart = numpy.zeros(len(rows))
    for name, said in zip(expected, session.run(list(expected), fed)):
        ours = numpy.asarray(expected[name])
        theirs = _array(said).reshape(ours.shape)
        if ours.dtype.kind == "f":
            flat = ours.reshape(len(rows), -1)
            difference = numpy.abs(flat - theirs.reshape(len(rows), -1)).max(axis=1)
            apart = numpy.maximum(apart, difference / numpy.maximum(1.0, numpy.abs(flat).max(axis=1)))
        else:
            agree &= (ours == theirs).reshape(len(rows), -1).all(axis=1)
    good = agree & (apart <= MOST_APART)
    # A row on the very edge between two answers may fall to either side; most do not lie there.
    if good.sum() * 2 < len(rows):
        raise Unusable(
            f"Converted to ONNX the model says something else on {len(rows) - int(good.sum())} of {len(rows)} rows "
            f"(numbers up to {float(apart.max()):.2g} apart, relative). Push it with format='pickle'."
        )
    chosen = numpy.flatnonzero(good)
    return (
        [rows[i] for i in chosen],
        {name: numpy.asarray(values)[chosen] for name, values in expected.items()},
        float(apart[chosen].max()),
    )


def _session(model: Any) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


_ELEMENTS = {"float": "float32", "double": "float64", "float16": "float16"}


def _element(port: Any) -> str:
    inside = port.type[port.type.index("(") + 1 : -1]
    return _ELEMENTS.get(inside, inside)


def _feed(session: Any, contract: Contract, rows: Sequence[int]) -> Optional[dict[str, Any]]:
    """The rows as the model's inputs; None, with a warning, when it cannot be told which column goes where."""
    import numpy

    sample = contract.sample
    ports = session.get_inputs()
    cells = [sample.inputs(row) for row in rows]
    kind = lambda port: object if _element(port) == "string" else _element(port)  # noqa: E731
    if len(ports) == 1 and "string" not in sample.dtypes:
        matrix = numpy.array([[row[name] for name in sample.names] for row in cells], dtype=kind(ports[0]))
        # A window comes column by column; the model takes it row by row.
        return {ports[0].name: matrix.swapaxes(1, 2) if sample.window else matrix}
    if [port.name for port in ports] == sample.names:
        return {
            port.name: numpy.array([[row[port.name]] for row in cells], dtype=kind(port)) for port in ports
        }
    warnings.warn(
        f"No known answers were made: the model's inputs {[port.name for port in ports]} are not the columns.",
        stacklevel=2,
    )
    return None


def _array(said: Any) -> Any:
    """A ZipMap's dicts as numbers in the order of their classes."""
    import numpy

    if isinstance(said, list):
        return numpy.array([list(one.values()) if isinstance(one, dict) else one for one in said])
    return said
