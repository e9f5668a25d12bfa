"""A scaler fitted in Python, pushed, and read by `scale.*`: the numbers of `transform`, by column names."""

import json
import tempfile
import unittest
import urllib.request
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, PowerTransformer, RobustScaler, StandardScaler

import millrace
from millrace.scaler import kind_of, parameters_of

from . import real

# Real flights of NASA's simulated engines, as the example has them.
DATA = real.ROOT / "examples/turbofan-life/data/train_FD001.txt.gz"
NAMES = ["unit", "cycle", "os1", "os2", "os3", *(f"s{i}" for i in range(1, 22))]
# s1 never changes, which a scaler must bear.
COLUMNS = ["s2", "s11", "s1", "s4", "s21"]
FLIGHTS = pd.read_csv(DATA, sep=r"\s+", names=NAMES, nrows=3000)[COLUMNS]
TRAINED, REST = FLIGHTS[:1000], FLIGHTS[1000:]

HEAD = """apiVersion: millrace/v1
kind: Flow
metadata: { name: scaled }
modules:
  rows: { type: source.http, settings: { path: /rows } }
"""
BRANCH = """
  {id}: {{ type: {kind}, from: [rows], settings: {{ columns: [{columns}], resource: 'resource:{name}@production' }} }}
  {id}_out: {{ type: sink.director, from: [{id}], settings: {{ channel: result }} }}
"""

SCALERS = {
    "standard": StandardScaler(),
    "notCentred": StandardScaler(with_mean=False),
    "notScaled": StandardScaler(with_std=False),
    "largest": MaxAbsScaler(),
    "minmax": MinMaxScaler(),
    "minmaxWide": MinMaxScaler(feature_range=(-1, 3)),
    "minmaxClipped": MinMaxScaler(feature_range=(-1, 1), clip=True),
    "robust": RobustScaler(),
    "robustWide": RobustScaler(quantile_range=(5, 95), unit_variance=True),
    "robustNotCentred": RobustScaler(with_centering=False),
}


class Scaled(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        real.director()

    def test_a_flow_computes_what_transform_does(self):
        kinds = {}
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "resources").mkdir()
            for id, scaler in SCALERS.items():
                pushed = millrace.push_scaler(scaler.fit(TRAINED), name=f"scaler-{id}", alias="production")
                self.assertEqual(pushed.kind, "data")
                fetch(pushed, folder / "resources")
                kinds[id] = kind_of(scaler)
            ours = run(folder, kinds)
        for id, scaler in SCALERS.items():
            with self.subTest(id):
                expected = pd.DataFrame(scaler.transform(REST), columns=COLUMNS)
                self.assertEqual(len(ours[id]), len(expected))
                apart = (ours[id][COLUMNS] - expected).abs().to_numpy() / np.maximum(
                    1, expected.abs().to_numpy()
                )
                self.assertLess(apart.max(), 1e-12)

    def test_names_of_an_array_are_asked_for_and_held_to_the_fit(self):
        scaler = StandardScaler().fit(TRAINED.to_numpy())
        self.assertEqual(list(parameters_of(scaler, COLUMNS)), COLUMNS)
        named = StandardScaler().fit(TRAINED)
        for call, word in (
            (lambda: parameters_of(scaler), "say columns=[...], 5 of them"),
            (lambda: parameters_of(scaler, COLUMNS[:3]), "has 5 columns, and columns= names 3"),
            (lambda: parameters_of(named, list(reversed(COLUMNS))), "was fitted on"),
            (lambda: parameters_of(StandardScaler()), "is not fitted"),
            (lambda: parameters_of(PowerTransformer().fit(TRAINED)), "has no module of its own"),
            (lambda: parameters_of(StandardScaler().fit(TRAINED.assign(s2=np.nan))), "no finite number"),
        ):
            with self.subTest(word), self.assertRaises(millrace.Unusable) as caught:
                call()
            self.assertIn(word, str(caught.exception))


def fetch(pushed, folder):
    """The version's bytes as the catalogue gives them, where `millrace run` looks."""
    known = real.known()
    request = urllib.request.Request(
        f"{known['url']}/v1/resources/{pushed.name}/versions/{pushed.version}/content",
        headers={"authorization": f"Bearer {known['token']}"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        (folder / f"{pushed.name}@{pushed.version}.json").write_bytes(response.read())


def run(folder, kinds):
    """`millrace run` on the rest of the flights: a frame a scaler, its columns in another order than it was fitted in."""
    turned = list(reversed(COLUMNS))
    branches = (
        BRANCH.format(id=id, kind=kind, name=f"scaler-{id}", columns=", ".join(turned))
        for id, kind in kinds.items()
    )
    (folder / "flow.yaml").write_text(HEAD + "".join(branches))
    with open(folder / "rows.jsonl", "w", encoding="utf-8") as rows:
        for t, row in enumerate(REST[turned].to_dict("records")):
            rows.write(json.dumps({"t": t, **row}) + "\n")
    out = folder / "out.jsonl"
    real.command(
        "run", str(folder / "flow.yaml"), "--input", f"rows={folder / 'rows.jsonl'}", "--out", str(out)
    )
    with open(out, encoding="utf-8") as lines:
        records = pd.DataFrame([json.loads(line) for line in lines])
    return {id: records[records["sink"] == f"{id}_out"].reset_index(drop=True) for id in kinds}
