//! What the face hands in, as types of the core: each number is decoded here, once.
//!
//! The face has checked every type before; what is left to check here is what only the core
//! knows: whether times fit together and whether a target can be called.

use super::bindings::{Facts, Request};
use crate::core::call::Target;
use crate::core::classify::Body;
use crate::core::hint;
use crate::core::policy::{Given, Hold, Inverted, Policy, Timeouts};
use crate::core::queue::Priority;
use crate::core::target::{Payload, Place, Profile, Refused, Spec, Url};
use crate::core::time::Duration;

impl From<Facts> for Body {
    fn from(facts: Facts) -> Self {
        Self {
            of_engine: facts.of_engine(),
            unexpected: facts.unexpected(),
            is_error: facts.is_error(),
            text: facts.text(),
            kind: facts.error_kind(),
            estimate: hint::estimate(facts.estimate()),
        }
    }
}

/// Why a request cannot be run; becomes a `TypeError`.
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

/// What was given for a call, each by its number of `CoreRequest` in `src/ts/core-request.ts`.
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
        // The face writes `true` as infinity.
        hold: number(3).map(|ms| match ms {
            f64::INFINITY => Hold::AsLongAsItWaits,
            ms => Hold::For(Duration::from_ms(ms as u64)),
        }),
        // The face writes `false` as infinity; no number of theirs is one, however large.
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
    Policy::new(given).map_err(Invalid::Inverted)
}

/// Locates the targets of a call: the one that was asked for, then its fallbacks. `retain` is told
/// the place of each among those of the client.
pub(super) fn targets(request: &Request, mut retain: impl FnMut(usize)) -> Result<Vec<Target>, Invalid> {
    let mut at = |index| {
        let shared = request.shared(index) as usize;
        retain(shared);
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
    let mut first: Option<Place> = None;
    let mut targets = Vec::new();
    for index in 0..request.targets() {
        let [origin, path, model] = [0, 1, 2].map(|part| request.part(index, part));
        let spec = Spec {
            url: (!origin.is_empty()).then_some(Url { origin: &origin, path: &path }),
            model: (!model.is_empty()).then_some(model.as_str()),
            profile: Profile::ALL.get(request.profile(index) as usize).copied(),
        };
        let place = Place::resolve(spec, payload).map_err(|refused| Invalid::Refused(index, refused))?;
        let shares = first.as_ref().is_none_or(|first| first.shares_credentials(&place));
        request.locate(index, &place.url, place.model.as_deref().unwrap_or(""), shares, place.profile as u8);
        targets.push(Target { shared: at(index), profile: place.profile, shares_credentials: shares });
        first.get_or_insert(place);
    }
    Ok(targets)
}
