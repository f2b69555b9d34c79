//! What every request passes first. Evaluations, which are nearly all requests, go straight to their handlers; the
//! layers of the router, which box and clone for each request, are for the rest.

use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler as _;
use axum::http::{HeaderValue, Method, header};
use axum::response::Response;
use futures_util::FutureExt as _;
use tower::{Service, ServiceExt as _};

use crate::app::App;
use crate::metrics::Route;
use crate::{cors, ofrep, router};

/// Counts every answer, and knows the short way to evaluation.
#[derive(Debug, Clone)]
pub(crate) struct Front(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    app: App,
    rest: Router,
}

impl Front {
    pub(crate) fn new(app: App, rest: Router) -> Self {
        Self(Arc::new(Inner { app, rest }))
    }

    /// The answer to a request, counted.
    pub(crate) async fn answer(&self, request: Request) -> Response {
        let Self(inner) = self;
        let route = Route::of(request.uri().path());
        let response = inner.answer(route, request).await;
        inner.app.metrics.answered(route, response.status());
        response
    }
}

impl Service<Request> for Front {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let front = self.clone();
        Box::pin(async move { Ok(front.answer(request).await) })
    }
}

impl Inner {
    async fn answer(&self, route: Route, request: Request) -> Response {
        let asks = request.method() == Method::POST;
        let app = || self.app.clone();
        match route {
            Route::Single if asks => {
                let origin = request.headers().get(header::ORIGIN).cloned();
                self.finish(origin, ofrep::evaluate.call(request, app())).await
            }
            Route::Bulk if asks => {
                let origin = request.headers().get(header::ORIGIN).cloned();
                self.finish(origin, ofrep::bulk::evaluate_all.call(request, app())).await
            }
            Route::Single
            | Route::Bulk
            | Route::Stream
            | Route::Events
            | Route::Manage
            | Route::Health
            | Route::Console => {
                let Ok(response) = self.rest.clone().oneshot(request).await;
                response
            }
        }
    }

    /// What the router's layers do: a defect fails one request, and every answer carries the same headers.
    async fn finish(
        &self,
        origin: Option<HeaderValue>,
        answering: impl Future<Output = Response>,
    ) -> Response {
        let answered = AssertUnwindSafe(answering).catch_unwind().await;
        let mut response = answered.unwrap_or_else(ofrep::defect);
        cors::mark(&self.app.options.allow_origins, origin, response.headers_mut());
        router::carry(response.headers_mut());
        response
    }
}
