"""Known answers: a model is run on a few rows of the sample, and what it says is written into the contract.

Guarantee: what is written down came out of the model itself. A row whose answer is no finite number is not used; a
width of one counts as a single value.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Mapping, Optional, Sequence

from .contract import Contract, Golden, Output, Outputs
from .problem import Unusable
from .sample import Sample, plain

# Of the largest number of a row. Processors differ in the last bits, and a sum over a forest adds them up.
FLOAT32 = 1e-5
FLOAT64 = 1e-9

Answers = Mapping[str, Any]
"""An array by output, the first axis the rows'."""


def of_estimator(
    estimator: Any, contract: Contract, rows: Sequence[int], methods: Mapping[str, str]
) -> Answers:
    """What the estimator says; `methods`: method by output, as `methods_of` gives them."""
    import numpy

    sample = _sample_of(contract)
    assert_fits(estimator, sample.names)
    given = sample.take(rows)
    answers: dict[str, Any] = {}
    for method in dict.fromkeys(methods.values()):
        said = numpy.asarray(_method(estimator, method)(given))
        names = [name for name, one in methods.items() if one == method]
        if len(names) == 1:
            answers[names[0]] = said
        elif said.ndim == 2 and said.shape[1] == len(names):
            answers.update((name, said[:, i]) for i, name in enumerate(names))
        else:
            raise Unusable(
                f"{method} gives {said.shape[1:] or 'one value'} a row, and outputs= names {len(names)}."
            )
    return {name: answers[name] for name in methods}


def methods_of(named: Outputs, default: Mapping[str, str]) -> dict[str, str]:
    """Method by output: as `infer(outputs=)` said, else the default."""
    if named is None:
        return dict(default)
    if isinstance(named, Mapping):
        return dict(named)
    return {name: "predict" for name in named}


def write_down(
    contract: Contract,
    rows: Sequence[int],
    answers: Answers,
    *,
    tolerance: float,
    inputs: Optional[Sequence[str]] = None,
    single: bool = False,
) -> Contract:
    """The contract with outputs and known answers.

    tolerance: of the largest number of a row, relative. inputs: dtypes by column, where the model keeps others than
    the sample. single: numbers leave the model as float32.
    """
    sample = _sample_of(contract)
    outputs = [_output(name, values, single) for name, values in answers.items()]
    golden = []
    for i, row in enumerate(rows):
        said = {name: _cell(values[i]) for name, values in answers.items()}
        size = _largest(list(said.values()))
        if size is not None:
            golden.append(Golden(sample.inputs(row, inputs), said, tolerance * max(1.0, size)))
    return replace(contract, outputs=outputs, golden=golden)


def assert_fits(estimator: Any, names: Sequence[str]) -> None:
    """Raises Unusable when the estimator was fitted on other columns than the sample has."""
    known = getattr(estimator, "feature_names_in_", None)
    if known is not None and [str(name) for name in known] != list(names):
        raise Unusable(
            f"The model was fitted on {list(known)}, and the sample has {list(names)}, in this order."
        )
    count = getattr(estimator, "n_features_in_", None)
    if count is not None and count != len(names):
        raise Unusable(
            f"The model was fitted on {count} columns, and the sample has {len(names)}. Leave the label out."
        )


def _sample_of(contract: Contract) -> Sample:
    if contract.sample is None:
        raise Unusable("Known answers need rows: make the contract with millrace.infer(sample).")
    return contract.sample


def _method(estimator: Any, name: str) -> Any:
    method = getattr(estimator, name, None)
    if callable(method):
        return method
    raise Unusable(
        f"{type(estimator).__name__} has no method {name}. Name its outputs with infer(sample, outputs=)."
    )


def _output(name: str, values: Any, single: bool) -> Output:
    kind = values.dtype.kind
    dtype = "string" if kind in "OUS" else "bool" if kind == "b" else str(values.dtype)
    if single and kind == "f":
        dtype = "float32"
    width = list(values.shape[1:])
    return Output(name, dtype, None, None if width in ([], [1]) else width)


def _cell(value: Any) -> Any:
    cell = value.tolist() if hasattr(value, "tolist") else plain(value)
    return cell[0] if isinstance(cell, list) and len(cell) == 1 and not isinstance(cell[0], list) else cell


def _largest(cells: Any) -> Optional[float]:
    """The largest absolute number; None when one is not finite, 0 when there is none."""
    if isinstance(cells, list):
        sizes = [_largest(cell) for cell in cells]
        return None if None in sizes else max(sizes, default=0.0)
    if isinstance(cells, bool) or not isinstance(cells, (int, float)):
        return 0.0
    return abs(float(cells)) if cells - cells == 0 else None
