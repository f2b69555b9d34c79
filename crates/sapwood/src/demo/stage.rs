//! Sets the stage through the API, as any team would: two metrics, two flags, two rollouts.

use reqwest::Method;
use sapwood_api::manage::{Changed, RolloutResponse};
use serde_json::{Value, json};

use crate::client::Client;
use crate::failure::Failure;

/// The harmless slice.
pub(crate) const SAFE: &str = "faster-search";
/// The slice that may go wrong.
pub(crate) const RISKY: &str = "new-checkout";
/// Reported when a visit ends with an order.
pub(crate) const ORDER: &str = "order";
/// Reported when a checkout fails.
pub(crate) const CHECKOUT_ERROR: &str = "checkout_error";

/// Ids of the two rollouts.
#[derive(Debug, Clone)]
pub(crate) struct Cast {
    pub(crate) safe: String,
    pub(crate) risky: String,
}

/// Where the API has a rollout.
pub(crate) fn rollout_path(id: &str) -> String {
    format!("/api/v1/projects/default/environments/production/rollouts/{id}")
}

/// Defines everything and starts both rollouts.
pub(crate) async fn set(admin: &Client) -> Result<Cast, Failure> {
    for (key, description) in [
        (ORDER, "A visitor placed an order"),
        (CHECKOUT_ERROR, "A visitor ran into an error on the way to an order"),
    ] {
        let body = json!({ "metric": { "kind": "event_rate" }, "description": description });
        put(admin, &format!("/api/v1/projects/default/metrics/{key}"), &body).await?;
    }
    for (key, description) in [(SAFE, "Search answers in half the time"), (RISKY, "Checkout on one page")] {
        let flag = json!({
            "flag": { "type": "boolean", "variants": { "on": true, "off": false } },
            "about": { "description": description, "owner": "shop-team", "kind": "release" },
        });
        put(admin, &format!("/api/v1/projects/default/flags/{key}"), &flag).await?;
        let targeting = json!({
            "targeting": { "on": true, "off_variant": "off", "rules": [], "default": { "variant": "off" } },
        });
        put(admin, &format!("/api/v1/projects/default/environments/production/flags/{key}"), &targeting)
            .await?;
    }
    Ok(Cast { safe: start(admin, SAFE).await?, risky: start(admin, RISKY).await? })
}

async fn put(admin: &Client, path: &str, body: &Value) -> Result<(), Failure> {
    admin.send_json::<Changed>(Method::PUT, path, body).await.map(|_| ())
}

async fn start(admin: &Client, flag: &str) -> Result<String, Failure> {
    let stages = [1_000, 5_000, 25_000, 50_000, 100_000]
        .map(|share| json!({ "share": share, "bake_seconds": 360, "subjects_min": 20 }));
    let body = json!({
        "flag": flag,
        "baseline": "off",
        "candidate": "on",
        "ladder": { "stages": stages },
        "guardrails": [
            { "key": "checkout-errors", "metric": CHECKOUT_ERROR, "harm": "up" },
            { "key": "orders", "metric": ORDER, "harm": "down" },
        ],
        "owner": "shop-team",
    });
    let path = "/api/v1/projects/default/environments/production/rollouts";
    let started: RolloutResponse = admin.send_json(Method::POST, path, &body).await?;
    Ok(started.id)
}
