//! Style sheet, module and icons: embedded, under names that carry a hash of their content, so that browsers may keep
//! them for ever.

use std::fmt::Write as _;

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::page::Icons;
use crate::problem::Refusal;

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

/// `GET /assets/{name}.{hash}.{extension}`.
pub(crate) async fn serve(Path(file): Path<String>) -> Response {
    let Some((name, asset)) = plain(&file).and_then(|name| Some((name.clone(), Assets::get(&name)?))) else {
        return Refusal::nothing("such asset; reload the page").into_response();
    };
    if address(&name) != format!("/assets/{file}") {
        return Refusal::nothing("such version of this asset; reload the page").into_response();
    }
    let kept = "public, max-age=31536000, immutable";
    ([(header::CONTENT_TYPE, content_type(&name)), (header::CACHE_CONTROL, kept)], asset.data).into_response()
}

/// Where an asset is found.
pub(crate) fn address(name: &str) -> String {
    let hash = Assets::get(name).map(|asset| asset.metadata.sha256_hash()).unwrap_or_default();
    let short = hash.iter().take(6).fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _infallible = write!(text, "{byte:02x}");
        text
    });
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("/assets/{stem}.{short}.{extension}"),
        None => format!("/assets/{name}"),
    }
}

/// Where the icons are found.
pub(crate) fn icons() -> Icons {
    Icons {
        calm: address("icon-calm.svg"),
        growing: address("icon-growing.svg"),
        held: address("icon-held.svg"),
        harmed: address("icon-harmed.svg"),
        done: address("icon-done.svg"),
    }
}

/// `console.css` from `console.a1b2c3d4e5f6.css`.
fn plain(file: &str) -> Option<String> {
    let (rest, extension) = file.rsplit_once('.')?;
    let (stem, _hash) = rest.rsplit_once('.')?;
    Some(format!("{stem}.{extension}"))
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some(_) | None => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_back_to_its_asset() {
        for name in Assets::iter() {
            let address = address(&name);
            assert_eq!(
                plain(address.strip_prefix("/assets/").unwrap()).as_deref(),
                Some(&*name),
                "{address}"
            );
            assert_ne!(content_type(&name), "application/octet-stream", "{name}");
        }
    }
}
