//! The shop's visitors at work: each evaluates two flags over HTTP, and what happens to them is reported.

use futures_util::{StreamExt as _, TryStreamExt as _};
use reqwest::Method;
use sapwood_api::events::{BatchResponse, EventBatch, EventItem};
use sapwood_api::ofrep::EvaluationSuccess;
use sapwood_core::time::Timestamp;
use sapwood_sim::shop::{Shop, Visit};
use serde_json::{Value, json};
use uuid::Uuid;

use super::stage::{CHECKOUT_ERROR, ORDER, RISKY, SAFE};
use crate::client::Client;
use crate::failure::Failure;

/// Requests in flight at once.
const AT_ONCE: usize = 16;

/// The visitors and the application they use.
#[derive(Debug)]
pub(crate) struct Shoppers {
    application: Client,
    shop: Shop,
    batches: u128,
}

impl Shoppers {
    pub(crate) const fn new(application: Client, shop: Shop) -> Self {
        Self { application, shop, batches: 0 }
    }

    /// `visits` people come, are served, and what they did is reported; done when the server has it all.
    pub(crate) async fn step(&mut self, visits: u64, now: Timestamp, faulty: bool) -> Result<(), Failure> {
        let visits = self.shop.visits(visits);
        let application = &self.application;
        let reports: Vec<Vec<EventItem>> = futures_util::stream::iter(visits)
            .map(|visit| serve(application, visit, now, faulty))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        self.batches = self.batches.saturating_add(1);
        let mut items: Vec<_> = reports.into_iter().flatten().collect();
        for metric in [ORDER, CHECKOUT_ERROR] {
            items.push(EventItem::Alive { metric: metric.to_owned(), at: now.to_string() });
        }
        let batch = EventBatch { batch: Uuid::from_u128(self.batches), sent_at: None, items };
        let taken: BatchResponse = self.application.send_json(Method::POST, "/api/v1/events", &batch).await?;
        match taken.rejected.first() {
            None => Ok(()),
            Some(problem) => Err(Failure::Said(format!("a report was refused: {}", problem.detail))),
        }
    }
}

/// One visit: what the shop shows depends on the flags, what happens depends on what it shows.
async fn serve(
    application: &Client,
    visit: Visit,
    now: Timestamp,
    faulty: bool,
) -> Result<Vec<EventItem>, Failure> {
    evaluate(application, SAFE, &visit.visitor).await?;
    let new_checkout = evaluate(application, RISKY, &visit.visitor).await?;
    let mut reports = Vec::new();
    let mut report = |metric: &str| {
        reports.push(EventItem::Metric {
            metric: metric.to_owned(),
            unit: visit.visitor.clone(),
            at: now.to_string(),
            value: None,
        });
    };
    let fails = visit.fails(faulty && new_checkout);
    if fails {
        report(CHECKOUT_ERROR);
    } else if visit.orders() {
        report(ORDER);
    }
    Ok(reports)
}

async fn evaluate(application: &Client, flag: &str, visitor: &str) -> Result<bool, Failure> {
    let path = format!("/ofrep/v1/evaluate/flags/{flag}");
    let body = json!({ "context": { "targetingKey": visitor } });
    let answer: EvaluationSuccess = application.send_json(Method::POST, &path, &body).await?;
    Ok(answer.value == Value::Bool(true))
}
