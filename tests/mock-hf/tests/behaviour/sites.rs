use std::{fs, path::PathBuf};

use mock_hf::{Options, Site};
use serde_json::json;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::mock::{Mock, read_to_end};

/// A folder of this test alone, with one file of each kind that pages need, and one outside.
fn folder(test: &str) -> PathBuf {
    let around = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    let folder = around.join("site");
    fs::create_dir_all(folder.join("sub")).expect("a folder");
    for file in ["index.html", "a.js", "b.mjs", "c.wasm", "sub/index.html"] {
        fs::write(folder.join(file), file).expect("a file");
    }
    fs::write(around.join("secret.txt"), "secret").expect("a file");
    folder
}

async fn mock_with(prefix: &str, test: &str) -> Mock {
    let site = Site::parse(&format!("{prefix}={}", folder(test).display()));
    let sites = vec![site.expect("a site")];
    Mock::start_with(Options { port: 0, sites }).await
}

#[tokio::test]
async fn files_are_served_with_the_content_types_that_browsers_insist_on() {
    let mock = mock_with("/demo", "types").await;
    let cases = [
        ("/demo/", "text/html", "index.html"),
        ("/demo/a.js", "text/javascript", "a.js"),
        ("/demo/b.mjs", "text/javascript", "b.mjs"),
        ("/demo/c.wasm", "application/wasm", "c.wasm"),
        ("/demo/sub/", "text/html", "sub/index.html"),
    ];
    for (path, content_type, body) in cases {
        let answer = mock.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()["content-type"], content_type, "{path}");
        assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
        assert_eq!(answer.text().await.expect("text"), body);
    }
}

#[tokio::test]
async fn a_folder_without_its_slash_is_redirected_below_the_prefix() {
    let mock = mock_with("/demo", "redirect").await;
    for (path, location) in [("/demo", "/demo/"), ("/demo/sub", "/demo/sub/")] {
        let answer = mock.get(path).await;
        assert_eq!(answer.status(), 307, "{path}");
        assert_eq!(answer.headers()["location"], location);
    }
}

#[tokio::test]
async fn a_site_at_the_root_leaves_models_alone() {
    let mock = mock_with("/", "root").await;
    mock.put(&json!({"then": {"status": 418}})).await;
    assert_eq!(mock.get("/a.js").await.text().await.expect("text"), "a.js");
    assert_eq!(mock.get("/m/x").await.status(), 418);
    assert_eq!(mock.get("/nothing").await.status(), 404);
}

#[tokio::test]
async fn nothing_outside_of_the_folder_is_served() {
    let mock = mock_with("/demo", "outside").await;
    for path in ["/demo/../secret.txt", "/demo/%2e%2e/secret.txt", "/demo/..%2fsecret.txt"] {
        // By hand: a good client would tidy the path up before it sends it.
        let address = mock.running.origin.trim_start_matches("http://");
        let mut socket = TcpStream::connect(address).await.expect("a connection");
        let request = format!("GET {path} HTTP/1.1\r\nhost: mock\r\nconnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await.expect("sent");
        let (answer, _) = read_to_end(&mut socket).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
    }
}

#[test]
fn a_site_needs_a_folder_that_exists() {
    assert!(Site::parse("/demo").is_err());
    assert!(Site::parse("/demo=/no/such/folder").is_err());
}
