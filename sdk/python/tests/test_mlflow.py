"""Folders that MLflow itself wrote come in, by the package and by the command, with what they say of their model."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

# Before it is imported: no word to anybody, and runs in a folder.
os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true", MLFLOW_ALLOW_FILE_STORE="true")

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import infer_signature
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression

import millrace
from millrace.mlflow import read_mlflow

from . import real

RNG = np.random.default_rng(3)
FRAME = pd.DataFrame({"pressure": RNG.normal(4, 1, 100), "flow": RNG.normal(10, 2, 100)})
LABEL = (FRAME["pressure"] > 4).astype(int).to_numpy()
MODEL = LogisticRegression().fit(FRAME, LABEL)
ONNX = to_onnx(
    MODEL, FRAME.to_numpy(np.float32)[:1], options={"zipmap": False}, target_opset={"": 17, "ai.onnx.ml": 3}
)
SINGLE = FRAME.astype("float32")


class Imported(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        real.director()
        cls.kept = tempfile.TemporaryDirectory()
        root = Path(cls.kept.name)
        mlflow.set_tracking_uri((root / "runs").as_uri())
        with mlflow.start_run() as run:
            mlflow.log_metric("auc", 0.97)
            cls.run_id = run.info.run_id
            logged = mlflow.onnx.log_model(
                ONNX,
                name="model",
                signature=infer_signature(SINGLE, LABEL),
                input_example=SINGLE.head(4),
                # Else it runs the model to find out.
                pip_requirements=["onnxruntime"],
            )
        cls.uri = logged.model_uri
        cls.onnx = Path(
            mlflow.artifacts.download_artifacts(artifact_uri=cls.uri, dst_path=str(root / "onnx"))
        )
        cls.sklearn = root / "sklearn"
        mlflow.sklearn.save_model(
            MODEL,
            str(cls.sklearn),
            signature=infer_signature(FRAME, LABEL),
            serialization_format="cloudpickle",
            pip_requirements=["scikit-learn==1.9.1"],
        )
        cls.skops = root / "skops"
        cls.skops.mkdir()
        text = (cls.sklearn / "MLmodel").read_text().replace("cloudpickle", "skops")
        (cls.skops / "MLmodel").write_text(text)

    @classmethod
    def tearDownClass(cls):
        cls.kept.cleanup()

    def test_by_folder_with_contract_lineage_and_known_answers(self):
        pushed = millrace.push_mlflow(self.onnx, name="mlflow-folder", alias="staging")
        contract = real.director().ask("GET", "/v1/resources/mlflow-folder/versions/1").value["contract"]
        columns = [{"name": name, "dtype": "float32"} for name in ("pressure", "flow")]
        self.assertEqual(contract["columns"], columns)
        self.assertEqual([one["name"] for one in contract["outputs"]], ["label", "probabilities"])
        self.assertIn(f"run {self.run_id}", contract["trainedOn"])
        self.assertEqual(len(contract["golden"]), 4)
        for golden, row in zip(contract["golden"], SINGLE.head(4).to_dict("records")):
            self.assertEqual(golden["input"], row)
            self.assertEqual(golden["output"]["label"], int(MODEL.predict(pd.DataFrame([row]))[0]))
        self.assertEqual(pushed.size, len(ONNX.SerializeToString()))

        with self.subTest("the command says the same, and sends nothing"):
            said = json.loads(
                real.command("resource", "push", str(self.onnx), "--name", "mlflow-command", "-o", "json")
            )
            self.assertEqual((said["digest"], said["kind"], said["state"]), (pushed.digest, "model", "ready"))
            theirs = real.director().ask("GET", "/v1/resources/mlflow-command/versions/1").value["contract"]
            self.assertEqual(
                {**theirs, "golden": []}, {**contract, "golden": [], "outputs": theirs["outputs"]}
            )
            self.assertEqual([one["name"] for one in theirs["outputs"]], ["label", "probabilities"])

    def test_by_uri_with_the_metrics_of_its_run(self):
        pushed = millrace.push_mlflow(self.uri, name="mlflow-uri")
        self.assertEqual(dict(pushed.contract.metrics), {"auc": 0.97})
        source = mlflow.MlflowClient().get_run(self.run_id).data.tags["mlflow.source.name"]
        self.assertTrue(pushed.contract.trained_on.endswith(f", by {source}"), pushed.contract.trained_on)

    def test_what_was_imported_answers_as_in_python(self):
        flow = """apiVersion: millrace/v1
kind: Flow
metadata: { name: imported }
modules:
  rows: { type: source.http, settings: { path: /rows } }
  judge:
    type: model.onnx
    from: [rows]
    settings:
      model: 'resource:imported@1'
      inputs: [{ tensor: X, columns: [pressure, flow] }]
      outputs: [{ tensor: label, as: label }, { tensor: probabilities, index: 1, as: p }]
      timeoutMs: 60000
  out: { type: sink.director, from: [judge], settings: { channel: result } }
"""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "resources").mkdir()
            (folder / "resources/imported@1.onnx").write_bytes(read_mlflow(self.onnx).path.read_bytes())
            (folder / "flow.yaml").write_text(flow)
            FRAME.assign(t=np.arange(len(FRAME))).to_json(folder / "rows.jsonl", orient="records", lines=True)
            args = ("--input", f"rows={folder / 'rows.jsonl'}", "--out", str(folder / "out.jsonl"))
            real.command("run", str(folder / "flow.yaml"), *args)
            said = pd.read_json(folder / "out.jsonl", lines=True)
        self.assertEqual(list(said["label"]), list(MODEL.predict(FRAME)))
        np.testing.assert_allclose(said["p"], MODEL.predict_proba(FRAME)[:, 1], rtol=0, atol=1e-5)

    def test_a_pickle_is_opaque_and_up_to_the_organization(self):
        found = read_mlflow(self.sklearn)
        self.assertEqual(
            [(one.name, one.dtype) for one in found.contract.columns],
            [("pressure", "float64"), ("flow", "float64")],
        )
        self.assertEqual([(one.name, one.dtype) for one in found.contract.outputs], [("result", "int64")])
        self.assertEqual((found.contract.runtime, found.requirements.name), ("python", "requirements.txt"))
        with self.assertRaises(millrace.Refused) as caught:
            millrace.push_mlflow(self.sklearn, name="mlflow-pickle", runtime="resource:sklearn@1")
        self.assertEqual(caught.exception.code, "catalogue.pickle-not-allowed")
        code, said = self.fails("resource", "push", str(self.sklearn), "--name", "mlflow-pickle")
        self.assertEqual(code, 1)
        self.assertIn("catalogue.pickle-not-allowed", said)

    def test_a_hostile_or_strange_folder_is_refused_by_both(self):
        text = (self.onnx / "MLmodel").read_text()
        (Path(self.kept.name) / "outside.onnx").write_bytes(b"x")
        bomb = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi"))
        for name, content, word in (
            (
                "climbs",
                text.replace("data: model.onnx", "data: ../outside.onnx"),
                "names the file ../outside.onnx",
            ),
            ("link", text.replace("data: model.onnx", "data: link.onnx"), "names the file link.onnx"),
            ("code", f"!!python/object/apply:os.mkdir ['{self.kept.name}/ran']\n", ""),
            ("bomb", bomb + text, "alias"),
            ("broken", "flavors: [", ""),
            ("list", "- 1\n", ""),
            ("other", "flavors: { keras: { data: data } }\n", "onnx"),
            ("signature", text.replace('"type": "float"', '"type": "datetime"'), "datetime"),
        ):
            folder = Path(self.kept.name) / name
            folder.mkdir()
            (folder / "link.onnx").symlink_to("../outside.onnx")
            (folder / "model.onnx").write_bytes(b"x")
            (folder / "MLmodel").write_text(content)
            with self.subTest(name):
                with self.assertRaises(millrace.Unusable) as caught:
                    millrace.push_mlflow(folder, name="hostile")
                self.assertIn(word, str(caught.exception))
                code, said = self.fails("resource", "push", str(folder), "--name", "hostile")
                self.assertEqual(code, 1, said)
                self.assertIn("engine.file-unfit", said)
                self.assertIn(word, said.lower() if name == "bomb" else said)
        self.assertFalse((Path(self.kept.name) / "ran").exists())
        for call in (
            lambda: read_mlflow(self.skops),
            lambda: millrace.push_mlflow("nowhere", name="hostile"),
        ):
            with self.assertRaises(millrace.Unusable):
                call()
        with self.assertRaises(millrace.NotFound):
            real.director().ask("GET", "/v1/resources/hostile")

    def fails(self, *args):
        done = subprocess.run(
            [*real.COMMAND, *args],
            capture_output=True,
            text=True,
            env=real.environment(),
            timeout=60,
            check=False,
        )
        return done.returncode, done.stderr
