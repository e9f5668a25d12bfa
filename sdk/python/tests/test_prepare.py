"""`prepare` gives what `millrace prepare` writes, from every form of data."""

import json
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd

import millrace

from . import real

EXAMPLE = real.ROOT / "examples/turbofan-life"
FLOW = """apiVersion: millrace/v1
kind: Flow
metadata: { name: prepared }
parameters: { most: { type: number, default: 100 } }
modules:
  sensors: { type: source.mqtt, settings: { broker: 'mqtt://127.0.0.1:1', topics: [x] } }
  clean: { type: clean.range, from: [sensors], settings: { field: a, max: '${most}', action: 'null' } }
  score:
    type: model.onnx
    from: [clean]
    settings: { model: 'resource:later@1', inputs: [{ tensor: X, columns: [b, a] }], outputs: [{ tensor: y, as: y }] }
"""
ROWS = [
    {"t": 1.5, "a": 0.1 + 0.2, "b": 1e21, "label": "x"},
    {"t": 2, "a": 500, "b": 1, "label": "y"},
    {"t": 3, "a": 1 / 3, "b": None, "label": "z"},
    {"t": 4, "a": 5e-324, "b": 2, "label": "w"},
]


class Prepared(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.flow = self.folder / "flow.yaml"
        self.flow.write_text(FLOW)

    def test_rows_of_every_form_keep_all_digits(self):
        path = self.folder / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
        for frame in (ROWS, pd.DataFrame(ROWS), path, {"sensors": pd.DataFrame(ROWS)}):
            with self.subTest(type(frame).__name__):
                rows = millrace.prepare(self.flow, frame, until="score", keep=["label"])
                self.assertEqual(list(rows.columns), ["t", "b", "a", "label"])
                self.assertEqual(
                    rows.to_dict("records"),
                    [
                        {"t": 1.5, "b": 1e21, "a": 0.1 + 0.2, "label": "x"},
                        {"t": 4, "b": 2, "a": 5e-324, "label": "w"},
                    ],
                )
        more = millrace.prepare(self.flow, ROWS, until="score", parameters={"most": 1000})
        self.assertEqual(list(more["t"]), [1.5, 2, 4])

    def test_what_leaves_a_module_and_a_column_of_times(self):
        frame = pd.DataFrame(ROWS).assign(t=pd.to_datetime([1, 2, 3, 4], unit="s", utc=True))
        rows = millrace.prepare(self.flow, frame, until="clean")
        self.assertEqual(list(rows["t"]), [1000, 2000, 3000, 4000])
        self.assertTrue(np.isnan(rows["a"][1]))

    def test_the_engines_are_those_of_the_command(self):
        flow = EXAMPLE / "flow.yaml"
        train = EXAMPLE / "data/test_FD001.txt.gz"
        rows = millrace.prepare(flow, {"flights": train}, until="life")
        real.command(
            "prepare",
            str(flow),
            "--until",
            "life",
            "--input",
            f"flights={train}",
            "--out",
            str(self.folder / "r.csv"),
        )
        written = pd.read_csv(self.folder / "r.csv")
        pd.testing.assert_frame_equal(rows, written, check_dtype=False, check_exact=True)
        self.assertGreater(len(rows), 100)

    def test_what_is_wrong_is_told_in_the_commands_words(self):
        for call, code, word in (
            (lambda: millrace.prepare(self.flow, ROWS, until="scroe"), None, 'Did you mean "score"?'),
            (
                lambda: millrace.prepare(self.folder / "no.yaml", {"a": ROWS}, until="x"),
                "flows.unreadable",
                "no such file",
            ),
            (lambda: millrace.prepare(self.flow, [{"a": 1}], until="score"), None, "Row 0 has no `t`"),
            (
                lambda: millrace.prepare(self.flow, {"clean": ROWS}, until="score"),
                None,
                "Its sources are sensors",
            ),
            (
                lambda: millrace.prepare(self.flow, ROWS, until="score", command=["nowhere"]),
                None,
                "nowhere is not there",
            ),
        ):
            with self.subTest(word), self.assertRaises(millrace.Unusable) as caught:
                call()
            self.assertIn(word, str(caught.exception))
            self.assertIn(caught.exception.code, (code, "platform.invalid-request"))

    def test_without_the_command_the_director_gives_the_same(self):
        here = millrace.prepare(self.flow, ROWS, until="score", keep=["label"])
        real.director()
        real.command("flow", "push", str(self.flow))
        asks = {"MILLRACE_URL": real.known()["url"], "MILLRACE_TOKEN": real.known()["token"]}
        with self.nowhere(), mock.patch.dict(os.environ, asks):
            for flow in (self.flow, "prepared"):
                with self.subTest(flow=flow):
                    rows = millrace.prepare(
                        flow, ROWS, until="score", keep=["label"], director=millrace.connect()
                    )
                    pd.testing.assert_frame_equal(rows, here, check_exact=True)
            # A file where no director was named, and a flow that it does not know.
            self.assertEqual(len(millrace.prepare(self.flow, ROWS, until="score")), 2)
            other = self.folder / "other.yaml"
            other.write_text(FLOW.replace("name: prepared", "name: other"))
            with self.assertRaises(millrace.MillraceError) as caught:
                millrace.prepare(other, ROWS, until="score")
            self.assertEqual(caught.exception.code, "flows.not-found")
            with self.assertRaises(millrace.MillraceError) as caught:
                millrace.prepare("prepared", ROWS, until="scroe")
            self.assertEqual(caught.exception.code, "flows.until")
            self.assertEqual(millrace.connect().ask("GET", "/v1/test-files").value["items"], [])

    def test_without_command_and_director_it_says_how_to_get_one(self):
        no_director = {"MILLRACE_URL": "", "MILLRACE_TOKEN": "", "HOME": str(self.folder)}
        with self.nowhere(), mock.patch.dict(os.environ, no_director):
            with mock.patch("millrace.director._current", None), self.assertRaises(millrace.Unusable) as caught:
                millrace.prepare(self.flow, ROWS, until="score")
        self.assertIn("MILLRACE_COMMAND", str(caught.exception))
        self.assertIn("millrace login", str(caught.exception))

    def nowhere(self):
        """Where there is no command."""
        here = os.getcwd()
        self.addCleanup(os.chdir, here)
        os.chdir(self.folder)
        return mock.patch.dict(os.environ, {"PATH": str(self.folder), "MILLRACE_COMMAND": ""})
