//! What every backend promises of the log.

use std::time::Duration;

use sapwood_core::entry::Hash;
use sapwood_core::id::Stream;
use sapwood_store::limits::{DECISION_AGE_MS_MAX, ENTRY_BODY_BYTES_MAX};
use sapwood_store::{Head, StoreError, verify, verify_chain};
use uuid::Uuid;

use crate::rig::{NOON, Rig, append, decided, shop, stream};

pub(crate) async fn an_append_at_the_wrong_version_is_refused_and_names_the_head(rig: Rig) {
    rig.append(append(shop(), 0, &[1, 2])).await.unwrap();
    for expected in [0, 1, 3] {
        let error = rig.append(append(shop(), expected, &[9])).await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict { head: 2, .. }), "{error}");
    }
    let error = rig.append(append(stream("empty"), 1, &[9])).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { head: 0, expected: 1, .. }), "{error}");
    rig.append(append(shop(), 2, &[9])).await.unwrap();
}

pub(crate) async fn a_retry_returns_the_entries_of_then(rig: Rig) {
    let first = rig.append(append(shop(), 0, &[1, 2])).await.unwrap();
    rig.append(append(shop(), 2, &[3])).await.unwrap();
    rig.clock.advance(Duration::from_mins(1));
    // The same append again, one decided anew on the new head, and one that has grown old meanwhile.
    assert_eq!(rig.append(append(shop(), 0, &[1, 2])).await.unwrap(), first);
    assert_eq!(rig.append(append(shop(), 3, &[1])).await.unwrap(), first);
    let mut old = append(shop(), 0, &[1, 2]);
    old.decided = Some(decided(NOON, true));
    assert_eq!(rig.append(old).await.unwrap(), first);
    assert_eq!(rig.read_from(shop(), 0, 10).await.unwrap().len(), 3);
}

pub(crate) async fn an_id_is_never_used_for_two_things(rig: Rig) {
    rig.append(append(shop(), 0, &[1, 2])).await.unwrap();
    for (stream, expected, ids, id) in [
        (stream("other"), 0, &[1][..], 1),
        (shop(), 2, &[2][..], 2),
        (shop(), 2, &[3, 2], 2),
        (shop(), 2, &[4, 4], 4),
    ] {
        let error = rig.append(append(stream, expected, ids)).await.unwrap_err();
        assert!(matches!(error, StoreError::Reused { id: found } if found == Uuid::from_u128(id)), "{error}");
    }
    assert_eq!(rig.read_from(shop(), 0, 10).await.unwrap().len(), 2);
    assert_eq!(rig.streams().await.unwrap(), [shop()]);
}

pub(crate) async fn a_decision_is_appended_whole_or_not_at_all(rig: Rig) {
    assert_eq!(rig.append(append(shop(), 0, &[1, 2, 3])).await.unwrap().len(), 3);
    // The last of three fails, and takes the others with it.
    rig.append(append(shop(), 3, &[4, 5, 1])).await.unwrap_err();
    assert_eq!(rig.read_from(shop(), 0, 10).await.unwrap().len(), 3);
    rig.append(append(shop(), 3, &[4, 5])).await.unwrap();
    assert_eq!(rig.append(append(shop(), 5, &[])).await.unwrap(), []);
}

pub(crate) async fn entries_are_gapless_chained_and_stamped(rig: Rig) {
    let mut written = rig.append(append(shop(), 0, &[1, 2])).await.unwrap();
    let later = rig.clock.advance(Duration::from_millis(1));
    written.extend(rig.append(append(shop(), 2, &[3])).await.unwrap());
    let read = rig.read_from(shop(), 0, 10).await.unwrap();
    assert_eq!(read, written);
    assert_eq!(read.iter().map(|entry| entry.version).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(read.iter().map(|entry| entry.at).collect::<Vec<_>>(), [NOON, NOON, later]);
    assert_eq!(read[0].prev_hash, Hash::default());
    let head = Head { version: 3, hash: read[2].hash };
    assert_eq!(verify_chain(Head::default(), &read), Ok(head));
    assert_eq!(verify(rig.store.as_ref(), shop()).await.unwrap(), head);
}

pub(crate) async fn pages_join_without_a_seam(rig: Rig) {
    let written = rig.append(append(shop(), 0, &[1, 2, 3, 4, 5])).await.unwrap();
    for (after, limit, expected) in [
        (0, 2, &written[..2]),
        (2, 2, &written[2..4]),
        (4, 2, &written[4..]),
        (5, 2, &[]),
        (9, 2, &[]),
        (0, 0, &[]),
    ] {
        assert_eq!(rig.read_from(shop(), after, limit).await.unwrap(), expected, "{after} {limit}");
    }
    assert_eq!(rig.read_from(shop(), 0, usize::MAX).await.unwrap(), written);
    assert_eq!(rig.read_from(shop(), u64::MAX, usize::MAX).await.unwrap(), []);
}

pub(crate) async fn only_an_expanding_decision_grows_stale(rig: Rig) {
    let limit = Duration::from_millis(DECISION_AGE_MS_MAX.unsigned_abs());
    rig.clock.advance(limit);
    let mut advance = append(shop(), 0, &[1]);
    advance.decided = Some(decided(NOON, true));
    rig.append(advance.clone()).await.unwrap();

    let now = rig.clock.advance(Duration::from_millis(1));
    (advance.expected, advance.drafts) = (1, append(shop(), 1, &[2]).drafts);
    let error = rig.append(advance.clone()).await.unwrap_err();
    assert!(matches!(error, StoreError::Stale { decided_at: NOON, now: at } if at == now), "{error}");

    rig.clock.advance(Duration::from_hours(24));
    advance.decided = Some(decided(NOON, false));
    rig.append(advance).await.unwrap();
}

pub(crate) async fn eight_writers_lose_nothing(rig: Rig) {
    const EACH: u128 = 20;
    let writers: Vec<_> = (0..8_u128)
        .map(|writer| {
            let store = rig.store.clone();
            tokio::spawn(async move {
                let (mut acknowledged, mut expected) = (Vec::new(), 0);
                for n in 0..EACH {
                    let id = writer * EACH + n + 1;
                    acknowledged.push(loop {
                        match store.append(append(shop(), expected, &[id])).await {
                            Ok(entries) => break entries[0].clone(),
                            Err(StoreError::Conflict { head, .. }) => expected = head,
                            Err(other) => panic!("{other}"),
                        }
                    });
                    expected = acknowledged.last().unwrap().version;
                }
                acknowledged
            })
        })
        .collect();
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.unwrap());
    }
    acknowledged.sort_by_key(|entry| entry.version);
    let rig = rig.restart().await;
    assert_eq!(rig.read_from(shop(), 0, 1_000).await.unwrap(), acknowledged);
    assert_eq!(verify(rig.store.as_ref(), shop()).await.unwrap().version, 160);
}

pub(crate) async fn streams_are_listed_and_apart(rig: Rig) {
    assert_eq!(rig.streams().await.unwrap(), []);
    assert_eq!(rig.read_from(shop(), 0, 10).await.unwrap(), []);
    assert_eq!(verify(rig.store.as_ref(), shop()).await.unwrap(), Head::default());
    rig.append(append(stream("zoo"), 0, &[1])).await.unwrap();
    rig.append(append(Stream::Server, 0, &[2])).await.unwrap();
    rig.append(append(stream("Art"), 0, &[3])).await.unwrap();
    assert_eq!(rig.streams().await.unwrap(), [Stream::Server, stream("Art"), stream("zoo")]);
    let server = rig.read_from(Stream::Server, 0, 10).await.unwrap();
    assert_eq!(server.iter().map(|entry| (entry.version, entry.id.as_u128())).collect::<Vec<_>>(), [(1, 2)]);
}

pub(crate) async fn too_much_is_refused_with_the_figure(rig: Rig) {
    let mut append = append(shop(), 0, &[1]);
    append.drafts[0].body = "x".repeat(ENTRY_BODY_BYTES_MAX + 1);
    let error = rig.append(append).await.unwrap_err().to_string();
    assert_eq!(error, "could not store an entry's bytes: 4194305 is over the limit of 4194304");
}

pub(crate) async fn the_log_survives_a_restart(rig: Rig) {
    let written = rig.append(append(shop(), 0, &[1, 2])).await.unwrap();
    let rig = rig.restart().await;
    assert_eq!(rig.read_from(shop(), 0, 10).await.unwrap(), written);
    assert_eq!(rig.append(append(shop(), 0, &[1, 2])).await.unwrap(), written);
    assert_eq!(rig.append(append(shop(), 2, &[3])).await.unwrap()[0].prev_hash, written[1].hash);
    let rig = rig.restart().await;
    assert_eq!(verify(rig.store.as_ref(), shop()).await.unwrap().version, 3);
}
