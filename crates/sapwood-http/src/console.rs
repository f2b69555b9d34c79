//! The console: pages behind addresses, sessions and forms. Forms say the same commands as the API.

mod answer;
mod assets;
mod guard;
mod home;
mod rollout;
pub(crate) mod session;
mod sign_in;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};

pub(crate) use answer::not_found;

use crate::app::App;
use crate::limits::FORM_BYTES_MAX;

/// The console's addresses.
pub(crate) fn routes(app: &App) -> Router<App> {
    Router::new()
        .route("/", get(home::home))
        .route("/sign-in", get(sign_in::page).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/rollouts/{id}", get(rollout::page))
        .route("/rollouts/{id}/{step}", get(rollout::ask).post(rollout::step))
        .route_layer(middleware::from_fn_with_state(app.clone(), guard::own_pages_only))
        .route("/assets/{file}", get(assets::serve))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
}
