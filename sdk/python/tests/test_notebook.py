"""The notebook of the examples, cell by cell with plain Python: it runs, and it is kept without outputs."""

import json
import os
import subprocess
import sys
import unittest

from . import real

NOTEBOOK = real.ROOT / "examples/notebooks/turbofan.ipynb"
WITHIN_S = 300


class Notebook(unittest.TestCase):
    def test_its_cells_run_in_order(self):
        cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        self.assertEqual(
            [(cell["outputs"], cell["execution_count"]) for cell in code], [([], None)] * len(code)
        )
        known = real.known()
        script = "\n\n".join("".join(cell["source"]) for cell in code)
        done = subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            cwd=NOTEBOOK.parent,
            env={**os.environ, "MILLRACE_URL": known["url"], "MILLRACE_TOKEN": known["token"]},
            timeout=WITHIN_S,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        version = real.director().ask("GET", "/v1/resources/turbofan-rul/versions/1").value
        contract = version["contract"]
        self.assertEqual(
            (version["state"], version["aliases"], len(contract["golden"])), ("ready", ["staging"], 5)
        )
        self.assertEqual((len(contract["columns"]), contract["periodMs"]), (42, 3_600_000))
        self.assertEqual([one["name"] for one in contract["outputs"]], ["variable"])
        # A forest that learned nothing is off by 42 flights.
        self.assertLess(contract["metrics"]["rmse"], 25)
        self.assertEqual(real.director().ask("GET", "/v1/resources/turbofan-scaler").value["kind"], "data")
