"""Models, scripts and data into a real director: what arrives, what is refused and in which words, and at what cost."""

import hashlib
import os
import pickle
import tempfile
import tracemalloc
import unittest
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest

import millrace
from millrace.director import segment

from . import real

MEGABYTE = 1024 * 1024
LARGE = 200 * MEGABYTE

RNG = np.random.default_rng(1)
FRAME = pd.DataFrame({"pressure": RNG.normal(4, 1, 300), "flow": RNG.normal(10, 2, 300)})
FOREST = IsolationForest(n_estimators=10, random_state=0).fit(FRAME)


class Cut(Exception):
    """The line, by whoever watches the progress."""


def get(path):
    return real.director().ask("GET", path).value


class Models(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        real.director()

    def test_an_estimator_comes_in_as_onnx_with_contract_lineage_and_alias(self):
        said = {
            "contract": millrace.infer(
                FRAME, outputs={"score": "decision_function"}, units={"pressure": "bar"}
            ),
            "metrics": {"auc": np.float64(0.91)},
            "trained_on": "pump rig, May",
        }
        pushed = millrace.push_model(FOREST, name="pump-score", alias="staging", note="first", **said)
        self.assertEqual((pushed.reference, pushed.kind), ("resource:pump-score@1", "model"))
        self.assertGreater(pushed.sent_bytes, 0)
        kept = get("/v1/resources/pump-score/versions/1")
        self.assertEqual((kept["state"], kept["aliases"], kept["note"]), ("ready", ["staging"], "first"))
        self.assertEqual(kept["inspection"]["format"], "onnx")
        contract = kept["contract"]
        self.assertEqual(
            [(one["name"], one.get("unit")) for one in contract["columns"]],
            [("pressure", "bar"), ("flow", None)],
        )
        self.assertEqual([one["name"] for one in contract["outputs"]], ["score"])
        self.assertEqual(
            (contract["runtime"], contract["metrics"], contract["trainedOn"]),
            ("onnx", {"auc": 0.91}, "pump rig, May"),
        )
        self.assertEqual(len(contract["golden"]), 5)
        self.assertEqual(pushed.contract.to_json(), contract)

        with self.subTest("the same again sends nothing and is the same version"):
            again = millrace.push_model(FOREST, name="pump-score", **said)
            self.assertEqual((again.version, again.digest, again.sent_bytes), (1, pushed.digest, 0))
        with self.subTest("an alias moves, knowing where it stood"):
            other = millrace.push_model(
                IsolationForest(n_estimators=3, random_state=1).fit(FRAME), name="pump-score", alias="staging"
            )
            self.assertEqual(get("/v1/resources/pump-score")["aliases"], {"staging": other.version})

    def test_a_known_digest_sends_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows.csv"
            FRAME.to_csv(path, index=False)
            first = millrace.push_data(path, name="known")
            again = millrace.push_data(path, name="known")
            elsewhere = millrace.push_data(FRAME, name="known-elsewhere")
        self.assertEqual((first.sent_bytes, again.sent_bytes, elsewhere.sent_bytes), (first.size, 0, 0))
        self.assertEqual((again.version, elsewhere.digest), (1, first.digest))

    def test_a_pickle_is_refused_in_the_directors_own_words(self):
        for model, more in ((FOREST, {"format": "pickle"}), ("model.dat", {})):
            with self.subTest(str(more)), tempfile.TemporaryDirectory() as folder:
                if isinstance(model, str):
                    path = Path(folder) / model
                    path.write_bytes(pickle.dumps(FOREST))
                    model = path
                with self.assertRaises(millrace.Refused) as caught:
                    millrace.push_model(model, name="opaque", contract=millrace.infer(FRAME), **more)
                self.assertEqual(caught.exception.code, "catalogue.pickle-not-allowed")
                self.assertIn("allow-pickle on", caught.exception.detail)

    def test_a_contract_that_does_not_fit_is_refused_by_place(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "m.onnx"
            from millrace import convert

            content, _ = convert.to_onnx(FOREST, millrace.Contract())
            path.write_bytes(content)
            columns = [millrace.Column(name, "float32") for name in "abc"]
            with self.assertRaises(millrace.Refused) as caught:
                millrace.push_model(path, name="unfit", contract=millrace.Contract(columns=columns))
        self.assertEqual(caught.exception.code, "catalogue.contract-mismatch")
        self.assertIn("takes 2 values a row, and the contract names 3 columns", str(caught.exception))

    def test_what_is_wrong_here_is_told_before_anything_is_sent(self):
        for call, word in (
            (lambda: millrace.push_model("nowhere.onnx", name="x"), "there is no such file"),
            (lambda: millrace.push_model(3, name="x"), "neither the path of a file nor a fitted estimator"),
            (lambda: millrace.push_model(FOREST, name="x", format="pmml"), "format is auto, onnx or pickle"),
            (lambda: millrace.push_model(FOREST, name="x", metrics={"auc": float("nan")}), "The metric auc"),
            (lambda: millrace.push_data(3, name="x"), "no file, no DataFrame"),
        ):
            with self.subTest(word), self.assertRaises(millrace.Unusable) as caught:
                call()
            self.assertIn(word, str(caught.exception))
        with self.assertRaises(millrace.NotFound):
            get("/v1/resources/x")

    def test_a_name_that_is_none(self):
        with self.assertRaises(millrace.MillraceError) as caught:
            millrace.push_data({"a": 1}, name="no name/at all")
        self.assertIn("name", str(caught.exception))

    def test_a_token_that_may_not(self):
        stranger = millrace.Director(real.known()["url"], "mr_not_a_token")
        with self.assertRaises(millrace.NotAllowed):
            millrace.push_data({"a": 1}, name="x", director=stranger)


class Scripts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        real.director()

    def test_a_folder_is_packed_and_always_the_same_bytes(self):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
            for folder in (Path(one), Path(other)):
                (folder / "lib").mkdir()
                (folder / "__pycache__").mkdir()
                (folder / "main.py").write_text("from lib.rule import judge\n")
                (folder / "lib/rule.py").write_text("def judge(row): return 1\n")
                (folder / "__pycache__/main.pyc").write_bytes(os.urandom(10))
            os.utime(Path(other) / "main.py", (1, 1))
            first = millrace.push_script(one, name="judge")
            second = millrace.push_script(other, name="judge")
            self.assertEqual((second.version, second.sent_bytes, first.kind), (first.version, 0, "script"))
            (Path(other) / "secret").symlink_to("/etc/hostname")
            with self.assertRaises(millrace.Unusable) as caught:
                millrace.push_script(other, name="judge")
            self.assertIn("secret is a link", str(caught.exception))
        inspection = get(f"/v1/resources/judge/versions/{first.version}")["inspection"]
        self.assertEqual((inspection["format"], inspection["entries"]), ("zip", 2))

    def test_one_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "predict.py"
            path.write_text("def predict(rows): return [0 for _ in rows]\n")
            self.assertEqual(millrace.push_script(path, name="one-file").kind, "script")


class Large(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        real.director()
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = Path(cls.folder.name) / "large.bin"
        with open(cls.path, "wb") as file:
            for _ in range(LARGE // MEGABYTE):
                file.write(os.urandom(MEGABYTE))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_memory_stays_flat_and_a_cut_push_goes_on_where_it_stopped(self):
        stages = []

        def cut(stage, done, size):
            stages.append(stage)
            if stage == "sending" and done > size // 2:
                raise Cut()

        tracemalloc.start()
        try:
            with self.assertRaises(Cut):
                millrace.push_data(self.path, name="large", progress=cut)
            reports = []
            pushed = millrace.push_data(
                self.path, name="large", progress=lambda *report: reports.append(report)
            )
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        # Four blocks of a megabyte, what urllib keeps of them, and the answers.
        self.assertLess(peak, 16 * MEGABYTE)
        self.assertLess(pushed.sent_bytes, LARGE * 3 // 4)
        self.assertGreater(pushed.sent_bytes, 0)
        sending = [done for stage, done, _ in reports if stage == "sending"]
        self.assertGreater(sending[0], LARGE // 4)
        self.assertEqual(sending[-1], LARGE)
        self.assertEqual(
            list(dict.fromkeys(stage for stage, _, _ in reports)), ["hashing", "sending", "verifying"]
        )
        self.assertEqual(pushed.digest, f"sha256:{hashlib.sha256(self.path.read_bytes()).hexdigest()}")
        self.assertEqual(get(f"/v1/resources/{segment('large')}/versions/1")["state"], "ready")


class Packed(unittest.TestCase):
    def test_an_archive_names_no_time_and_no_machine(self):
        from millrace.script import packed

        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "in").mkdir()
            (Path(folder) / "in/a.py").write_text("1\n")
            archive = packed(Path(folder) / "in", Path(folder) / "out.zip")
            with zipfile.ZipFile(archive) as read:
                self.assertEqual(
                    [(one.filename, one.date_time) for one in read.infolist()],
                    [("a.py", (1980, 1, 1, 0, 0, 0))],
                )
            with self.assertRaises(millrace.Unusable):
                (Path(folder) / "empty").mkdir()
                packed(Path(folder) / "empty", Path(folder) / "out.zip")
