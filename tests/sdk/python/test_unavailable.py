"""The official OpenFeature client for Python behind a gateway that now and then answers 500 or 503, as during a start, at a
limit, or with a defect: it serves what the code says, names the error, and recovers by itself."""

import json
import os
import subprocess
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

import sapwood

FLAG = "python-available"
OWN_WORDS = json.dumps({
    "errorCode": "GENERAL",
    "errorDetails": "the server met a defect of its own with this request; please report it",
})
JSON = {"Content-Type": "application/json"}
FAILURES = {
    "500 in the words of the protocol": (500, JSON, OWN_WORDS),
    "503 with a time to wait": (503, {**JSON, "Retry-After": "1"}, OWN_WORDS),
    "503 of a gateway that knows no JSON": (503, {"Content-Type": "text/html"}, "<h1>Service Unavailable</h1>"),
    "500 without a body": (500, {}, ""),
}


class Gateway(ThreadingHTTPServer):
    """Answers `failure` while there is one, and otherwise what the server says."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.failure, self.failed = None, 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.failure:
            self.server.failed += 1
            return self.answer(*self.server.failure)
        headers = {"Authorization": self.headers["Authorization"], **JSON}
        said = requests.post(sapwood.BASE_URL + self.path, data=body, headers=headers, timeout=sapwood.TIMEOUT_SECONDS)
        return self.answer(said.status_code, JSON, said.text)

    def answer(self, status, headers, text):
        content = text.encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Says nothing about each request."""


class Unavailable(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        sapwood.define_flag(FLAG, {"type": "boolean", "variants": {"on": True, "off": False}}, default={"variant": "on"})
        cls.gateway = Gateway()
        headers = {"Authorization": f"Bearer {sapwood.SERVER_TOKEN}"}
        api.set_provider(OFREPProvider(cls.gateway.url, headers_factory=lambda: headers), "unavailable")
        cls.client = api.get_client("unavailable")

    @classmethod
    def tearDownClass(cls):
        api.shutdown()
        cls.gateway.shutdown()
        cls.gateway.server_close()

    def ask(self):
        return self.client.get_boolean_details(FLAG, False, EvaluationContext("u"))

    def test_falls_back_and_recovers(self):
        for name, failure in FAILURES.items():
            with self.subTest(name):
                self.gateway.failure, self.gateway.failed = failure, 0
                during = self.ask()
                self.assertEqual((during.value, during.reason), (False, Reason.ERROR), during.error_message)
                self.assertIn(during.error_code, [ErrorCode.GENERAL, ErrorCode.PARSE_ERROR])
                self.assertEqual(self.gateway.failed, 1, "the failure was met, and asked for once")
                self.gateway.failure = None
                afterwards = self.ask()
                self.assertEqual((afterwards.value, afterwards.variant, afterwards.error_code), (True, "on", None))


class Started:
    """A server of our own that is stopped and started again on its port and data."""

    def __init__(self, folder):
        self.folder = folder
        self.process, ready = self.start("127.0.0.1:0")
        self.ready = json.loads(ready)
        self.url = self.ready["url"]

    def start(self, listen):
        command = [os.environ["SAPWOOD_TEST_BINARY"], "serve", "--json", "--listen", listen, "--data", self.folder]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return process, process.stdout.readline() if listen.endswith(":0") else None

    def again(self):
        """Starts it and does not wait."""
        self.process, _ = self.start(self.url.removeprefix("http://"))

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def serve(self, key):
        headers = {"Authorization": f"Bearer {self.ready['admin_token']}"}
        project = f"{self.url}/api/v1/projects/default"
        flag = {"flag": {"type": "boolean", "variants": {"on": True, "off": False}}}
        targeting = {"targeting": {"on": True, "off_variant": "off", "rules": [], "default": {"variant": "on"}}}
        for path, body in [(f"flags/{key}", flag), (f"environments/production/flags/{key}", targeting)]:
            said = requests.put(f"{project}/{path}", json=body, headers=headers, timeout=sapwood.TIMEOUT_SECONDS)
            said.raise_for_status()


class StartedAgain(unittest.TestCase):
    def test_is_answered_right_from_the_first_moment_of_its_start(self):
        with tempfile.TemporaryDirectory() as folder:
            server = Started(folder)
            server.serve("banner")
            headers = {"Authorization": f"Bearer {server.ready['server_token']}"}
            api.set_provider(OFREPProvider(server.url, headers_factory=lambda: headers), "started")
            client = api.get_client("started")

            def ask():
                return client.get_boolean_details("banner", False, EvaluationContext("u"))

            self.assertEqual(ask().variant, "on")
            server.stop()
            gone = ask()
            self.assertEqual((gone.value, gone.reason, gone.error_code), (False, Reason.ERROR, ErrorCode.GENERAL))
            server.again()
            # The address is taken before the data is opened, so whoever connects waits, and is never told of a flag
            # that is not there.
            while (details := ask()).error_code is not None:
                self.assertEqual(details.error_code, ErrorCode.GENERAL, details.error_message)
            self.assertEqual((details.value, details.variant), (True, "on"))
            server.stop()


if __name__ == "__main__":
    unittest.main()
