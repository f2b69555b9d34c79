"""The official OpenFeature client for Python against a running Sapwood, through the life of one rollout."""

import unittest
import uuid
from datetime import datetime, timezone

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

import sapwood

USERS = [f"user-{number}" for number in range(400)]


def client_with(domain, headers):
    api.set_provider(OFREPProvider(sapwood.BASE_URL, headers_factory=lambda: headers), domain)
    return api.get_client(domain)


def bearer(domain):
    return client_with(domain, {"Authorization": f"Bearer {sapwood.SERVER_TOKEN}"})


def subject(key):
    return EvaluationContext(targeting_key=key)


class BeforeARollout(unittest.TestCase):
    FLAG = "python-quiet"

    @classmethod
    def setUpClass(cls):
        sapwood.create_flag(cls.FLAG)
        cls.client = bearer("quiet")

    @classmethod
    def tearDownClass(cls):
        api.shutdown()

    def test_the_default_variant_is_served(self):
        details = self.client.get_boolean_details(self.FLAG, True, subject("user-1"))
        self.assertIs(details.value, False)
        self.assertEqual(details.variant, "off")
        self.assertIn(details.reason, [Reason.STATIC, Reason.DEFAULT])
        self.assertIsNone(details.error_code)

    def test_the_token_works_as_an_api_key_too(self):
        client = client_with("api-key", {"X-API-Key": sapwood.SERVER_TOKEN})
        details = client.get_boolean_details(self.FLAG, True, subject("user-1"))
        self.assertEqual(details.variant, "off")

    def test_the_metadata_names_the_flag_set_and_the_version(self):
        details = self.client.get_boolean_details(self.FLAG, True, subject("user-1"))
        self.assertNotIn(details.flag_metadata.get("flagSetId"), [None, ""])
        self.assertNotIn(details.flag_metadata.get("version"), [None, ""])

    def test_an_unknown_flag_gives_the_code_default(self):
        details = self.client.get_boolean_details("no-such-flag", True, subject("user-1"))
        self.assertEqual(details.error_code, ErrorCode.FLAG_NOT_FOUND)
        self.assertIs(details.value, True)
        self.assertEqual(details.reason, Reason.ERROR)

    def test_a_wrong_type_gives_the_code_default(self):
        details = self.client.get_string_details(self.FLAG, "plain", subject("user-1"))
        self.assertEqual(details.error_code, ErrorCode.TYPE_MISMATCH)
        self.assertEqual(details.value, "plain")

    def test_a_bad_token_gives_the_code_default(self):
        stranger = client_with("stranger", {"Authorization": "Bearer not-a-token"})
        details = stranger.get_boolean_details(self.FLAG, True, subject("user-1"))
        self.assertIsNotNone(details.error_code)
        self.assertIs(details.value, True)
        self.assertEqual(details.reason, Reason.ERROR)


class DuringARollout(unittest.TestCase):
    FLAG = "python-checkout"
    METRIC = "python_checkout_error"

    @classmethod
    def setUpClass(cls):
        sapwood.create_flag(cls.FLAG)
        sapwood.create_metric(cls.METRIC)
        cls.client = bearer("checkout")

    @classmethod
    def tearDownClass(cls):
        api.shutdown()

    def variants(self, users):
        """The variant each user gets, asked one after another."""
        found = {}
        for user in users:
            details = self.client.get_boolean_details(self.FLAG, False, subject(user))
            self.assertIsNone(details.error_code, details.error_message)
            self.assertIs(details.value, details.variant == "on")
            found[user] = details.variant
        return found

    def test_half_of_everybody_and_back(self):
        rollout = sapwood.start_half_rollout(self.FLAG, self.METRIC)

        with self.subTest("users are split in about equal halves"):
            first = self.variants(USERS)
            treated = sum(variant == "on" for variant in first.values())
            # Six standard deviations on either side of 200.
            self.assertTrue(140 < treated < 260, f"{treated} of {len(USERS)} treated")

        with self.subTest("each one stays where they are"):
            some = USERS[:50]
            self.assertEqual(self.variants(some), {user: first[user] for user in some})

        with self.subTest("the reason is a split"):
            details = self.client.get_boolean_details(self.FLAG, False, subject("user-1"))
            self.assertEqual(details.reason, Reason.SPLIT)

        with self.subTest("a report of events is taken, and taken again"):
            batch = str(uuid.uuid4())
            at = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            items = [{"type": "metric", "metric": self.METRIC, "unit": "user-1", "at": at}]
            self.assertEqual(sapwood.report_events(batch, items).status_code, 202)
            self.assertEqual(sapwood.report_events(batch, items).status_code, 202)

        with self.subTest("a roll-back takes everybody back"):
            sapwood.roll_back(rollout, "the client tests are done")
            self.assertEqual(set(self.variants(USERS).values()), {"off"})
            self.assertEqual(sapwood.read_rollout(rollout)["id"], rollout)


if __name__ == "__main__":
    unittest.main()
