"""A pushed model and scaler run on a node, and what they said is pulled back: the numbers that Python has."""

import json
import tempfile
import time
import unittest
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest
from sklearn.preprocessing import StandardScaler

import millrace

from . import real

WITHIN_S = 120
RNG = np.random.default_rng(2)
FRAME = pd.DataFrame({"pressure": RNG.normal(4, 1, 400), "flow": RNG.normal(10, 2, 400)})
FLOW = """apiVersion: millrace/v1
kind: Flow
metadata: { name: pulled }
modules:
  rows: { type: source.csv, settings: { file: 'resource:pulled-rows@1', timestamp: { column: t, format: epochMs } } }
  scaled: { type: scale.standard, from: [rows], settings: { columns: [flow, pressure], resource: 'resource:pulled-scaler@1' } }
  score:
    type: model.onnx
    from: [scaled]
    settings:
      model: 'resource:pulled-model@1'
      inputs: [{ tensor: X, columns: [pressure, flow] }]
      outputs: [{ tensor: score, as: score }]
      timeoutMs: 60000
  out: { type: sink.director, from: [score], settings: { channel: result } }
  low: { type: route.alert, from: [score], settings: { when: 'score < 0.0', clearWhen: 'score > 0.1', severity: high } }
  tell: { type: sink.director, from: [low], settings: { channel: alert } }
"""


class Pulled(unittest.TestCase):
    def test_scores_of_a_node_are_those_of_python(self):
        real.director()
        scaler = StandardScaler().fit(FRAME)
        scaled = pd.DataFrame(scaler.transform(FRAME), columns=FRAME.columns)
        forest = IsolationForest(n_estimators=20, random_state=0).fit(scaled)
        millrace.push_data(FRAME.assign(t=np.arange(len(FRAME)) * 1000.0), name="pulled-rows")
        millrace.push_scaler(scaler, name="pulled-scaler")
        contract = millrace.infer(scaled, outputs={"score": "decision_function"})
        millrace.push_model(forest, name="pulled-model", contract=contract)
        began = time.time() * 1000
        with tempfile.TemporaryDirectory() as folder:
            deploy(Path(folder))
            rows = wait_for(lambda: whole(millrace.pull_results("pulled")))
        self.assertEqual(list(rows["t"]), list(np.arange(len(FRAME)) * 1000.0))
        np.testing.assert_allclose(rows[["pressure", "flow"]], scaled, rtol=0, atol=1e-12)
        given = scaled.astype("float32").astype("float64")
        np.testing.assert_allclose(rows["score"], forest.decision_function(given), rtol=0, atol=1e-5)
        self.assertEqual(set(rows["version"]), {1})
        self.assertEqual(set(rows["module"]), {"out"})

        with self.subTest("chosen"):
            self.assertEqual(list(millrace.pull_results("pulled", limit=3)["t"]), list(rows["t"][-3:]))
            self.assertEqual(len(millrace.pull_results("pulled", since=began)), len(rows))
            self.assertEqual(len(millrace.pull_results("pulled", since=time.time() * 1000 + 60_000)), 0)
            self.assertEqual(len(millrace.pull_results("pulled", module="tell")), 0)
        with self.subTest("alerts"):
            alerts = wait_for(lambda: millrace.pull_alerts("pulled", severity="high"))
            self.assertLess(float((rows["score"]).min()), 0)
            self.assertEqual((set(alerts["flow"]), set(alerts["module"])), ({"pulled"}, {"low"}))
            self.assertTrue(alerts["t"].is_monotonic_increasing)
            self.assertEqual(len(millrace.pull_alerts("pulled", severity="low")), 0)
        with self.subTest("wrong"):
            for call in (
                lambda: millrace.pull_results("pulled", limit=0),
                lambda: millrace.pull_results("pulled", since="soon"),
            ):
                with self.assertRaises(millrace.Unusable):
                    call()


def deploy(folder):
    (folder / "flow.yaml").write_text(FLOW)
    real.command("flow", "publish", str(folder / "flow.yaml"))
    real.command("group", "create", "plant")
    token = json.loads(real.command("node", "token", "--group", "plant", "-o", "json"))["token"]
    data = real.FOLDER / "node"
    real.started(
        "agent", "run", "--data", str(data), "--url", real.known()["url"], "--token", token, "--name", "press"
    )
    wait_for(lambda: "press" in real.command("node", "list", "-o", "name"))
    real.command("deploy", "pulled@1", "--to", "plant", "--wait")


def whole(rows):
    return rows if len(rows) == len(FRAME) else None


def wait_for(holds):
    """Asks until it gives something that is not empty."""
    end = time.monotonic() + WITHIN_S
    while True:
        found = holds()
        if found is not None and found is not False and (found is True or len(found) > 0):
            return found
        if time.monotonic() > end:
            raise AssertionError(f"it did not come within {WITHIN_S} s")
        time.sleep(0.5)
