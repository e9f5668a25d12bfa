"""Trains the score of this example: an isolation forest on the machine's first week.

    python -m pip install pandas==3.1.1 scikit-learn==1.9.1 skl2onnx==1.20.0
    python train.py

The features are those that flow.yaml computes: the temperature, its mean over 6 hours and over a day. The first
labelled failure begins on 10 December; training ends on 9 December, so the forest has seen no failure.
No threshold is fitted here: see the README for how the one in flow.yaml was chosen.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from skl2onnx import to_onnx
from sklearn.ensemble import IsolationForest

HERE = Path(__file__).parent
ROWS_OF_A_DAY = 288
TRAINING_ROWS = 7 * ROWS_OF_A_DAY

data = pd.read_csv(HERE / "data/machine_temperature_system_failure.csv", parse_dates=["timestamp"])
value = data["value"]
features = pd.DataFrame(
    {
        "value": value,
        "mean6h": value.rolling(72, min_periods=1).mean(),
        "mean1d": value.rolling(ROWS_OF_A_DAY, min_periods=1).mean(),
    }
)
# The means of the first day are over less than a day.
training = features.to_numpy(np.float32)[ROWS_OF_A_DAY:TRAINING_ROWS]
forest = IsolationForest(n_estimators=100, random_state=0).fit(training)
model = to_onnx(forest, training[:1], target_opset={"": 17, "ai.onnx.ml": 3})
(HERE / "resources/temperature-score.onnx").write_bytes(model.SerializeToString())
scores = 0.5 - forest.decision_function(features.to_numpy(np.float32))
print(f"trained on {len(training)} rows; highest score there {scores[ROWS_OF_A_DAY:TRAINING_ROWS].max():.3f}")
