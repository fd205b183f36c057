//! Retry budget: a token bucket fed by first attempts, so that retries add a bounded share of load.
//!
//! A limit for each call still multiplies the load of a server that is down for everybody: three attempts each are
//! three times the load, and the server does not recover. A bucket that only traffic fills binds however many calls
//! there are ("Addressing Cascading Failures", Site Reliability Engineering, 2016; gRFC A6; Finagle's RetryBudget).

/// A token is a thousand of these, so that ratios like 0.1 are whole numbers.
pub(super) const TOKEN: u32 = 1000;

/// How many retries a target's first attempts pay for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What a first attempt adds, in thousandths of a retry.
    pub ratio: u32,
    /// The most that the bucket holds, in retries.
    pub burst: u32,
}

impl Default for Rule {
    /// # Default
    ///
    /// A tenth of a retry for each first attempt, at most 5 in store.
    fn default() -> Self {
        Self { ratio: 100, burst: 5 }
    }
}

/// What a new bucket holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitialTokens {
    /// The burst, for a process that lives long: its first call can be retried.
    Full,
    /// One retry or none: thousands of short-lived isolates, each with a full bucket, would have no budget at all.
    AtMostOne {
        /// The bucket holds one retry.
        one: bool,
    },
}

/// The bucket of one target.
#[derive(Clone, Debug)]
pub struct Budget {
    rule: Rule,
    filled: u32,
    /// What was added less what was taken, since a fleet was told.
    untold: i64,
}

impl Budget {
    /// A bucket that holds this much.
    pub fn new(rule: Rule, initial_tokens: InitialTokens) -> Self {
        let most = rule.burst.saturating_mul(TOKEN);
        let filled = match initial_tokens {
            InitialTokens::Full => most,
            InitialTokens::AtMostOne { one } => most.min(if one { TOKEN } else { 0 }),
        };
        Self { rule, filled, untold: 0 }
    }

    /// A first attempt was sent.
    pub fn deposit(&mut self) {
        let most = self.rule.burst.saturating_mul(TOKEN);
        self.filled = self.filled.saturating_add(self.rule.ratio).min(most);
        self.untold = self.untold.saturating_add(self.rule.ratio.into());
    }

    /// A retry could be withdrawn now.
    pub fn has_one(&self) -> bool {
        self.filled >= TOKEN
    }

    /// Takes one retry, if the bucket holds one.
    pub fn withdraw(&mut self) -> bool {
        let left = self.filled.checked_sub(TOKEN);
        self.filled = left.unwrap_or(self.filled);
        self.untold -= if left.is_some() { TOKEN.into() } else { 0 };
        left.is_some()
    }

    /// What first attempts have added since the fleet was told, less the retries, in thousandths of a retry.
    pub fn untold(&self) -> i64 {
        self.untold
    }

    /// The fleet was told so much of it, and its bucket holds this much. Any client may take that without asking first: the
    /// bucket owes what several take at the same time.
    pub fn told(&mut self, so_much: i64, filled: u64) {
        self.untold -= so_much;
        let most = self.rule.burst.saturating_mul(TOKEN);
        self.filled = filled.min(most.into()) as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retries(budget: &mut Budget) -> usize {
        ::core::iter::from_fn(|| budget.withdraw().then_some(())).count()
    }

    #[test]
    fn a_long_lived_process_begins_with_the_burst() {
        assert_eq!(retries(&mut Budget::new(Rule::default(), InitialTokens::Full)), 5);
    }

    #[test]
    fn ten_first_attempts_earn_one_retry() {
        let mut budget = Budget::new(Rule::default(), InitialTokens::AtMostOne { one: false });
        (0..9).for_each(|_| budget.deposit());
        assert!(!budget.withdraw());
        budget.deposit();
        assert!(budget.withdraw());
        assert!(!budget.withdraw());
    }

    #[test]
    fn a_budget_has_one_exactly_as_long_as_it_gives_one() {
        let mut budget = Budget::new(Rule::default(), InitialTokens::Full);
        for _ in 0..8 {
            let has_one = budget.has_one();
            assert_eq!(budget.withdraw(), has_one);
        }
        (0..9).for_each(|_| budget.deposit());
        assert!(!budget.has_one());
        budget.deposit();
        assert!(budget.has_one());
    }

    #[test]
    fn no_more_is_kept_than_the_burst() {
        let mut budget = Budget::new(Rule::default(), InitialTokens::Full);
        (0..100_000).for_each(|_| budget.deposit());
        assert_eq!(retries(&mut budget), 5);
    }

    #[test]
    fn an_isolate_begins_with_one_retry_or_none() {
        for (one, are) in [(true, 1), (false, 0)] {
            assert_eq!(retries(&mut Budget::new(Rule::default(), InitialTokens::AtMostOne { one })), are);
        }
    }

    #[test]
    fn absurd_rules_neither_overflow_nor_give_for_nothing() {
        let mut nothing = Budget::new(Rule { ratio: u32::MAX, burst: 0 }, InitialTokens::Full);
        nothing.deposit();
        assert!(!nothing.withdraw());
        let mut endless = Budget::new(Rule { ratio: u32::MAX, burst: u32::MAX }, InitialTokens::Full);
        (0..3).for_each(|_| endless.deposit());
        assert!(endless.withdraw());
    }
}
