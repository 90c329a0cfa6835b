//! The client's bundles, for pages that load them from here.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::body::ResponseBody;
use super::compress::{Coding, compress};

/// What there is to be had, by the names under which the reference serves it. No other name reaches the disk.
const NAMES: [&str; 8] = [
    "socket.io.js",
    "socket.io.js.map",
    "socket.io.min.js",
    "socket.io.min.js.map",
    "socket.io.esm.min.js",
    "socket.io.esm.min.js.map",
    "socket.io.msgpack.min.js",
    "socket.io.msgpack.min.js.map",
];

/// A folder with bundles.
#[derive(Debug)]
pub(crate) struct Files {
    folder: PathBuf,
    /// What was read and compressed, until the file changes: at most one entry for each name and coding.
    cache: Mutex<HashMap<(&'static str, Option<Coding>), Cached>>,
}

#[derive(Clone, Debug)]
struct Cached {
    version: String,
    headers: HeaderMap,
    data: Bytes,
}

impl Files {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            cache: Mutex::default(),
        }
    }

    /// The bundle that is meant by what stands behind the path of the server.
    pub(crate) fn name(rest: &str) -> Option<&'static str> {
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        NAMES.into_iter().find(|name| *name == rest)
    }

    /// Answers a request for a bundle. `None` if the folder does not have it.
    pub(crate) async fn answer(
        &self,
        name: &'static str,
        request: &HeaderMap,
        coding: Option<(Coding, usize)>,
    ) -> Option<Response<ResponseBody>> {
        let path = self.folder.join(name);
        let version = {
            let path = path.clone();
            let reading = tokio::task::spawn_blocking(move || version(&path));
            reading.await.ok()?.ok()?
        };
        let key = (name, coding.map(|(coding, _)| coding));
        let tag = match key.1 {
            Some(coding) => format!("\"{version}-{coding:?}\""),
            None => format!("\"{version}\""),
        };
        if matches(request, &tag) {
            let mut answer = Response::new(ResponseBody::full(Bytes::new()));
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
            set_caching(answer.headers_mut(), &tag);
            return Some(answer);
        }
        let cached = self.lock().get(&key).cloned();
        let cached = match cached.filter(|cached| cached.version == version) {
            Some(cached) => cached,
            None => {
                let read = tokio::task::spawn_blocking(move || fs::read(path));
                let data = Bytes::from(read.await.ok()?.ok()?);
                let mut headers = HeaderMap::new();
                headers.insert(CONTENT_TYPE, content_type(name));
                let mut body = ResponseBody::full(data);
                if let Some((coding, threshold)) = coding {
                    compress(&mut headers, &mut body, coding, threshold).await;
                }
                let data = body.data().cloned().unwrap_or_default();
                let cached = Cached {
                    version,
                    headers,
                    data,
                };
                self.lock().insert(key, cached.clone());
                cached
            }
        };
        let mut answer = Response::new(ResponseBody::full(cached.data));
        *answer.headers_mut() = cached.headers;
        set_caching(answer.headers_mut(), &tag);
        Some(answer)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(&'static str, Option<Coding>), Cached>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Changes when the file does.
fn version(path: &std::path::Path) -> io::Result<String> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let modified = metadata.modified()?.duration_since(UNIX_EPOCH);
    let modified = modified.map_or(0, |since| since.as_nanos());
    Ok(format!("{:x}-{modified:x}", metadata.len()))
}

fn matches(request: &HeaderMap, tag: &str) -> bool {
    let values = request.get_all(IF_NONE_MATCH).into_iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|value| value == "*" || value.strip_prefix("W/").unwrap_or(value) == tag)
}

/// It may be kept, but is to be asked for each time: a new version is loaded at once.
fn set_caching(headers: &mut HeaderMap, tag: &str) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=0"));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(ETAG, tag);
    }
}

fn content_type(name: &str) -> HeaderValue {
    HeaderValue::from_static(if name.ends_with(".map") {
        "application/json; charset=utf-8"
    } else {
        "application/javascript; charset=utf-8"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_known_names_reach_the_disk() {
        assert_eq!(Files::name("socket.io.js"), Some("socket.io.js"));
        assert_eq!(Files::name("/socket.io.js.map"), Some("socket.io.js.map"));
        for other in [
            "",
            "socket.io.esm.js",
            "../secret",
            "/../socket.io.js",
            "//socket.io.js",
            "socket.io.js/",
            "socket.io.js%00",
            "SOCKET.IO.JS",
        ] {
            assert_eq!(Files::name(other), None, "{other}");
        }
    }

    #[test]
    fn tags_are_compared_as_lists() {
        let asks = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, value.parse().unwrap());
            matches(&headers, "\"a\"")
        };
        assert!(asks("\"a\"") && asks("W/\"a\"") && asks("*") && asks("\"b\", \"a\""));
        assert!(!asks("\"b\"") && !asks("a"));
        assert!(!matches(&HeaderMap::new(), "\"a\""));
    }
}
