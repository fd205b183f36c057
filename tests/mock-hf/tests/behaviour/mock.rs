//! A mock server of its own for every test, and the requests that tests make of it.

use std::time::Duration;

use mock_hf::{Options, Running};
use reqwest::{Client, Method, RequestBuilder, Response, redirect::Policy};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep},
};

/// The mock is told of a client that leaves by its socket: a few milliseconds. The rest is for
/// a busy machine, and still far below what any polling or keep-alive would need.
pub(crate) const PROMPTLY: Duration = Duration::from_millis(250);

pub(crate) struct Mock {
    pub(crate) running: Running,
    pub(crate) client: Client,
}

impl Mock {
    pub(crate) async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    pub(crate) async fn start_with(options: Options) -> Self {
        Self {
            running: mock_hf::serve(options).await.expect("a free port"),
            client: Client::builder().redirect(Policy::none()).build().expect("a client"),
        }
    }

    /// A server with one model, whose key is `m`.
    pub(crate) async fn of(scenario: Value) -> Self {
        let mock = Self::start().await;
        mock.put(&scenario).await;
        mock
    }

    pub(crate) async fn put(&self, scenario: &Value) {
        let answer = self.request(Method::PUT, "/_mock/m").json(scenario);
        let answer = answer.send().await.expect("an answer");
        let status = answer.status();
        assert_eq!(status, 200, "{}", answer.text().await.unwrap_or_default());
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.running.origin);
        self.client.request(method, url)
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        let request = self.request(Method::GET, path);
        request.send().await.expect("an answer")
    }

    /// A JSON call to the model `m`.
    pub(crate) fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.request(Method::POST, &format!("/m{path}")).json(body)
    }

    pub(crate) async fn ask(&self, path: &str, body: &Value) -> Response {
        self.post(path, body).send().await.expect("an answer")
    }

    pub(crate) async fn counters(&self) -> Value {
        self.get("/_mock/m").await.json().await.expect("counters")
    }

    /// Waits for a counter to have that value; returns how long that took.
    pub(crate) async fn until(&self, counter: &str, value: u64) -> Duration {
        let start = Instant::now();
        loop {
            let counters = self.counters().await;
            if counters[counter] == value {
                return start.elapsed();
            }
            assert!(start.elapsed() < Duration::from_secs(5), "{counter} never was {value}: {counters}");
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// A request on a socket that the test owns, already written.
    pub(crate) async fn socket(&self, path: &str) -> TcpStream {
        self.socket_with(path, &json!({})).await
    }

    pub(crate) async fn socket_with(&self, path: &str, body: &Value) -> TcpStream {
        let address = self.running.origin.trim_start_matches("http://");
        let mut socket = TcpStream::connect(address).await.expect("a connection");
        let body = body.to_string();
        let length = body.len();
        let request =
            format!("POST /m{path} HTTP/1.1\r\nhost: mock\r\ncontent-length: {length}\r\n\r\n{body}");
        socket.write_all(request.as_bytes()).await.expect("sent");
        socket
    }
}

/// Everything until the server ends the connection, and how it did.
pub(crate) async fn read_to_end(socket: &mut TcpStream) -> (String, std::io::Result<()>) {
    let mut bytes = Vec::new();
    let end = socket.read_to_end(&mut bytes).await.map(drop);
    (String::from_utf8_lossy(&bytes).into_owned(), end)
}

pub(crate) fn chat(text: &str) -> Value {
    json!({"model": "org/name", "messages": [{"role": "user", "content": text}]})
}
