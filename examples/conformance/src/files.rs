//! Files of one folder, for pages that a browser loads from the server it then talks to.

use std::path::Path;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use http_body_util::Full;

/// The file that `path` names; `None` if there is none, or if the path leads anywhere else.
pub(crate) fn read(folder: &Path, path: &str) -> Option<Response<Full<Bytes>>> {
    let path = match path.strip_prefix('/')? {
        "" => "index.html",
        path => path,
    };
    // Plain names only: nothing that goes up, hides, or starts anew on another system.
    let plain = |name: &str| {
        !name.is_empty() && !name.starts_with('.') && !name.contains(['\\', '%', ':', '\0'])
    };
    if !path.split('/').all(plain) {
        return None;
    }
    let content = std::fs::read(folder.join(path)).ok()?;
    let mut answer = Response::new(Full::from(content));
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    Some(answer)
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("wasm") => "application/wasm",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_below_the_folder_is_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        assert!(read(&folder, "/main.rs").is_some());
        for path in [
            "main.rs",
            "/../Cargo.toml",
            "/./main.rs",
            "//etc/hostname",
            "/..%2fCargo.toml",
            "/missing.rs",
            "/",
        ] {
            assert!(read(&folder, path).is_none(), "{path}");
        }
    }
}
