//! Decodes what the TypeScript side hands in. No other file knows the order of the numbers.
//!
//! The TypeScript side has checked every type. Only the core knows whether times fit together and whether a target
//! can be called, so that is checked here.

use super::bindings::Request;
use super::scope::Scope;
use crate::core::admission::Shared;
use crate::core::admission::breaker;
use crate::core::admission::budget::{self, InitialTokens};
use crate::core::admission::coordinator::Rules;
use crate::core::admission::limiter;
use crate::core::call::Target;
use crate::core::policy::Priority;
use crate::core::policy::{Given, Hold, Inverted, Policy, Timeouts};
use crate::core::stats::alert::AlertRule;
use crate::core::target::{Payload, Profile, Refused, Route, Spec, Url};
use crate::core::time::Duration;

/// Some pages are not told that the network is lost, or that it is back.
const OF_NETWORK: Duration = Duration::from_secs(1);

/// Decodes the rules of a client, and in which turns of the event loop its calls may be woken.
///
/// `numbers` are in the order of `clientNumbers` in `src/ts/wasm/encode.ts`. 0 to 3 are the breaker: failures,
/// window, open, max open. 4 and 5 are the budget: ratio, burst. 6 to 8 are the concurrency: min, max, queue. 9 and
/// 10 are the alert: ratio, min samples. 11 is 1 if the client is ephemeral. 12 is the scope, by its number in
/// `src/ts/wasm/instance.ts`. 13 is 1 in a page. 14 is the number of the client in its fleet. Times are in ms. NaN means
/// the default. If 0 is negative there is no breaker, if 4 is negative there is no budget.
pub(super) fn shared(numbers: &[f64], seed: u64) -> (Scope, Shared) {
    let number = |at: usize| numbers.get(at).copied().filter(|number| !number.is_nan());
    let whole = |at, default: u32| number(at).map_or(default, |number| number as u32);
    let ms = |at, default| number(at).map_or(default, |ms| Duration::from_ms(ms as u64));
    let is_on = |at| number(at).is_none_or(|number| number >= 0.0);
    let (breaker, budget, concurrency) =
        (breaker::Rule::default(), budget::Rule::default(), limiter::Rule::default());
    let breaker = breaker::Rule {
        failures: whole(0, breaker.failures),
        window: ms(1, breaker.window),
        open: ms(2, breaker.open),
        of_network: (number(13) == Some(1.0)).then(|| ms(2, breaker.open).min(OF_NETWORK)),
        max_open: ms(3, breaker.max_open),
    };
    let budget = budget::Rule {
        ratio: number(4).map_or(budget.ratio, |ratio| (ratio * 1000.0) as u32),
        burst: whole(5, budget.burst),
    };
    let concurrency = limiter::Rule {
        min: whole(6, concurrency.min),
        max: whole(7, concurrency.max),
        queue: whole(8, concurrency.queue),
    };
    let alert = AlertRule::default();
    let alert = AlertRule {
        per_thousand: number(9).map_or(alert.per_thousand, |ratio| (ratio * 1000.0) as u32),
        min_samples: whole(10, alert.min_samples),
    };
    let scope = match number(12) {
        Some(1.0) => Scope::Request,
        _ => Scope::Process,
    };
    let rules = Rules {
        breaker: is_on(0).then_some(breaker),
        budget: is_on(4).then_some(budget),
        initial_tokens: match number(11) {
            // One in four: with this share a fleet at rest still hides half of its errors.
            Some(1.0) => InitialTokens::AtMostOne { one: seed & 3 == 0 },
            _ => InitialTokens::Full,
        },
        lease: scope.lease(),
    };
    let mut shared = Shared::new(rules, concurrency, alert, seed);
    if let Some(id) = number(14) {
        shared.join(id as u64);
    }
    (scope, shared)
}

/// Why a request cannot be run. It becomes a `TypeError`.
pub(super) enum Invalid {
    Inverted(Inverted),
    /// The target with this index.
    Refused(u32, Refused),
}

impl Invalid {
    pub(super) fn tell(self, request: &Request) {
        match self {
            Self::Refused(index, refused) => request.refused(index, refused.reason()),
            Self::Inverted(times) => request.inverted(
                times.inner,
                times.inner_is.as_ms() as f64,
                times.outer,
                times.outer_is.as_ms() as f64,
                times.outer_is_default,
            ),
        }
    }
}

/// Decodes the options of a call. The numbers have the order of `optionNumber` in `src/ts/wasm/encode.ts`; NaN is
/// absent.
pub(super) fn policy(request: &Request) -> Result<Policy, Invalid> {
    if request.usual() {
        return Ok(Policy { streamed: request.streamed(), ..Policy::default() });
    }
    let number = |which| Some(request.number(which)).filter(|value| !value.is_nan());
    let ms = |which| number(which).map(|ms| Duration::from_ms(ms as u64));
    let given = Given {
        max_retries: number(0).map(|count| count as u32),
        max_wait: ms(1),
        default_wait: ms(2),
        refused: ms(10),
        // The TypeScript side writes `true` as infinity.
        hold: number(3).map(|ms| match ms {
            f64::INFINITY => Hold::AsLongAsItWaits,
            ms => Hold::For(Duration::from_ms(ms as u64)),
        }),
        // The TypeScript side writes `false` as infinity. No number from there is infinite, however large it is.
        connect: number(4).map(|ms| match ms {
            f64::INFINITY => Timeouts::NEVER,
            ms => Duration::from_ms(ms as u64).min(Timeouts::NEVER - Duration::from_ms(1)),
        }),
        first_byte: ms(5),
        idle: ms(6),
        attempt: ms(7),
        total: ms(8),
        priority: match number(9) {
            Some(0.0) => Priority::Interactive,
            Some(2.0) => Priority::Batch,
            _ => Priority::Default,
        },
        streamed: request.streamed(),
    };
    let policy = Policy::new(given).map_err(Invalid::Inverted)?;
    Ok(Policy { only_warms: number(11).is_some(), ..policy })
}

/// Resolves the targets of a call: the one that the caller asked for, then its fallbacks. `retain` gets the slot of
/// each in the client, and the number of its origin if that has few connections.
pub(super) fn targets(
    request: &Request,
    mut retain: impl FnMut(usize, Option<usize>),
) -> Result<Vec<Target>, Invalid> {
    let mut at = |index| {
        let shared = request.shared(index) as usize;
        retain(shared, usize::try_from(request.connects(index)).ok());
        shared
    };
    if let Some(profile) = usize::try_from(request.known()).ok().and_then(|known| Profile::ALL.get(known)) {
        return Ok(vec![Target { shared: at(0), profile: *profile, shares_credentials: true }]);
    }
    let payload = match request.kind() {
        0 => Payload::Chat,
        1 => Payload::Object,
        _ => Payload::Opaque,
    };
    let mut first: Option<Route> = None;
    let mut targets = Vec::new();
    for index in 0..request.targets() {
        let [origin, path, model] = [0, 1, 2].map(|part| request.part(index, part));
        let spec = Spec {
            url: (!origin.is_empty()).then_some(Url { origin: &origin, path: &path }),
            model: (!model.is_empty()).then_some(model.as_str()),
            profile: Profile::ALL.get(request.profile(index) as usize).copied(),
        };
        let route = Route::resolve(spec, payload).map_err(|refused| Invalid::Refused(index, refused))?;
        let shares = first.as_ref().is_none_or(|first| first.shares_credentials(&route));
        request.locate(index, &route.url, route.model.as_deref().unwrap_or(""), shares, route.profile as u8);
        targets.push(Target { shared: at(index), profile: route.profile, shares_credentials: shares });
        first.get_or_insert(route);
    }
    Ok(targets)
}
