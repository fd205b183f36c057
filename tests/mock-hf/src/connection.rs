//! What happens below HTTP: the accept loop, and streams that break where a scenario says so.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
    time::{sleep, timeout},
};
use tower::ServiceExt;

use crate::counters::{Counters, Exchange};

/// Which of the two listeners a connection came in by.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    This,
    Other,
}

/// How a connection is ended by a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    /// TCP RST.
    Reset,
    /// FIN, with whatever was promised left undelivered.
    Close,
}

/// What the stream of a connection shares with the handlers of its requests.
#[derive(Debug)]
pub(crate) struct ConnectionControl {
    pub(crate) side: Side,
    pending: Mutex<Pending>,
    due: Notify,
}

#[derive(Debug, Default)]
struct Pending {
    /// Takes effect once everything that was written is flushed.
    armed: Option<Break>,
    due: Option<(Break, Duration)>,
    /// An answer whose last byte was handed to hyper, but not yet to the kernel.
    finishing: Option<Exchange>,
    /// The model that the last request was for.
    carried: Option<Arc<Counters>>,
}

/// So that a client has read what came before a reset: a RST overtakes unread data.
const RESET_GRACE: Duration = Duration::from_millis(10);
/// How long a half-closed connection is kept for the client to close its side.
const CLOSE_LINGER: Duration = Duration::from_secs(5);

impl ConnectionControl {
    fn new(side: Side) -> Self {
        Self { side, pending: Mutex::default(), due: Notify::new() }
    }

    pub(crate) fn break_now(&self, how: Break) {
        self.pending().due = Some((how, Duration::ZERO));
        self.due.notify_one();
    }

    pub(crate) fn break_when_flushed(&self, how: Break) {
        self.pending().armed = Some(how);
    }

    pub(crate) fn finish_when_flushed(&self, exchange: Exchange) {
        self.pending().finishing = Some(exchange);
    }

    /// Counts this connection as one that last carried a request for that model.
    pub(crate) fn carries(&self, counters: &Arc<Counters>) {
        let mut pending = self.pending();
        if let Some(before) = &pending.carried {
            if Arc::ptr_eq(before, counters) {
                return;
            }
            before.connection_left();
        }
        counters.connection_came();
        pending.carried = Some(Arc::clone(counters));
    }

    fn flushed(&self) {
        let mut pending = self.pending();
        if let Some(exchange) = pending.finishing.take() {
            exchange.sent();
        }
        if let Some(how) = pending.armed.take() {
            pending.due = Some((how, RESET_GRACE));
            drop(pending);
            self.due.notify_one();
        }
    }

    fn closed(&self) {
        let mut pending = self.pending();
        // An answer that was never flushed counts as aborted: its exchange is dropped here.
        pending.finishing = None;
        if let Some(counters) = pending.carried.take() {
            counters.connection_left();
        }
    }

    async fn due(&self) -> (Break, Duration) {
        loop {
            if let Some(due) = self.pending().due.take() {
                return due;
            }
            self.due.notified().await;
        }
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().expect("no holder panics")
    }
}

/// Accepts until it is dropped, and then drops its connections too.
pub(crate) async fn accept(listener: TcpListener, side: Side, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(carry(stream, side, router.clone()));
                }
                // Out of file descriptors, most likely: others must close first.
                Err(_) => sleep(Duration::from_millis(20)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn carry(stream: TcpStream, side: Side, router: Router) {
    // Dripped bytes must leave one by one. A client that is gone already is noticed below.
    let _ = stream.set_nodelay(true);
    let control = Arc::new(ConnectionControl::new(side));
    let io = TokioIo::new(FaultyStream { stream, control: Arc::clone(&control) });
    let service = {
        let control = Arc::clone(&control);
        service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Arc::clone(&control));
            router.clone().oneshot(request.map(Body::new))
        })
    };
    let mut connection = http1::Builder::new().serve_connection(io, service);
    tokio::select! {
        biased;
        (how, grace) = control.due() => {
            sleep(grace).await;
            let stream = connection.into_parts().io.into_inner().stream;
            carry_out(how, stream).await;
        }
        // An error here is a client that went away, which its exchange has counted by now.
        _ = &mut connection => drop(connection),
    }
    control.closed();
}

async fn carry_out(how: Break, mut stream: TcpStream) {
    match how {
        Break::Reset => {
            let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
        }
        Break::Close => {
            let _ = stream.shutdown().await;
            // Closing with unread data in the buffer would make it a reset.
            let mut rest = [0; 1024];
            let _ = timeout(CLOSE_LINGER, async { while matches!(stream.read(&mut rest).await, Ok(1..)) {} })
                .await;
        }
    }
}

/// A TCP stream that tells its control when all that was written has left for the kernel.
struct FaultyStream {
    stream: TcpStream,
    control: Arc<ConnectionControl>,
}

impl AsyncRead for FaultyStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for FaultyStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    // hyper flushes only when its own buffer is empty, so this is the moment that counts.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if let Poll::Ready(Ok(())) = flushed {
            self.control.flushed();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
