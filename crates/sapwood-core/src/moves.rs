//! Whom an edit of slot tables moves, by rule: the figure to look at before the edit is made.

use sapwood_eval::{Move, RuleId, Serve, Share, Slot, Targeting, moves};

/// Whom the edit of one rule's table moves, of those who reach the rule before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleMoves {
    /// The rule; `None` for the default.
    pub rule: Option<RuleId>,
    /// The share of buckets that are served something else than before.
    pub moved: Share,
    /// The same from what to what, in order.
    pub moves: Vec<Move>,
}

/// Whom the edit of these tables moves, rule by rule in the order they have afterwards, then the default. A rule is the
/// same as before if it has the same id; of rules that are new or gone, nothing is said.
pub fn between(before: &Targeting, after: &Targeting) -> Vec<RuleMoves> {
    let rules = after.rules.iter().filter_map(|rule| {
        let known = before.rules.iter().find(|known| known.id == rule.id)?;
        Some((Some(&rule.id), &known.serve, &rule.serve))
    });
    let all = rules.chain([(None, &before.default, &after.default)]);
    all.filter_map(|(rule, was, is)| {
        let moves = moves(&table(was), &table(is));
        let moved = moves.iter().fold(Share::NONE, |sum, one| sum.saturating_add(one.share));
        (!moves.is_empty()).then(|| RuleMoves { rule: rule.cloned(), moved, moves })
    })
    .collect()
}

/// What is served as a table; one variant for all is a table of one slot.
pub(crate) fn table(serve: &Serve) -> Vec<Slot> {
    match serve {
        Serve::Variant(key) => vec![Slot { serve: Some(key.clone()), width: Share::WHOLE }],
        Serve::Slots(slots) => slots.clone(),
    }
}
