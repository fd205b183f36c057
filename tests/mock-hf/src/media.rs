//! Bytes that are not text: a picture that is made here, and what arrived, summed up.

use std::sync::LazyLock;

use axum::http::StatusCode;
use bytes::Bytes;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::reply::Reply;

const SIDE: u32 = 32;

static PICTURE: LazyLock<Bytes> = LazyLock::new(|| {
    let pixels: Vec<u8> =
        (0..SIDE * SIDE).flat_map(|at| [(at % SIDE * 8) as u8, (at / SIDE * 8) as u8, 160]).collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, SIDE, SIDE);
    encoder.set_color(png::ColorType::Rgb);
    encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(&pixels))
        .expect("a vector takes everything");
    file.into()
});

pub(crate) fn picture() -> Reply {
    Reply::new(StatusCode::OK, "image/png", PICTURE.clone())
}

pub(crate) fn is_binary(content_type: &str) -> bool {
    ["image/", "audio/", "video/", "application/octet-stream"]
        .iter()
        .any(|kind| content_type.starts_with(kind))
}

/// Tells what was received, so that a test can see that it came through untouched.
pub(crate) fn receipt(content_type: &str, body: &[u8]) -> Reply {
    let digest: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    let receipt = json!({
        "bytes": body.len(),
        "sha256": digest,
        "contentType": content_type,
    });
    Reply::json(StatusCode::OK, &receipt)
}
