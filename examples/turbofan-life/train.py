"""Trains a model of this example on the rows that the flow makes: the README says how.

    python -m pip install numpy==2.4.6 pandas==3.1.1 scikit-learn==1.9.1 skl2onnx==1.20.0 onnx==1.23.2
    python train.py train.csv mine/turbofan-rul.onnx

`t` is the flight, 3,600,000 ms each, and `key` the engine; the rest are the model's inputs in their order. Every engine
of the training file flies until it fails, so a row's label is the flights up to its engine's last, at most 125.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestRegressor

MS_A_FLIGHT = 3_600_000
LONGEST_LIFE = 125


def life(flight: pd.Series, engine: pd.Series) -> pd.Series:
    """Flights left, row by row, of engines that fly until they fail."""
    return (flight.groupby(engine).transform("max") - flight).clip(upper=LONGEST_LIFE)


def fitted(features: pd.DataFrame, labels: pd.Series) -> RandomForestRegressor:
    forest = RandomForestRegressor(n_estimators=20, min_samples_leaf=10, random_state=0)
    return forest.fit(features.to_numpy(np.float32), labels)


if __name__ == "__main__":
    rows = pd.read_csv(sys.argv[1])
    features = rows.drop(columns=["t", "key"])
    forest = fitted(features, life(rows["t"] / MS_A_FLIGHT, rows["key"]))
    onnx = to_onnx(forest, features.to_numpy(np.float32)[:1], target_opset={"": 17, "ai.onnx.ml": 3})
    model = Path(sys.argv[2])
    model.parent.mkdir(parents=True, exist_ok=True)
    model.write_bytes(onnx.SerializeToString())
    print(f"trained on {len(rows)} rows of {rows['key'].nunique()} engines, {features.shape[1]} inputs")
