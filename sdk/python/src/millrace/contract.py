"""The contract of a model: what it expects and gives, and some answers that are known.

Guarantee: `to_json` is the director's own shape (libs/schemas/src/contract.ts). `infer` says what the sample says
and nothing more; units and the like are for you to add.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Mapping, Optional, Sequence, Union

from .problem import Unusable
from .sample import Sample

Outputs = Union[Sequence[str], Mapping[str, str], None]
"""Names of what `predict` gives, in order; or by name the method that gives it."""


@dataclass(frozen=True)
class Column:
    """dtype: float16..64, int8..64, uint8..64, bool or string. min, max: of the sample."""

    name: str
    dtype: str
    unit: Optional[str] = None
    min: Optional[float] = None
    max: Optional[float] = None


@dataclass(frozen=True)
class Output:
    """shape: without the rows' axis; None for a single value, -1 where a length is free."""

    name: str
    dtype: str
    unit: Optional[str] = None
    shape: Optional[Sequence[int]] = None


@dataclass(frozen=True)
class Golden:
    """One known answer. tolerance: largest absolute difference of a number; labels are always exact."""

    input: Mapping[str, Any]
    output: Mapping[str, Any]
    tolerance: float


@dataclass(frozen=True)
class Contract:
    """What a model expects and gives. Make it with `infer`; change it with `replace`.

    columns: in the order of the model. period_ms: time between two rows. window: rows of a window.
    outputs, golden: empty until `push_model` has seen the model. runtime: told by the model when absent.
    prepare: digest of the flow that prepared the data.
    """

    columns: Sequence[Column] = ()
    outputs: Sequence[Output] = ()
    golden: Sequence[Golden] = ()
    runtime: Optional[str] = None
    period_ms: Optional[float] = None
    window: Optional[int] = None
    prepare: Optional[str] = None
    metrics: Optional[Mapping[str, float]] = None
    trained_on: Optional[str] = None
    # What `infer` saw, for the known answers that push_model makes.
    sample: Optional[Sample] = field(default=None, repr=False, compare=False)
    named: Outputs = field(default=None, repr=False, compare=False)
    rows: int = field(default=5, repr=False, compare=False)

    def with_units(self, units: Mapping[str, str]) -> "Contract":
        """The same with units by column, such as {"pressure": "bar"}."""
        known = {column.name for column in self.columns}
        strange = [name for name in units if name not in known]
        if strange:
            raise Unusable(f"There is no column {strange[0]}; there are {', '.join(sorted(known))}.")
        return replace(
            self, columns=[replace(one, unit=units.get(one.name, one.unit)) for one in self.columns]
        )

    def to_json(self) -> dict[str, Any]:
        """As the director takes it."""
        return _given(
            columns=[_given(**vars(one)) for one in self.columns],
            outputs=[_given(**vars(one)) for one in self.outputs],
            golden=[_given(**vars(one)) for one in self.golden],
            runtime=self.runtime or "onnx",
            periodMs=self.period_ms,
            window=self.window,
            prepare=self.prepare,
            metrics=self.metrics and {name: float(value) for name, value in self.metrics.items()},
            trainedOn=self.trained_on,
        )

    @staticmethod
    def from_json(said: Mapping[str, Any]) -> "Contract":
        return Contract(
            columns=[Column(**_known(Column, one)) for one in said.get("columns", [])],
            outputs=[Output(**_known(Output, one)) for one in said.get("outputs", [])],
            golden=[Golden(**_known(Golden, one)) for one in said.get("golden", [])],
            runtime=said.get("runtime"),
            period_ms=said.get("periodMs"),
            window=said.get("window"),
            prepare=said.get("prepare"),
            metrics=said.get("metrics"),
            trained_on=said.get("trainedOn"),
        )


def infer(
    sample: Any,
    outputs: Outputs = None,
    *,
    columns: Optional[Sequence[str]] = None,
    units: Optional[Mapping[str, str]] = None,
    period_ms: Optional[float] = None,
    rows: int = 5,
) -> Contract:
    """The contract that a sample of the model's input says, without the label.

    sample: a DataFrame; an array of shape (rows, columns), or (rows, window, columns) for sequence models, with
        columns=; a dict of columns; or a list of dicts.
    outputs: names of what `predict` gives, in order; or {name: method}, such as {"score": "decision_function"}.
        Default: what the converted model calls them; `result` for a pickle.
    rows: how many known answers are made; rows with missing values are not used.

    Outputs and known answers are filled in by `push_model`, which has the model. Raises Unusable, naming the column.
    """
    seen = Sample(sample, columns)
    if isinstance(outputs, str):
        outputs = [outputs]
    spread = [seen.range_of(i) for i in range(len(seen.names))]
    contract = Contract(
        columns=[Column(name, seen.dtypes[i], None, *spread[i]) for i, name in enumerate(seen.names)],
        window=seen.window,
        period_ms=period_ms,
        sample=seen,
        named=outputs,
        rows=rows,
    )
    return contract.with_units(units or {})


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _known(shape: type, said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name in shape.__dataclass_fields__}
