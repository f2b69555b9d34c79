"""The management side of a running Sapwood, as the tests need it: what an operator would do with curl."""

import os

import requests

TIMEOUT_SECONDS = 10


def _need(name):
    value = os.environ.get(name)
    if not value:
        raise RuntimeError(f"{name} is not set; run these tests with `cargo xtask sdk`")
    return value


BASE_URL = _need("SAPWOOD_TEST_URL")
SERVER_TOKEN = _need("SAPWOOD_TEST_SERVER_TOKEN")
CLIENT_TOKEN = _need("SAPWOOD_TEST_CLIENT_TOKEN")
# A server that allows two evaluations a second, and nothing but its address and a token for it.
STRICT_URL = _need("SAPWOOD_TEST_STRICT_URL")
STRICT_TOKEN = _need("SAPWOOD_TEST_STRICT_TOKEN")
_ADMIN_TOKEN = _need("SAPWOOD_TEST_ADMIN_TOKEN")
_PROJECT = f"/api/v1/projects/{_need('SAPWOOD_TEST_PROJECT')}"
_ENVIRONMENT = f"{_PROJECT}/environments/{_need('SAPWOOD_TEST_ENVIRONMENT')}"


def send(method, path, token, body=None):
    """Sends JSON and returns the response, whatever its status."""
    headers = {"Authorization": f"Bearer {token}"}
    return requests.request(method, BASE_URL + path, headers=headers, json=body, timeout=TIMEOUT_SECONDS)


def _expect_ok(method, path, body=None):
    response = send(method, path, _ADMIN_TOKEN, body)
    if not response.ok:
        raise RuntimeError(f"{method} {path}: {response.status_code} {response.text}")
    return response.json() if response.content else None


def create_flag(key):
    """A release flag that serves `off` to everybody."""
    _expect_ok(
        "PUT",
        f"{_PROJECT}/flags/{key}",
        {
            "flag": {"type": "boolean", "variants": {"on": True, "off": False}, "client_visible": False},
            "about": {"description": "Made by the client tests", "kind": "release"},
        },
    )
    _expect_ok(
        "PUT",
        f"{_ENVIRONMENT}/flags/{key}",
        {"targeting": {"on": True, "off_variant": "off", "rules": [], "default": {"variant": "off"}}},
    )


def define_flag(key, flag, **targeting):
    """A flag of any type, and what it serves."""
    _expect_ok("PUT", f"{_PROJECT}/flags/{key}", {"flag": flag})
    targeting = {"on": True, "off_variant": "off", "rules": [], **targeting}
    _expect_ok("PUT", f"{_ENVIRONMENT}/flags/{key}", {"targeting": targeting})


def create_token(kind):
    """A token of another kind."""
    body = {"kind": kind, "name": f"tests {kind}", "environment": os.environ["SAPWOOD_TEST_ENVIRONMENT"]}
    return _expect_ok("POST", f"{_PROJECT}/tokens", body)["token"]


def create_metric(key):
    _expect_ok(
        "PUT",
        f"{_PROJECT}/metrics/{key}",
        {"metric": {"kind": "event_rate"}, "description": "Made by the client tests"},
    )


def start_half_rollout(flag, metric):
    """Starts a rollout whose only stage is half of everybody; its id."""
    rollout = _expect_ok(
        "POST",
        f"{_ENVIRONMENT}/rollouts",
        {
            "flag": flag,
            "baseline": "off",
            "candidate": "on",
            "ladder": {"stages": [{"share": 50000, "bake_seconds": 600}]},
            "guardrails": [{"key": "errors", "metric": metric, "harm": "up", "weight": 800}],
            "exposure_source": "server_eval",
        },
    )
    return rollout["id"]


def roll_back(rollout, reason):
    return _expect_ok("POST", f"{_ENVIRONMENT}/rollouts/{rollout}/roll-back", {"reason": reason})


def read_rollout(rollout):
    return _expect_ok("GET", f"{_ENVIRONMENT}/rollouts/{rollout}")


def report_events(batch, items):
    """Reports events as an application's server does."""
    return send("POST", "/api/v1/events", SERVER_TOKEN, {"batch": batch, "items": items})
