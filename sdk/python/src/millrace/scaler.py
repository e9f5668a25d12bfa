"""A fitted scaler of scikit-learn as the parameters that `scale.*` reads: an object a column, by name.

Guarantee: with them `scale.*` computes what `transform` does, to the last bits. A MinMaxScaler's range and limits
travel with it, so a flow cannot forget them.
"""

from __future__ import annotations

from typing import Any, Optional, Sequence

from .problem import Unusable

KINDS = {
    "StandardScaler": "scale.standard",
    "MaxAbsScaler": "scale.standard",
    "MinMaxScaler": "scale.minmax",
    "RobustScaler": "scale.robust",
}


def kind_of(scaler: Any) -> str:
    """The type of module that reads it; Unusable when there is none."""
    name = type(scaler).__name__
    if name in KINDS:
        return KINDS[name]
    raise Unusable(
        f"{name} has no module of its own. Push one of {', '.join(KINDS)}, or the whole pipeline as a model."
    )


def parameters_of(scaler: Any, columns: Optional[Sequence[str]] = None) -> dict[str, dict[str, Any]]:
    """{column: {mean, scale}}, {min, max, featureRange, clip} or {center, scale}."""
    kind = kind_of(scaler)
    count = getattr(scaler, "n_features_in_", None)
    if count is None:
        raise Unusable(f"The {type(scaler).__name__} is not fitted. Call fit first.")
    names = _names(scaler, columns, count)
    if kind == "scale.minmax":
        low, high = (float(value) for value in scaler.feature_range)
        more = {"featureRange": [low, high], "clip": bool(scaler.clip)}
        pairs = zip(_numbers(scaler.data_min_, 0.0, count), _numbers(scaler.data_max_, 0.0, count))
        return {name: {"min": least, "max": most, **more} for name, (least, most) in zip(names, pairs)}
    if kind == "scale.robust":
        centre, middle = "center", scaler.center_
    else:
        # The mean is there also when it is not subtracted.
        centre, middle = "mean", scaler.mean_ if getattr(scaler, "with_mean", False) else None
    pairs = zip(_numbers(middle, 0.0, count), _numbers(scaler.scale_, 1.0, count))
    return {name: {centre: shift, "scale": scale} for name, (shift, scale) in zip(names, pairs)}


def _names(scaler: Any, columns: Optional[Sequence[str]], count: int) -> list[str]:
    fitted = getattr(scaler, "feature_names_in_", None)
    if columns is None and fitted is None:
        raise Unusable(
            f"The scaler was fitted on an array without names: say columns=[...], {count} of them."
        )
    names = [str(name) for name in (columns if columns is not None else fitted)]
    if fitted is not None and names != [str(name) for name in fitted]:
        raise Unusable(
            f"The scaler was fitted on {[str(name) for name in fitted]}, and columns= says {names}."
        )
    if len(names) != count or len(set(names)) != count:
        raise Unusable(f"The scaler has {count} columns, and columns= names {len(set(names))}.")
    return names


def _numbers(values: Any, absent: float, count: int) -> list[float]:
    numbers = [absent] * count if values is None else [float(value) for value in values]
    if any(value != value or value in (float("inf"), float("-inf")) for value in numbers):
        raise Unusable(
            "The scaler has a parameter that is no finite number: a column of its training data had no value."
        )
    return numbers
