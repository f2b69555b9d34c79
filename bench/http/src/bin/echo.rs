//! The floor: a bare axum server that parses a JSON body and answers it, with neither tokens nor flags nor counters.

use axum::Router;
use axum::extract::Json;
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;

async fn echo(Json(body): Json<Value>) -> Json<Value> {
    Json(body)
}

/// Serves on a free port of loopback and prints its address. The runtime is the one `sapwood serve` has.
fn main() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("http://{}", listener.local_addr()?);
        axum::serve(listener, Router::new().route("/echo", post(echo))).await
    })
}
