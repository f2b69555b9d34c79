//! Buckets against the published vectors, which a script beside them computes without this crate.

use serde::Deserialize;

use crate::bucket;

#[derive(Deserialize)]
struct Vectors {
    algorithm: String,
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    salt: String,
    unit: Option<String>,
    repeat: Option<String>,
    times: Option<usize>,
    bucket: u32,
}

#[test]
fn buckets_match_the_vectors() {
    let text = include_str!("../../../../fixtures/eval/buckets.json");
    let Vectors { algorithm, vectors } = serde_json::from_str(text).unwrap();
    assert_eq!(algorithm, "flagd-v3");
    assert!(vectors.len() > 300);
    for vector in vectors {
        let unit = vector.unit.unwrap_or_else(|| vector.repeat.unwrap().repeat(vector.times.unwrap()));
        let shown: String = unit.chars().take(40).collect();
        assert_eq!(
            bucket(&vector.salt, &unit),
            vector.bucket,
            "{} {shown:?} of {} bytes",
            vector.salt,
            unit.len()
        );
    }
}

#[test]
fn buckets_spread_evenly() {
    // 100 000 sequential ids over ten spans: a fair hash stays within five standard deviations (about 475).
    let mut spans = [0_i32; 10];
    for n in 0..100_000 {
        spans[usize::try_from(bucket("s", &format!("user-{n}")) / 10_000).unwrap()] += 1;
    }
    assert!(spans.iter().all(|count| (count - 10_000).abs() < 475), "{spans:?}");
}
