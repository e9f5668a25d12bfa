"""The same in Python alone, from NASA's files to the error: what `millrace prepare`, `train.py` and `millrace run`
together must give too. Prints one line of JSON.

    python alone.py
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from train import fitted, life

DATA = Path(__file__).parent / "data"
NAMES = ["unit", "cycle", "os1", "os2", "os3", *(f"s{i}" for i in range(1, 22))]
SENSORS = [f"s{i}" for i in (2, 3, 4, 7, 8, 9, 11, 12, 13, 14, 15, 17, 20, 21)]
FLIGHTS = 5


def features_of(flights: pd.DataFrame) -> pd.DataFrame:
    """Each sensor, then the means and the spreads over an engine's last five flights."""
    rolling = flights.groupby("unit")[SENSORS].rolling(FLIGHTS, min_periods=1)
    mean = rolling.mean().droplevel(0).add_suffix("_mean")
    spread = rolling.std().droplevel(0).fillna(0).add_suffix("_std")
    return pd.concat([flights[SENSORS], mean, spread], axis=1)


train, test = (
    pd.read_csv(DATA / f"{part}_FD001.txt.gz", sep=r"\s+", names=NAMES)
    for part in ("train", "test")
)
truth = np.loadtxt(DATA / "RUL_FD001.txt")
forest = fitted(features_of(train), life(train["cycle"], train["unit"]))
estimates = pd.Series(forest.predict(features_of(test).to_numpy(np.float32)))
last = estimates.groupby(test["unit"]).last().to_numpy()
print(json.dumps({"engines": len(last), "rmse": float(np.sqrt(np.mean((last - truth) ** 2)))}))
