"""A sample of what a model is given, in whatever form it comes: names, types, ranges and rows.

Takes a pandas DataFrame, a 2-D or 3-D numpy array, a dict of columns or a list of dicts. Guarantee: columns keep
their order; rows that lack a value are never chosen, since a node does not give them to a model either.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from typing import Any, Optional, Sequence

from .problem import Unusable

NUMBERS = "float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool".split()


class Sample:
    """names: of the columns, in order. dtypes: as a contract spells them. size: rows. window: of a 3-D array."""

    def __init__(self, given: Any, columns: Optional[Sequence[str]] = None) -> None:
        self._given = given
        self.window: Optional[int] = None
        if _is_frame(given):
            self.names = [str(name) for name in given.columns]
            self.dtypes = [_dtype_of(str(given.dtypes.iloc[i]), name) for i, name in enumerate(self.names)]
            self.size = len(given)
        elif hasattr(given, "ndim") and hasattr(given, "dtype"):
            self._of_array(given, columns)
        else:
            self._of_plain(given)
        if columns is not None and list(columns) != self.names:
            raise Unusable(f"columns= names {list(columns)}, and the sample has {self.names}.")
        if len(set(self.names)) != len(self.names):
            raise Unusable(f"A column is there twice in {self.names}.")
        if self.size == 0 or not self.names:
            raise Unusable(
                "The sample is empty: give some rows of what the model was trained on, without the label."
            )

    def _of_array(self, given: Any, columns: Optional[Sequence[str]]) -> None:
        if given.ndim not in (2, 3):
            raise Unusable(f"A sample has rows and columns; this array has {given.ndim} axes.")
        if columns is None or len(columns) != given.shape[-1]:
            raise Unusable(f"An array has no names: say columns=[...], {given.shape[-1]} of them.")
        self.names = [str(name) for name in columns]
        self.dtypes = [_dtype_of(str(given.dtype), name) for name in self.names]
        self.size = given.shape[0]
        self.window = given.shape[1] if given.ndim == 3 else None

    def _of_plain(self, given: Any) -> None:
        if isinstance(given, Mapping):
            table = {str(name): list(values) for name, values in given.items()}
        elif (
            isinstance(given, Sequence)
            and not isinstance(given, str)
            and all(isinstance(row, Mapping) for row in given)
        ):
            names = list(dict.fromkeys(str(name) for row in given for name in row))
            table = {name: [row.get(name) for row in given] for name in names}
        else:
            raise Unusable(
                "A sample is a DataFrame, an array with columns=, a dict of columns or a list of dicts."
            )
        if len({len(values) for values in table.values()}) > 1:
            raise Unusable("The columns of the sample are not equally long.")
        self._given = table
        self.names = list(table)
        self.dtypes = [_dtype_of_values(name, values) for name, values in table.items()]
        self.size = len(next(iter(table.values()), []))

    def range_of(self, index: int) -> tuple[Optional[float], Optional[float]]:
        """Least and greatest finite value; None for what has no order or no value."""
        if self.dtypes[index] in ("string", "bool"):
            return None, None
        values = [value for value in self._column(index) if math.isfinite(value)]
        return (plain(min(values)), plain(max(values))) if values else (None, None)

    def whole_rows(self, most: int) -> list[int]:
        """Up to `most` rows without a missing value, evenly over the sample."""
        lacking: set[int] = set()
        for index in range(len(self.names)):
            width = self.window or 1
            lacking.update(
                i // width for i, value in enumerate(self._column(index, missing=True)) if is_missing(value)
            )
        whole = [row for row in range(self.size) if row not in lacking]
        if len(whole) <= most:
            return whole
        return [whole[i * (len(whole) - 1) // max(1, most - 1)] for i in range(most)]

    def take(self, rows: Sequence[int]) -> Any:
        """These rows in the form that the sample came in; plain columns as a numpy array."""
        if _is_frame(self._given):
            return self._given.iloc[list(rows)]
        if isinstance(self._given, dict):
            import numpy

            kind = object if "string" in self.dtypes else float
            return numpy.array([[self._given[name][row] for name in self.names] for row in rows], dtype=kind)
        return self._given[list(rows)]

    def inputs(self, row: int, dtypes: Optional[Sequence[str]] = None) -> dict[str, Any]:
        """A row by column, as JSON has it; numbers as the type of `dtypes` keeps them."""
        kinds = dtypes or self.dtypes
        return {name: self._cell(row, i, kinds[i]) for i, name in enumerate(self.names)}

    def _cell(self, row: int, index: int, dtype: str) -> Any:
        if self.window is not None:
            return [rounded(value, dtype) for value in self._given[row, :, index].tolist()]
        if isinstance(self._given, dict):
            return rounded(plain(self._given[self.names[index]][row]), dtype)
        value = self._given.iloc[row, index] if _is_frame(self._given) else self._given[row, index]
        return rounded(plain(value), dtype)

    def _column(self, index: int, missing: bool = False) -> list[Any]:
        if isinstance(self._given, dict):
            values = self._given[self.names[index]]
        elif _is_frame(self._given):
            values = self._given.iloc[:, index].tolist()
        else:
            values = self._given[..., index].reshape(-1).tolist()
        return values if missing else [value for value in values if not is_missing(value)]


def plain(value: Any) -> Any:
    """A numpy scalar as Python's own."""
    return value.item() if hasattr(value, "item") else value


def rounded(value: Any, dtype: str) -> Any:
    """As a float32 keeps it, so that what is written down is what the model gets."""
    if dtype == "float32" and isinstance(value, (int, float)):
        return struct.unpack("<f", struct.pack("<f", value))[0]
    return value


def is_missing(value: Any) -> bool:
    """None, NaN, pandas' NA and NaT: what is not equal to itself, or cannot say."""
    if value is None:
        return True
    try:
        return bool(value != value)
    except (TypeError, ValueError):
        return True


def _is_frame(given: Any) -> bool:
    return hasattr(given, "iloc") and hasattr(given, "columns")


def _dtype_of(name: str, column: str) -> str:
    known = {"boolean": "bool"}.get(name.lower(), name.lower())
    if known in NUMBERS:
        return known
    if known in ("object", "category", "str") or known.startswith(("string", "<u")):
        return "string"
    raise Unusable(
        f"Column {column} is {name}, which a model cannot be given. Leave it out, or make it numbers or text."
    )


def _dtype_of_values(column: str, values: Sequence[Any]) -> str:
    kinds = {type(plain(value)) for value in values if not is_missing(value)}
    for fits, dtype in (({bool}, "bool"), ({int}, "int64"), ({int, float}, "float64"), ({str}, "string")):
        if kinds and kinds <= fits:
            return dtype
    names = ", ".join(sorted(kind.__name__ for kind in kinds)) or "nothing but missing values"
    raise Unusable(f"Column {column} holds {names}. A column is numbers, truths or text.")
