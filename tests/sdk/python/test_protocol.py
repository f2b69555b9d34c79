"""The official OpenFeature client for Python: every type, every error, targeting, and a server that says "too often"."""

import unittest

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

import sapwood

BOOLEAN = {"type": "boolean", "variants": {"on": True, "off": False}}
HALF = {"slots": [{"serve": "on", "width": 50_000}, {"serve": "off", "width": 50_000}]}
FLAGS = {
    "python-boolean": (BOOLEAN, "on", True),
    "python-string": ({"type": "string", "variants": {"on": "é ü 漢", "off": ""}}, "on", "é ü 漢"),
    "python-empty": ({"type": "string", "variants": {"on": "text", "off": ""}}, "off", ""),
    "python-integer": ({"type": "integer", "variants": {"on": 9007199254740991, "off": 0}}, "on", 9007199254740991),
    "python-whole": ({"type": "number", "variants": {"on": 1, "off": 0.25}}, "on", 1.0),
    "python-number": ({"type": "number", "variants": {"on": 1, "off": 0.25}}, "off", 0.25),
    "python-object": ({"type": "object", "variants": {"on": {"a": [1, {"b": None}]}, "off": {}}}, "on", {"a": [1, {"b": None}]}),
}


def client_with(domain, token, url=sapwood.BASE_URL):
    headers = {"Authorization": f"Bearer {token}"}
    api.set_provider(OFREPProvider(url, headers_factory=lambda: headers), domain)
    return api.get_client(domain)


class TheProtocol(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for key, (flag, variant, _) in FLAGS.items():
            sapwood.define_flag(key, flag, default={"variant": variant})
        pro = {"id": "pro", "when": {"attribute": {"name": "plan", "test": {"equals": "pro"}}}, "serve": {"variant": "on"}}
        sapwood.define_flag("python-targeted", BOOLEAN, rules=[pro], default={"variant": "off"})
        sapwood.define_flag("python-split", BOOLEAN, default=HALF)
        sapwood.define_flag("python-by-account", {**BOOLEAN, "unit": "account"}, default=HALF)
        sapwood.define_flag("python-off", BOOLEAN, on=False, default={"variant": "on"})
        cls.client = client_with("protocol", sapwood.SERVER_TOKEN)

    @classmethod
    def tearDownClass(cls):
        api.shutdown()

    def ask(self, key, context=None, client=None):
        attributes = dict(context or {})
        context = EvaluationContext(attributes.pop("targetingKey", None), attributes)
        return (client or self.client).get_boolean_details(key, True, context)

    def test_every_type_is_served(self):
        ask = {
            bool: lambda key: self.client.get_boolean_details(key, False),
            str: lambda key: self.client.get_string_details(key, "fallback"),
            int: lambda key: self.client.get_integer_details(key, -1),
            float: lambda key: self.client.get_float_details(key, -1.0),
            dict: lambda key: self.client.get_object_details(key, {}),
        }
        for key, (_, variant, value) in FLAGS.items():
            with self.subTest(key):
                details = ask[type(value)](key)
                self.assertIsNone(details.error_code, details.error_message)
                self.assertEqual(details.value, value)
                self.assertIs(type(details.value), type(value))
                self.assertEqual((details.variant, details.reason), (variant, Reason.STATIC))

    def test_a_number_is_no_integer_and_an_integer_no_number(self):
        for details in [
            self.client.get_integer_details("python-whole", 7),
            self.client.get_float_details("python-integer", 7.0),
        ]:
            self.assertEqual((details.value, details.error_code), (7, ErrorCode.TYPE_MISMATCH))

    def test_the_reason_of_each_answer_is_given(self):
        for key, context, reason in [
            ("python-targeted", {"plan": "pro"}, Reason.TARGETING_MATCH),
            ("python-targeted", {"plan": "free"}, Reason.DEFAULT),
            ("python-split", {"targetingKey": "u"}, Reason.SPLIT),
            ("python-off", {}, Reason.DISABLED),
        ]:
            details = self.ask(key, context)
            self.assertEqual((details.reason, details.error_code), (reason, None))

    def test_each_error_is_named(self):
        deep = 1
        for _ in range(100):
            deep = {"inner": deep}
        for key, context, code in [
            ("absent", {}, ErrorCode.FLAG_NOT_FOUND),
            ("a/b", {}, ErrorCode.FLAG_NOT_FOUND),
            ("a b c:ü", {}, ErrorCode.FLAG_NOT_FOUND),
            ("python-string", {}, ErrorCode.TYPE_MISMATCH),
            ("python-split", {}, ErrorCode.TARGETING_KEY_MISSING),
            ("python-by-account", {"targetingKey": "u"}, ErrorCode.INVALID_CONTEXT),
            ("python-boolean", {"deep": deep}, ErrorCode.PARSE_ERROR),
            ("python-boolean", {f"a{n}": n for n in range(300)}, ErrorCode.INVALID_CONTEXT),
            ("python-boolean", {"big": "x" * (300 << 10)}, ErrorCode.GENERAL),
        ]:
            with self.subTest(key, code=code):
                details = self.ask(key, context)
                self.assertEqual((details.error_code, details.reason), (code, Reason.ERROR), details.error_message)
                self.assertIs(details.value, True)

    def test_tokens_that_may_not_fall_back(self):
        for token, code in [
            ("nonsense", ErrorCode.GENERAL),
            (sapwood.create_token("ingest"), ErrorCode.GENERAL),
            (sapwood.CLIENT_TOKEN, ErrorCode.FLAG_NOT_FOUND),
        ]:
            details = self.ask("python-boolean", client=client_with(f"stranger {token[:9]}", token))
            self.assertEqual(details.error_code, code, details.error_message)
            self.assertIs(details.value, True)

    def test_who_asked_too_often_pauses_and_recovers(self):
        hasty = client_with("strict", sapwood.STRICT_TOKEN, sapwood.STRICT_URL)

        def until(wanted):
            while not wanted(self.ask("absent", client=hasty)):
                pass

        def is_answered(details):
            return details.error_code == ErrorCode.FLAG_NOT_FOUND

        def is_paused(details):
            return "paused" in (details.error_message or "").lower()

        until(is_answered)
        until(is_paused)
        until(is_answered)
