"""What `infer` says of a sample, and the known answers that a model gives."""

import json
import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import IsolationForest, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import millrace
from millrace import answers, convert
from millrace.catalogue import _written

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "pressure": RNG.normal(4, 1, 200),
        "rpm": RNG.integers(900, 1100, 200),
        "open": RNG.integers(0, 2, 200).astype(bool),
    }
)
NUMBERS = FRAME[["pressure", "rpm"]]
LABEL = np.where(FRAME["pressure"] > 4, "high", "low")


def columns_of(contract):
    return [(one.name, one.dtype) for one in contract.columns]


class Inferred(unittest.TestCase):
    def test_a_frame(self):
        contract = millrace.infer(FRAME, units={"pressure": "bar"}, period_ms=1000)
        self.assertEqual(columns_of(contract), [("pressure", "float64"), ("rpm", "int64"), ("open", "bool")])
        pressure, rpm, valve = contract.columns
        self.assertEqual(
            (pressure.unit, pressure.min, pressure.max),
            ("bar", FRAME["pressure"].min(), FRAME["pressure"].max()),
        )
        self.assertEqual((rpm.min, rpm.max), (int(FRAME["rpm"].min()), int(FRAME["rpm"].max())))
        self.assertEqual((valve.min, valve.max), (None, None))
        said = contract.to_json()
        self.assertEqual(said["periodMs"], 1000)
        json.dumps(said, allow_nan=False)
        self.assertEqual(millrace.Contract.from_json(said).to_json(), said)

    def test_the_same_from_every_form(self):
        records = [{"a": 1.5, "b": "x"}, {"a": 2, "b": None}]
        expected = [("a", "float64"), ("b", "string")]
        forms = (records, {"a": [1.5, 2], "b": ["x", None]}, pd.DataFrame(records))
        for form in forms:
            self.assertEqual(columns_of(millrace.infer(form)), expected)
        array = np.array([[1, 2], [3, 4]], dtype=np.float32)
        self.assertEqual(
            columns_of(millrace.infer(array, columns=["a", "b"])), [("a", "float32"), ("b", "float32")]
        )
        self.assertEqual(millrace.infer(np.zeros((4, 30, 2)), columns=["a", "b"]).window, 30)

    def test_missing_values_are_no_range_and_no_answer(self):
        frame = pd.DataFrame({"a": [np.nan, 1.0, np.inf, -2.0]})
        contract = millrace.infer(frame)
        self.assertEqual((contract.columns[0].min, contract.columns[0].max), (-2.0, 1.0))
        self.assertEqual(contract.sample.whole_rows(5), [1, 2, 3])

    def test_what_it_refuses(self):
        for sample, more, word in (
            (FRAME.assign(when=pd.Timestamp("2026-01-01")), {}, "Column when is datetime64"),
            (np.zeros((2, 3)), {}, "say columns=[...], 3 of them"),
            (np.zeros(3), {"columns": ["a"]}, "1 axes"),
            (FRAME.iloc[:0], {}, "empty"),
            ({"a": [1], "b": [1, 2]}, {}, "not equally long"),
            ({"a": [1, "x"]}, {}, "Column a holds int, str"),
            ("text", {}, "A sample is a DataFrame"),
            (FRAME, {"units": {"presure": "bar"}}, "There is no column presure"),
            (pd.concat([NUMBERS, NUMBERS], axis=1), {}, "twice"),
        ):
            with self.subTest(word), self.assertRaises(millrace.Unusable) as caught:
                millrace.infer(sample, **more)
            self.assertIn(word, str(caught.exception))


class Converted(unittest.TestCase):
    """By skl2onnx: what comes out has names, no ZipMap, and says what the estimator says."""

    def convert(self, estimator, frame, **more):
        content, contract = convert.to_onnx(estimator, millrace.infer(frame, **more))
        session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
        self.assertEqual([one.name for one in session.get_outputs()], [one.name for one in contract.outputs])
        return session, contract

    def test_a_classifier_gives_tensors(self):
        forest = RandomForestClassifier(n_estimators=5, random_state=0).fit(NUMBERS, LABEL)
        session, contract = self.convert(forest, NUMBERS)
        self.assertEqual(
            [(one.name, one.dtype, one.shape) for one in contract.outputs],
            [("label", "string", None), ("probabilities", "float32", [2])],
        )
        self.assertEqual(columns_of(contract), [("pressure", "float32"), ("rpm", "float32")])
        self.assertEqual(len(contract.golden), 5)
        for golden in contract.golden:
            row = pd.DataFrame([golden.input])[["pressure", "rpm"]]
            self.assertEqual(golden.output["label"], forest.predict(row)[0])
            label, probabilities = session.run(None, {"X": row.to_numpy(np.float32)})
            self.assertEqual(label[0], golden.output["label"])
            np.testing.assert_allclose(
                probabilities[0], golden.output["probabilities"], atol=golden.tolerance
            )

    def test_an_outlier_detector_by_method(self):
        forest = IsolationForest(n_estimators=20, random_state=0).fit(NUMBERS)
        _, both = self.convert(forest, NUMBERS)
        self.assertEqual(
            [(one.name, one.dtype) for one in both.outputs], [("label", "int64"), ("scores", "float32")]
        )
        session, contract = self.convert(forest, NUMBERS, outputs={"score": "decision_function"}, rows=3)
        self.assertEqual([one.name for one in contract.outputs], ["score"])
        for golden in contract.golden:
            row = pd.DataFrame([golden.input])[["pressure", "rpm"]]
            self.assertAlmostEqual(golden.output["score"], forest.decision_function(row)[0], delta=1e-12)
            (said,) = session.run(None, {"X": row.to_numpy(np.float32)})
            self.assertLessEqual(abs(float(said.reshape(-1)[0]) - golden.output["score"]), golden.tolerance)

    def test_a_regressor_under_a_name(self):
        _, contract = self.convert(
            RandomForestRegressor(5, random_state=0).fit(NUMBERS, FRAME["rpm"]), NUMBERS, outputs="rul"
        )
        self.assertEqual([(one.name, one.shape) for one in contract.outputs], [("rul", None)])
        self.assertIsInstance(contract.golden[0].output["rul"], float)

    def test_answers_are_those_of_the_numbers_as_float32_keeps_them(self):
        linear = LinearRegression().fit(NUMBERS, NUMBERS["pressure"] * 3)
        _, contract = self.convert(linear, NUMBERS)
        for golden in contract.golden:
            pressure = golden.input["pressure"]
            self.assertEqual(pressure, float(np.float32(pressure)))
            expected = linear.predict(pd.DataFrame([golden.input])[["pressure", "rpm"]])[0]
            self.assertEqual(golden.output["variable"], expected)

    def test_a_clusterer(self):
        _, contract = self.convert(KMeans(3, n_init=1, random_state=0).fit(NUMBERS), NUMBERS)
        self.assertEqual([one.name for one in contract.outputs], ["label", "scores"])

    def test_a_pipeline_with_text_has_an_input_a_column(self):
        frame = pd.DataFrame({"size": RNG.normal(size=50), "maker": RNG.choice(["a", "b"], 50)})
        pick = ColumnTransformer([("n", StandardScaler(), ["size"]), ("t", OneHotEncoder(), ["maker"])])
        pipe = make_pipeline(pick, LinearRegression()).fit(frame, frame["size"] * 2)
        session, contract = self.convert(pipe, frame)
        self.assertEqual([one.name for one in session.get_inputs()], ["size", "maker"])
        self.assertEqual(columns_of(contract), [("size", "float32"), ("maker", "string")])
        self.assertTrue(contract.golden)

    def test_a_model_that_float32_cannot_hold_is_refused(self):
        # Slope times a billion, minus as much: nothing of the answer is left in seven digits.
        frame = pd.DataFrame({"a": 1e9 + np.arange(40.0)})
        with self.assertRaises(millrace.Unusable) as caught:
            self.convert(LinearRegression().fit(frame, np.arange(40.0) ** 2), frame)
        self.assertIn("says something else on", str(caught.exception))

    def test_other_columns_than_it_was_fitted_on(self):
        forest = IsolationForest(n_estimators=2).fit(NUMBERS)
        for frame, word in ((NUMBERS[["rpm", "pressure"]], "was fitted on"), (FRAME, "was fitted on")):
            with self.subTest(word), self.assertRaises(millrace.Unusable) as caught:
                convert.to_onnx(forest, millrace.infer(frame))
            self.assertIn(word, str(caught.exception))

    def test_what_skl2onnx_does_not_know_is_a_pickle_or_refused(self):
        class Odd:
            n_features_in_ = 2

            def predict(self, rows):
                return np.zeros(len(rows))

        with self.assertRaises(convert.NotConvertible):
            convert.to_onnx(Odd(), millrace.infer(NUMBERS))

    def test_a_file_answers_for_itself(self):
        forest = IsolationForest(n_estimators=5, random_state=0).fit(NUMBERS)
        content, ours = convert.to_onnx(forest, millrace.infer(NUMBERS))
        contract = convert.answered(content, millrace.infer(NUMBERS, outputs=["scores"]))
        self.assertEqual(columns_of(contract), columns_of(ours))
        for mine, golden in zip(ours.golden, contract.golden):
            self.assertEqual(mine.input, golden.input)
            self.assertAlmostEqual(mine.output["scores"], golden.output["scores"], delta=1e-6)
        with self.assertRaises(millrace.Unusable):
            convert.answered(content, millrace.infer(NUMBERS, outputs=["score"]))


class Pickled(unittest.TestCase):
    def test_answers_are_the_estimators_own(self):
        forest = IsolationForest(n_estimators=5, random_state=0).fit(NUMBERS)
        with tempfile.TemporaryDirectory() as folder:
            contract = millrace.infer(NUMBERS, outputs={"score": "decision_function", "label": "predict"})
            path, known = _written(forest, contract, "pickle", Path(folder) / "m")
            self.assertEqual((path.suffix, known.runtime), (".pkl", "python"))
        self.assertEqual(
            [(one.name, one.dtype) for one in known.outputs], [("score", "float64"), ("label", "int64")]
        )
        first = known.golden[0]
        row = NUMBERS.iloc[[0]]
        self.assertEqual(first.input, {"pressure": row.iloc[0, 0], "rpm": int(row.iloc[0, 1])})
        self.assertEqual(
            first.output, {"score": forest.decision_function(row)[0], "label": int(forest.predict(row)[0])}
        )
        self.assertEqual(first.tolerance, answers.FLOAT64)

    def test_outputs_that_do_not_fit(self):
        linear = LinearRegression().fit(NUMBERS, FRAME["rpm"])
        for outputs, word in (
            (["a", "b"], "outputs= names 2"),
            ({"a": "predict_proba"}, "has no method predict_proba"),
        ):
            contract = millrace.infer(NUMBERS, outputs=outputs)
            with self.subTest(word), self.assertRaises(millrace.Unusable) as caught:
                answers.of_estimator(linear, contract, [0], answers.methods_of(outputs, {}))
            self.assertIn(word, str(caught.exception))
