//! One conformance suite, run against every backend.

#[cfg(test)]
mod backup;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod evidence;
#[cfg(test)]
mod log;
#[cfg(test)]
mod rig;

/// Makes each case a test of each backend.
macro_rules! conformance {
    ($($module:ident: $($case:ident)+;)+) => {
        #[cfg(test)]
        mod memory {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    crate::$module::$case(crate::rig::Rig::memory()).await;
                }
            )+)+
        }
        #[cfg(test)]
        mod sqlite {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    crate::$module::$case(crate::rig::Rig::sqlite().await).await;
                }
            )+)+
        }
    };
}

conformance! {
    log:
        an_append_at_the_wrong_version_is_refused_and_names_the_head
        a_retry_returns_the_entries_of_then
        an_id_is_never_used_for_two_things
        a_decision_is_appended_whole_or_not_at_all
        entries_are_gapless_chained_and_stamped
        pages_join_without_a_seam
        only_an_expanding_decision_grows_stale
        eight_writers_lose_nothing
        streams_are_listed_and_apart
        too_much_is_refused_with_the_figure
        the_log_survives_a_restart;
    evidence:
        batches_are_numbered_in_order_and_read_back
        a_batch_is_stored_once
        many_senders_share_the_journal
        the_journal_survives_a_restart
        the_ledger_keeps_whole_new_values
        a_ledger_that_fails_to_save_stays_as_it_was
        ledgers_of_two_rollouts_do_not_mix
        secrets_are_kept_once;
}
