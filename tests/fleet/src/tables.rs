//! The tables: which models, which clients, which quantities.

use query_with_retry::core::time::Duration;

use crate::baselines::{self, AWS, GRPC, IDEAL, NAIVE, TENTH, THREE_JITTERED, UNTIL_DEADLINE};
use crate::client::Contender;
use crate::model::{Estimate, Model};
use crate::ours;
use crate::outcome::{Never, Outcome};
use crate::seeds::{mean, worst};

pub struct Table {
    /// What it is asked for with.
    pub name: &'static str,
    pub title: &'static str,
    columns: Vec<Column>,
    pub rows: Vec<Row>,
}

pub struct Row {
    /// What sets its model apart from the others of the table.
    pub world: String,
    pub model: Model,
    pub contender: Contender,
}

#[derive(Clone, Copy)]
struct Column {
    head: &'static str,
    cell: fn(&[Outcome]) -> String,
}

impl Table {
    /// The first lines of it, as Markdown.
    pub fn head(&self) -> String {
        let heads: String = self.columns.iter().map(|column| format!(" {} |", column.head)).collect();
        let rules = "---|".repeat(self.columns.len() + 2);
        format!("## {}\n\n| | client |{heads}\n|{rules}", self.title)
    }

    pub fn line(&self, row: &Row, outcomes: &[Outcome]) -> String {
        let cells: String =
            self.columns.iter().map(|column| format!(" {} |", (column.cell)(outcomes))).collect();
        format!("| {} | {} |{cells}", row.world, row.contender.name)
    }
}

/// All of them, in their order.
pub fn all() -> Vec<Table> {
    vec![cold(), overload(), steady(), broken(), shared(), cold_sweep(), overload_sweep()]
}

fn everybody() -> impl Iterator<Item = Contender> {
    baselines::ALL.into_iter().chain(ours::ALL)
}

fn cold() -> Table {
    let row = |contender| Row { world: "M = 200".to_owned(), model: Model::cold(), contender };
    Table {
        name: "cold",
        title: "A cold start of 180 s, and 5 calls a second",
        columns: [&COLD[..], &TIMES, &COSTS].concat(),
        rows: everybody().map(row).collect(),
    }
}

fn overload() -> Table {
    let model = Model::overload();
    Table {
        name: "overload",
        title: "Half of the slots for a minute, at 70 % of the capacity",
        columns: [&OVERLOAD[..], &TIMES, &COSTS].concat(),
        rows: by_isolates(&model, &[5, 50, 500, 5000], &everybody().collect::<Vec<_>>()),
    }
}

fn steady() -> Table {
    let model = Model::steady();
    Table {
        name: "steady",
        title: "One request in a hundred fails at once",
        columns: [&SENDING[..], &[ALL_CALLS], &TIMES, &COSTS].concat(),
        rows: by_isolates(&model, &[50, 500], &everybody().collect::<Vec<_>>()),
    }
}

fn broken() -> Table {
    let model = Model::broken();
    Table {
        name: "broken",
        title: "Every request fails at once",
        columns: [&SENDING[..], &[WORST_SEED]].concat(),
        rows: by_isolates(&model, &[5, 500], &everybody().collect::<Vec<_>>()),
    }
}

/// Fifty processes that share what they know, with engines of every kind.
fn shared() -> Table {
    let mut rows = Vec::new();
    for model in [Model::cold(), Model::overload()] {
        for contender in [ours::PROCESSES].into_iter().chain(ours::ENGINES) {
            rows.push(Row {
                world: format!("{}, M = 50", model.name),
                model: model.clone().isolates(50),
                contender,
            });
        }
    }
    Table {
        name: "shared",
        title: "Fifty processes that share what they know",
        columns: [&COLD[..], &TIMES, &COSTS].concat(),
        rows,
    }
}

/// The cold start, one thing changed at a time.
fn cold_sweep() -> Table {
    let secs = Duration::from_secs;
    let (mut worlds, model) = (Vec::new(), Model::cold());
    worlds.extend([1, 5, 50, 500, 5000].map(|m| (format!("M = {m}"), model.clone().isolates(m))));
    for lifetime in [Some(1), Some(10), Some(100), None] {
        worlds.push((lives(lifetime), model.clone().lifetime(lifetime)));
    }
    for (name, estimate) in [
        ("absent", Estimate::Absent),
        ("20 s, fixed", Estimate::Fixed(secs(20))),
        ("accurate", Estimate::ACCURATE),
        ("10 × too long", Estimate::Left { times: 10, of: 1 }),
        ("10 × too short", Estimate::Left { times: 1, of: 10 }),
    ] {
        worlds.push((format!("estimate {name}"), model.clone().estimate(estimate)));
    }
    for load in [5, 20, 60, 180, 300, 600] {
        worlds.push((format!("cold {load} s"), model.clone().load(secs(load))));
    }
    worlds.push(("notices the gone".to_owned(), model.noticing()));
    Table {
        name: "cold-sweep",
        title: "The cold start, one thing changed at a time (M = 200, 180 s, 20 s, no end of isolates)",
        columns: [&COLD[..], &TIMES, &COSTS].concat(),
        rows: rows(&worlds, &[NAIVE, THREE_JITTERED, UNTIL_DEADLINE, AWS, IDEAL]),
    }
}

/// The overload, one thing changed at a time.
fn overload_sweep() -> Table {
    let model = Model::overload().isolates(50);
    let mut worlds: Vec<_> =
        [Some(1), Some(10), Some(100), None].map(|life| (lives(life), model.clone().lifetime(life))).into();
    for slots in [15, 12, 8, 4, 0] {
        worlds.push((format!("{slots} slots left"), model.clone().brownout(slots)));
    }
    worlds.push(("heavy tail (σ 1)".to_owned(), model.clone().sigma(1.0)));
    let hasty = model.clone().queue(32, Some(Duration::from_secs(5)));
    worlds.push(("429 beyond 32, retry after 5 s".to_owned(), hasty));
    worlds.push(("notices the gone".to_owned(), model.noticing()));
    Table {
        name: "overload-sweep",
        title: "The overload, one thing changed at a time (M = 50, half of the slots, no end of isolates)",
        columns: [&OVERLOAD[..], &TIMES, &COSTS].concat(),
        rows: rows(&worlds, &[THREE_JITTERED, AWS, GRPC, TENTH]),
    }
}

fn lives(lifetime: Option<u32>) -> String {
    match lifetime {
        Some(1) => "isolates of 1 call".to_owned(),
        Some(calls) => format!("isolates of {calls} calls"),
        None => "isolates without end".to_owned(),
    }
}

fn by_isolates(model: &Model, isolates: &[usize], contenders: &[Contender]) -> Vec<Row> {
    let worlds: Vec<_> = isolates.iter().map(|m| (format!("M = {m}"), model.clone().isolates(*m))).collect();
    rows(&worlds, contenders)
}

/// Every client in every world, and ours.
fn rows(worlds: &[(String, Model)], contenders: &[Contender]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (world, model) in worlds {
        let ours = ours::ALL.iter().filter(|ours| contenders.iter().all(|other| other.name != ours.name));
        for contender in contenders.iter().chain(ours).copied() {
            rows.push(Row { world: world.clone(), model: model.clone(), contender });
        }
    }
    rows
}

const COLD: [Column; 8] = [
    Column { head: "requests a call, cold", cell: |o| some(o, |o| o.cold_amplification) },
    WHOLE_RUN,
    WORST_TEN,
    PEAK,
    Column { head: "success, cold", cell: |o| percent(mean(o, |o| o.cold_success.unwrap_or(1.0))) },
    ALL_CALLS,
    RECOVERY,
    Column { head: "drain ÷ bound", cell: |o| or_never(o, |o| o.drain, number) },
];

const OVERLOAD: [Column; 6] = [
    WHOLE_RUN,
    WORST_TEN,
    PEAK,
    ALL_CALLS,
    Column { head: "last 2 min", cell: |o| percent(mean(o, |o| o.last_success)) },
    RECOVERY,
];

const SENDING: [Column; 3] = [WHOLE_RUN, WORST_TEN, PEAK];

const TIMES: [Column; 4] = [
    Column { head: "p50", cell: |o| format!("{:.1} s", mean(o, |o| o.p50)) },
    Column { head: "p95", cell: |o| format!("{:.1} s", mean(o, |o| o.p95)) },
    Column { head: "p99", cell: |o| format!("{:.1} s", mean(o, |o| o.p99)) },
    Column { head: "p99.9", cell: |o| format!("{:.1} s", mean(o, |o| o.p999)) },
];

const COSTS: [Column; 5] = [
    Column { head: "wasted", cell: |o| format!("{:.0} s", mean(o, |o| o.wasted)) },
    Column { head: "Jain", cell: |o| format!("{:.3}", mean(o, |o| o.fairness)) },
    Column { head: "late", cell: |o| sum(o, |o| o.unsettled) },
    Column { head: "too early", cell: |o| sum(o, |o| o.too_early) },
    WORST_SEED,
];

const WHOLE_RUN: Column = Column { head: "requests a call", cell: |o| number(mean(o, |o| o.amplification)) };
const WORST_TEN: Column = Column { head: "worst 10 s", cell: |o| number(mean(o, |o| o.worst_ten_seconds)) };
const PEAK: Column = Column { head: "peak ÷ capacity", cell: |o| number(mean(o, |o| o.peak)) };
const ALL_CALLS: Column = Column { head: "success", cell: |o| percent(mean(o, |o| o.success)) };
const RECOVERY: Column =
    Column { head: "recovery", cell: |o| or_never(o, |o| o.recovery, |mean| format!("{mean:.0} s")) };
const WORST_SEED: Column = Column { head: "worst seed", cell: worst_seed };

fn number(value: f64) -> String {
    match value {
        100.0.. => format!("{value:.0}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if (99.0..100.0).contains(&percent) { format!("{percent:.2} %") } else { format!("{percent:.1} %") }
}

/// Over all seeds: of what must never happen.
fn sum(outcomes: &[Outcome], quantity: fn(&Outcome) -> u64) -> String {
    outcomes.iter().map(quantity).sum::<u64>().to_string()
}

fn some(outcomes: &[Outcome], quantity: fn(&Outcome) -> Option<f64>) -> String {
    number(mean(outcomes, |outcome| quantity(outcome).unwrap_or(0.0)))
}

/// The mean of the runs where it came to that, and in how many it never did.
fn or_never(
    outcomes: &[Outcome],
    quantity: fn(&Outcome) -> Option<Result<f64, Never>>,
    write: fn(f64) -> String,
) -> String {
    let found: Vec<_> = outcomes.iter().filter_map(quantity).collect();
    let values: Vec<f64> = found.iter().copied().filter_map(Result::ok).collect();
    let mean = || write(values.iter().sum::<f64>() / values.len() as f64);
    match (values.len(), found.len()) {
        (_, 0) => "–".to_owned(),
        (0, _) => "never".to_owned(),
        (some, all) if some < all => format!("{}, {} of {all} never", mean(), all - some),
        _ => mean(),
    }
}

fn worst_seed(outcomes: &[Outcome]) -> String {
    worst(outcomes).map_or_else(String::new, |outcome| {
        format!("{}: {}, {}×", outcome.seed, percent(outcome.success), number(outcome.amplification))
    })
}
