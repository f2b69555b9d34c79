"""The official OpenFeature client for Python behind a gateway that now and then answers 500 or 503, as during a start, at a
limit, or with a defect: it serves what the code says, names the error, and recovers by itself."""

import json
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


if __name__ == "__main__":
    unittest.main()
