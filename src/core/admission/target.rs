//! The state of one target, and the rules that it applies to one call.

use super::breaker;
use super::connections::Connections;
use super::coordinator::Coordinator;
use super::fleet::Member;
use super::keys::SpentKeys;
use super::lease::CallId;
use super::limiter::Limiter;
use super::messages::{Admission, Caller};
use super::pace::Pace;
use super::queue::Queue;
use crate::core::backoff::OVERLOADED_BASE;
use crate::core::failure::{Code, Failure, Layer};
use crate::core::record::{Outcome, WaitReason};
use crate::core::stats::Stats;
use crate::core::time::{Duration, Instant};

/// With a fallback left, a call waits for its turn with a target that refuses most of them no longer than this.
const BEFORE_FALLBACK: Duration = Duration::from_secs(5);

/// Answers that take longer than this are slow.
const SLOW: Duration = Duration::from_ms(1_500);

#[derive(Debug)]
pub(super) struct TargetState {
    pub(super) coordinator: Coordinator,
    pub(super) limiter: Limiter,
    pub(super) pace: Pace,
    pub(super) connections: Connections,
    pub(super) queue: Queue,
    pub(super) stats: Stats,
    /// No queued call is admitted before this time.
    pub(super) hold_until: Option<Instant>,
    /// The client has used its share of a fleet's limit, which holds until then.
    pub(super) share_until: Option<Instant>,
    pub(super) cooldown: Option<Cooldown>,
    pub(super) spent: SpentKeys,
    /// When the target last answered, and how many times it was full since then.
    pub(super) worked: Option<Instant>,
    pub(super) overloads: u32,
    /// The state of the breaker that was reported last.
    pub(super) reported: breaker::State,
    /// Calls that may still use this target.
    pub(super) users: usize,
    /// The target is one of [`Shared::lines`](super::Shared).
    pub(super) has_line: bool,
    /// The client's part in what a fleet knows of the target.
    pub(super) member: Option<Box<Member>>,
}

/// The target refuses calls that come too fast, and does not say for how long. No call goes there for a while, and
/// the while is doubled each time it was too short.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cooldown {
    /// The call that was refused first: the target may refuse that call alone.
    pub(super) call: CallId,
    /// The first refusal since the target last answered, and the latest one that lengthened the pause.
    pub(super) since: Instant,
    pub(super) newest: Instant,
    pub(super) until: Instant,
    pub(super) backoff: Duration,
}

impl TargetState {
    /// How long no other request is sent after one. Where refusals do not depend on how many are in flight, the rate is not
    /// the reason either: a pace would only keep the others waiting.
    fn interval(&self, now: Instant) -> Option<Duration> {
        self.pace.interval(now).filter(|_| !self.limiter.is_refused_at_any_number())
    }

    /// A call is about to be sent: the next one waits, if the target refuses calls that come too fast.
    pub(super) fn paces(&mut self, now: Instant) {
        let next = self.interval(now).map(|interval| now + interval);
        self.hold_until = self.hold_until.max(next);
    }

    /// The payloads of some calls are refused, while answers of others take so long that few results are known. Where answers
    /// are quick, a limit that is lowered in vain holds up nobody for long.
    pub(super) fn refuses_payloads(&self, now: Instant) -> bool {
        self.limiter.avg_first_answer().is_some_and(|soon| soon >= SLOW) && self.pace.refuses_payloads(now)
    }

    /// Nobody was answered since the first refusal without a time. The call that came last is sent next: those before it may
    /// all be refused because of who sends them.
    pub(super) fn refuses_all(&self) -> bool {
        let vain = |cooldown: Cooldown| cooldown.backoff >= OVERLOADED_BASE.scaled(2, 1);
        self.cooldown
            .is_some_and(|cooldown| vain(cooldown) && self.worked.is_none_or(|at| at < cooldown.since))
    }

    /// A call may be admitted now: by the client's own limit, and by its share of the fleet's.
    pub(super) fn has_permit(&mut self, now: Instant) -> bool {
        self.is_within_share(now) && self.limiter.has_permit(now)
    }

    /// When the share of the fleet's limit ends, if it is used up.
    pub(super) fn used_up(&self, now: Instant) -> Option<Instant> {
        self.member.as_ref()?.holds_until().filter(|_| !self.is_within_share(now))
    }

    fn is_within_share(&self, now: Instant) -> bool {
        let share = self.member.as_ref().and_then(|member| member.share(now));
        share.is_none_or(|share| (self.limiter.in_flight(now) as u64) < share)
    }

    pub(super) fn acquire(&mut self, now: Instant, until: Instant, caller: Caller) -> Admission {
        match self.coordinator.admit(now, caller.id, caller.attempt) {
            Ok(generation) => {
                self.limiter.acquire(now, caller.id, until);
                self.connections.acquire(caller.id);
                self.stats.sent();
                // The deposit follows the permit: a rejected call is no load and earns no retry.
                if let (true, Some(budget)) = (caller.first, &mut self.coordinator.budget) {
                    budget.deposit();
                }
                Admission::Admitted { generation }
            }
            Err(left) => {
                self.connections.release(caller.id);
                self.circuit_open(left)
            }
        }
    }

    pub(super) fn enqueue(&mut self, now: Instant, caller: Caller) -> Admission {
        if let Some(vain) = self.waits_in_vain(now, caller) {
            return vain;
        }
        let cold = self.coordinator.gate.is_cold();
        let others = self.queue.before(caller.priority) + 1;
        let paced = self.interval(now).map(|interval| interval.scaled(others as u64, 1));
        let wait = self.limiter.wait_behind(others, self.connections.most()).max(paced).filter(|_| !cold);
        // With a fallback left there is something better than a long line.
        let may_leave = caller.has_fallback && paced.is_some_and(|wait| wait >= BEFORE_FALLBACK);
        let too_late = may_leave || wait.is_some_and(|wait| now + wait >= caller.deadline);
        if too_late || self.queue.len() >= self.limiter.queue() {
            return self.reject(Code::QueueFull, Layer::Compute, wait);
        }
        self.queue.push(now, caller.id, caller.priority, caller.patience);
        if !caller.first {
            self.queue.waits_again(caller.id);
        }
        if caller.yields {
            self.queue.yields(caller.id);
        }
        self.queued(now, caller)
    }

    /// The call is in the queue, and asks what it waits for.
    pub(super) fn queued(&mut self, now: Instant, caller: Caller) -> Admission {
        let urgency = self.coordinator.gate.urgency(now);
        let is_cold = self.queue.tell(caller.id, urgency, now >= caller.patience);
        Admission::Queued(if is_cold { WaitReason::Loading } else { self.reason(now) })
    }

    /// The server of the cold model accepts no request before this call gives up.
    pub(super) fn waits_in_vain(&mut self, now: Instant, caller: Caller) -> Option<Admission> {
        let explicit = self.coordinator.gate.explicit_until();
        let next = explicit.filter(|next| *next > now && *next >= caller.patience)?;
        Some(self.reject(Code::ModelLoading, Layer::Compute, Some(next.since(now))))
    }

    fn reason(&self, now: Instant) -> WaitReason {
        let ramps = |breaker: &breaker::Breaker| breaker.state(now) != breaker::State::Closed;
        match &self.coordinator.breaker {
            Some(breaker) if ramps(breaker) => WaitReason::Breaker,
            _ if self.interval(now).is_some() => WaitReason::RateLimit,
            _ => WaitReason::Queue,
        }
    }

    pub(super) fn circuit_open(&mut self, left: Duration) -> Admission {
        let layer = self.coordinator.breaker.as_ref().map_or(Layer::Compute, |breaker| breaker.layer());
        self.reject(Code::CircuitOpen, layer, Some(left))
    }

    fn reject(&mut self, code: Code, layer: Layer, retry_after: Option<Duration>) -> Admission {
        self.stats.ended(Outcome::Failed(code, layer));
        Admission::Rejected(Failure { code, layer, phase: None, status: None, retry_after })
    }

    pub(super) fn due(&self) -> Option<Instant> {
        if self.queue.is_empty() || self.connections.wait() {
            return None;
        }
        let gate = &self.coordinator.gate;
        let cold = gate.vacant_at().into_iter().chain(gate.opens_at()).min();
        cold.or(self.hold_until).or(self.share_until).or_else(|| self.limiter.due())
    }
}
