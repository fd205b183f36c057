//! A mock inference server: the wire shapes of real ones, and their faults, on 127.0.0.1.
//!
//! `main` only reads arguments; tests in Rust start the same server with [`serve`].

mod answers;
mod app;
mod batch;
mod body;
mod cold;
mod connection;
mod control;
mod cors;
mod counters;
mod managed;
mod media;
mod model;
mod reply;
mod samples;
mod scenario;
mod sending;
mod sites;
mod streams;
mod texts;
mod words;

use std::{io, net::Ipv4Addr, sync::Arc};

use tokio::{net::TcpListener, task::JoinSet};

use crate::{app::App, connection::Side};
pub use crate::{
    samples::{Expect, Profile, SAMPLES_JSON, Sample, samples},
    scenario::Server,
    sites::Site,
};

/// What the server is started with.
#[derive(Debug, Default)]
pub struct Options {
    /// 0 is any free port.
    pub port: u16,
    pub sites: Vec<Site>,
}

/// A server that runs until this is dropped.
#[derive(Debug)]
pub struct Running {
    /// `http://127.0.0.1:PORT`
    pub origin: String,
    /// The same server under another origin, for redirects that leave the first one.
    pub other_origin: String,
    _accepting: JoinSet<()>,
}

/// Binds both listeners and serves on the current runtime.
pub async fn serve(options: Options) -> io::Result<Running> {
    let this = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
    let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let origin = format!("http://{}", this.local_addr()?);
    let other_origin = format!("http://{}", other.local_addr()?);

    let app = Arc::new(App::new(origin.clone(), other_origin.clone(), options.sites));
    let router = app::router(app);
    let mut accepting = JoinSet::new();
    accepting.spawn(connection::accept(this, Side::This, router.clone()));
    accepting.spawn(connection::accept(other, Side::Other, router));
    Ok(Running { origin, other_origin, _accepting: accepting })
}
