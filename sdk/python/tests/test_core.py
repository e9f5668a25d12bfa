"""What holds without a director: the standard library is enough, and problems are told as they came."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest import mock

import millrace
from millrace.problem import problem_of

PACKAGE = Path(millrace.__file__).parent


class Core(unittest.TestCase):
    def test_needs_nothing_but_the_standard_library(self):
        code = (
            f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r}); import millrace\n"
            "c = millrace.infer([{'a': 1.5, 'b': 'x'}, {'a': 2.5, 'b': 'y'}])\n"
            "print(sorted({'numpy', 'pandas', 'sklearn', 'yaml', 'mlflow', 'IPython'} & set(sys.modules)), c.columns[0].max)"
        )
        said = subprocess.run(
            [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False
        )
        self.assertEqual((said.stdout.strip(), said.stderr), ("[] 2.5", ""))

    def test_a_problem_keeps_code_sentence_and_places(self):
        body = {
            "code": "catalogue.contract-mismatch",
            "detail": "The contract does not fit.",
            "title": "x",
            "errors": [{"pointer": "/contract/columns", "detail": "The model takes 3 values."}],
            "requestId": "r1",
            "retryAfter": 2,
        }
        error = problem_of(422, json.dumps(body).encode(), None, "http://x")
        self.assertIsInstance(error, millrace.Refused)
        self.assertEqual(
            (error.code, error.status, error.request_id, error.retry_after), (body["code"], 422, "r1", 2.0)
        )
        self.assertIn("/contract/columns: The model takes 3 values.", str(error))

    def test_kinds_of_answers(self):
        for status, kind in (
            (401, millrace.NotAllowed),
            (403, millrace.NotAllowed),
            (404, millrace.NotFound),
            (409, millrace.Refused),
            (429, millrace.Unavailable),
            (503, millrace.Unavailable),
            (500, millrace.MillraceError),
        ):
            with self.subTest(status):
                error = problem_of(status, b"<html>", "7", "http://x")
                self.assertIs(type(error), kind)
                self.assertIn(str(status), error.detail)
                self.assertEqual(error.retry_after, 7.0)


class Asked(BaseHTTPRequestHandler):
    """A server that answers as it is told and remembers what it was asked."""

    answers: list = []
    seen: list = []

    def do_GET(self):
        type(self).seen.append((self.path, self.headers.get("authorization")))
        status, headers = type(self).answers.pop(0)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        body = b"{}" if status == 200 else b""
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Connected(unittest.TestCase):
    def setUp(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.home = tempfile.TemporaryDirectory()
        Asked.answers, Asked.seen = [], []
        kept = mock.patch("millrace.director._current", None)
        kept.start()
        self.addCleanup(kept.stop)
        self.addCleanup(self.home.cleanup)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def environment(self, **values):
        values = {"XDG_CONFIG_HOME": self.home.name, "MILLRACE_URL": "", "MILLRACE_TOKEN": "", **values}
        patched = mock.patch.dict(os.environ, values)
        patched.start()
        self.addCleanup(patched.stop)

    def keep(self, url, token):
        folder = Path(self.home.name) / "millrace"
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps({"url": url, "token": token}))

    def test_by_argument_environment_and_login(self):
        self.keep(self.url, "kept")
        self.environment()
        Asked.answers = [(200, {})] * 3
        millrace.connect()
        millrace.connect(self.url + "/", "given")
        self.environment(MILLRACE_URL=self.url, MILLRACE_TOKEN="named")
        millrace.connect()
        self.assertEqual([token for _, token in Asked.seen], ["Bearer kept", "Bearer given", "Bearer named"])
        self.assertEqual({path for path, _ in Asked.seen}, {"/v1/me"})

    def test_a_token_goes_to_its_own_address_only(self):
        self.keep("http://127.0.0.1:1", "kept")
        self.environment(MILLRACE_URL="http://127.0.0.1:2", MILLRACE_TOKEN="named")
        with self.assertRaises(millrace.NotAllowed) as caught:
            millrace.connect(self.url)
        self.assertIn(f"no token for {self.url}", str(caught.exception))
        self.assertEqual(Asked.seen, [])

    def test_a_redirect_is_not_followed(self):
        self.environment()
        Asked.answers = [(302, {"location": f"{self.url}/elsewhere"}), (200, {})]
        with self.assertRaises(millrace.MillraceError):
            millrace.connect(self.url, "secret")
        self.assertEqual([path for path, _ in Asked.seen], ["/v1/me"])

    def test_an_outage_is_tried_again_and_a_refusal_is_not(self):
        self.environment()
        Asked.answers = [(503, {"retry-after": "0"}), (200, {})]
        millrace.connect(self.url, "secret")
        self.assertEqual(len(Asked.seen), 2)
        Asked.answers = [(403, {}), (200, {})]
        with self.assertRaises(millrace.NotAllowed):
            millrace.connect(self.url, "secret")
        self.assertEqual(len(Asked.seen), 3)

    def test_nobody_is_known(self):
        self.environment()
        with self.assertRaises(millrace.NotAllowed) as caught:
            millrace.connect()
        self.assertIn("millrace login", str(caught.exception))
        with self.assertRaises(millrace.Unusable):
            millrace.connect("millrace.example.org", "token")
