//! What the world is like: who calls, how often, and the server that they meet.

use query_with_retry::core::time::{Duration, Instant};

/// The span of virtual time zero.
pub const BEGAN: Instant = Instant::from_ms(0);

#[derive(Clone, Debug)]
pub struct Model {
    pub name: &'static str,
    /// Where calls arrive, each as likely as the other.
    pub isolates: usize,
    /// After this many calls another isolate replaces one, and knows nothing. The calls of the old one go on in it.
    pub lifetime: Option<u32>,
    /// New calls a second, of the whole fleet: a Poisson process.
    pub rate: f64,
    /// New calls come until then; the run goes on until the last of them is settled.
    pub run: Duration,
    /// The time that each call has.
    pub deadline: Duration,
    /// The time that each attempt has.
    pub attempt: Duration,
    pub rtt: Duration,
    pub server: Server,
}

#[derive(Clone, Debug)]
pub struct Server {
    /// Requests worked on at once.
    pub slots: usize,
    /// Log-normal, with this mean, and with `sigma` of its logarithm.
    pub service: Duration,
    pub sigma: f64,
    /// First come, first served; a request that finds it full gets a 429,
    pub queue: usize,
    /// or a bare 503.
    pub wordless: bool,
    /// What a 429 asks for.
    pub retry_after: Option<Duration>,
    /// The server notices that a caller has gone, and drops its request.
    pub notices: bool,
    pub cold: Option<Cold>,
    pub brownout: Option<Brownout>,
    pub errors: Option<Errors>,
}

/// The first request finds no model loaded, and starts the load.
#[derive(Clone, Copy, Debug)]
pub struct Cold {
    pub load: Duration,
    pub estimate: Estimate,
    /// Its port is closed until then, and says nothing.
    pub closed: bool,
}

/// What a 503 says about the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Estimate {
    Absent,
    Fixed(Duration),
    /// What is left of the load, in this ratio.
    Left {
        times: u64,
        of: u64,
    },
}

impl Estimate {
    pub const ACCURATE: Self = Self::Left { times: 1, of: 1 };
}

/// Fewer slots for a while.
#[derive(Clone, Copy, Debug)]
pub struct Brownout {
    pub from: Instant,
    pub to: Instant,
    pub slots: usize,
}

/// A share of the requests ends at once, in a proxy's error.
#[derive(Clone, Copy, Debug)]
pub struct Errors {
    pub share: f64,
    pub status: u16,
}

/// 16 slots of 2 s: 8 requests a second.
const SERVER: Server = Server {
    slots: 16,
    service: Duration::from_secs(2),
    sigma: 0.5,
    queue: 400,
    wordless: false,
    retry_after: None,
    notices: false,
    cold: None,
    brownout: None,
    errors: None,
};

const BASE: Model = Model {
    name: "",
    isolates: 200,
    lifetime: None,
    rate: 5.0,
    run: Duration::from_secs(900),
    deadline: Duration::from_secs(30),
    attempt: Duration::from_secs(10),
    rtt: Duration::from_ms(50),
    server: SERVER,
};

impl Model {
    /// The model is loaded for 180 s, and every 503 says 20.
    pub fn cold() -> Self {
        let cold = Cold {
            load: Duration::from_secs(180),
            estimate: Estimate::Fixed(Duration::from_secs(20)),
            closed: false,
        };
        Self {
            name: "cold",
            deadline: Duration::from_secs(300),
            attempt: Duration::from_secs(60),
            server: Server { queue: 64, cold: Some(cold), ..SERVER },
            ..BASE
        }
    }

    /// At 70 % of what the server can do, half of the slots are lost for a minute.
    pub fn overload() -> Self {
        let brownout = Brownout {
            from: BEGAN + Duration::from_secs(60),
            to: BEGAN + Duration::from_secs(120),
            slots: 8,
        };
        Self {
            name: "overload",
            rate: 5.6,
            run: Duration::from_secs(600),
            server: Server { brownout: Some(brownout), ..SERVER },
            ..BASE
        }
    }

    /// One request in a hundred ends at once in a 500. With 500 isolates, 12 calls in each.
    pub fn steady() -> Self {
        Self {
            name: "steady",
            run: Duration::from_secs(1200),
            server: Server { errors: Some(Errors { share: 0.01, status: 500 }), ..SERVER },
            ..BASE
        }
    }

    /// Every request ends at once in a bare 503.
    pub fn broken() -> Self {
        Self {
            name: "broken",
            run: Duration::from_secs(300),
            server: Server { errors: Some(Errors { share: 1.0, status: 503 }), ..SERVER },
            ..BASE
        }
    }

    /// The server starts for 10 s with its port closed, and has room for all then.
    pub fn closed() -> Self {
        let cold = Cold { load: Duration::from_secs(10), estimate: Estimate::Absent, closed: true };
        Self {
            name: "closed",
            run: Duration::from_secs(120),
            server: Server { cold: Some(cold), ..SERVER },
            ..Self::cold()
        }
    }

    /// Four at once, half a second each, no queue, and a bare 503 for one request too many; six calls a second.
    pub fn small() -> Self {
        let server = Server { slots: 4, service: Duration::from_ms(500), queue: 0, wordless: true, ..SERVER };
        Self { name: "small", run: Duration::from_secs(300), rate: 6.0, server, ..BASE }
    }

    pub fn isolates(self, isolates: usize) -> Self {
        Self { isolates, ..self }
    }

    pub fn lifetime(self, lifetime: Option<u32>) -> Self {
        Self { lifetime, ..self }
    }

    pub fn estimate(mut self, estimate: Estimate) -> Self {
        self.server.cold = self.server.cold.map(|cold| Cold { estimate, ..cold });
        self
    }

    pub fn load(mut self, load: Duration) -> Self {
        self.server.cold = self.server.cold.map(|cold| Cold { load, ..cold });
        self
    }

    /// The slots that are left in the brownout.
    pub fn brownout(mut self, slots: usize) -> Self {
        self.server.brownout = self.server.brownout.map(|brownout| Brownout { slots, ..brownout });
        self
    }

    pub fn sigma(mut self, sigma: f64) -> Self {
        self.server.sigma = sigma;
        self
    }

    pub fn queue(mut self, queue: usize, retry_after: Option<Duration>) -> Self {
        self.server.queue = queue;
        self.server.retry_after = retry_after;
        self
    }

    pub fn noticing(mut self) -> Self {
        self.server.notices = true;
        self
    }

    /// Requests a second that the server can do.
    pub fn capacity(&self) -> f64 {
        self.server.slots as f64 * 1000.0 / self.server.service.as_ms() as f64
    }

    /// How long after the load even a server that never rests, and clients that lose no call, have a
    /// backlog: λL/(μ−λ), in seconds. What arrived in L is done by what μ leaves beside λ.
    pub fn drain_bound(&self) -> Option<f64> {
        let load = self.server.cold?.load.as_ms() as f64 / 1000.0;
        let spare = self.capacity() - self.rate;
        (spare > 0.0).then(|| self.rate * load / spare)
    }
}
