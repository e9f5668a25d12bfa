"""Millrace for data scientists: bring a model to the catalogue, prepare data as the edge does, read results back.

    import millrace
    millrace.connect("https://millrace.example.org", token)
    millrace.push_model(model, name="pump-score", contract=millrace.infer(training_rows), alias="staging")

The core needs nothing but Python's standard library; numpy, pandas, scikit-learn, skl2onnx and onnxruntime are used
when they are there.
"""

from .catalogue import Pushed, point_alias, push_data, push_model, push_scaler, push_script
from .contract import Column, Contract, Golden, Output, infer
from .director import Director, connect
from .mlflow import push_mlflow
from .preparing import prepare
from .problem import MillraceError, NotAllowed, NotFound, Refused, Unavailable, Unusable
from .pulling import pull_alerts, pull_results

__version__ = "0.1.0"

__all__ = [
    "Column",
    "Contract",
    "Director",
    "Golden",
    "MillraceError",
    "NotAllowed",
    "NotFound",
    "Output",
    "Pushed",
    "Refused",
    "Unavailable",
    "Unusable",
    "connect",
    "infer",
    "point_alias",
    "prepare",
    "pull_alerts",
    "pull_results",
    "push_data",
    "push_mlflow",
    "push_model",
    "push_scaler",
    "push_script",
]
