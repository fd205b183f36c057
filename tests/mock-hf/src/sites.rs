//! Static files beside the mock: the demo page and the pages of browser tests.

use std::path::PathBuf;

use axum::{
    body::Body,
    http::{
        HeaderValue, Request, Response, StatusCode, Uri,
        header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION},
    },
    response::{IntoResponse, Redirect},
};
use tower::ServiceExt;
use tower_http::services::ServeDir;

/// A folder that is served below a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Begins with a slash and does not end with one; empty for the root.
    prefix: String,
    folder: PathBuf,
}

impl Site {
    /// Reads `PREFIX=DIR`, as the command line has it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (prefix, folder) =
            text.split_once('=').ok_or_else(|| format!("--site {text} is not PREFIX=DIR"))?;
        let prefix = prefix.trim_matches('/');
        let folder = PathBuf::from(folder);
        if !folder.is_dir() {
            return Err(format!("--site {text}: no such folder"));
        }
        Ok(Self { prefix: if prefix.is_empty() { String::new() } else { format!("/{prefix}") }, folder })
    }

    pub(crate) fn is_root(&self) -> bool {
        self.prefix.is_empty()
    }

    /// The path below the prefix, if there is one.
    fn below<'a>(&self, path: &'a str) -> Option<&'a str> {
        let rest = path.strip_prefix(&self.prefix)?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    }

    pub(crate) fn serves(&self, path: &str) -> bool {
        self.below(path).is_some()
    }

    pub(crate) async fn answer(&self, mut request: Request<Body>) -> Response<Body> {
        let path = request.uri().path();
        let rest = match self.below(path) {
            Some("") => return Redirect::temporary(&format!("{path}/")).into_response(),
            Some(rest) => rest,
            None => return StatusCode::NOT_FOUND.into_response(),
        };
        let is_module = rest.ends_with(".mjs");
        let Ok(uri) = rest.parse::<Uri>() else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        *request.uri_mut() = uri;
        let served = ServeDir::new(&self.folder).oneshot(request).await;
        let mut response = served.map_or_else(|never| match never {}, |found| found.map(Body::new));
        self.restore_prefix(&mut response);
        if is_module && response.status().is_success() {
            // The older name of the type is the one that the library knows.
            let javascript = HeaderValue::from_static("text/javascript");
            response.headers_mut().insert(CONTENT_TYPE, javascript);
        }
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    /// A folder without its last slash is redirected, by a service that knows of no prefix.
    fn restore_prefix(&self, response: &mut Response<Body>) {
        let location = response
            .headers()
            .get(LOCATION)
            .and_then(|location| location.to_str().ok())
            .filter(|location| location.starts_with('/'))
            .and_then(|location| format!("{}{location}", self.prefix).parse().ok());
        if let Some(location) = location {
            response.headers_mut().insert(LOCATION, location);
        }
    }
}
