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

#[test]
fn salts_do_not_know_of_one_another() {
    // Who is in the lower half under one salt is no likelier to be there under another: over all pairs of 24 similar
    // salts the agreements of 5 000 sequential ids spread like fair coins. In units of their standard deviation squared,
    // 276 pairs average to 1 within five of the average's own deviations (about 0.43).
    const UNITS: u32 = 5_000;
    let halves = |salt: u32| -> Vec<bool> {
        (0..UNITS).map(|n| bucket(&format!("salt-{salt}"), &format!("user-{n}")) < 50_000).collect()
    };
    let halves: Vec<Vec<bool>> = (0..24).map(halves).collect();
    let mut squares = Vec::new();
    for (at, one) in halves.iter().enumerate() {
        for other in &halves[..at] {
            let agree =
                u32::try_from(one.iter().zip(other).filter(|(one, other)| one == other).count()).unwrap();
            let deviation = f64::from(agree) - f64::from(UNITS) / 2.0;
            squares.push(deviation * deviation / (f64::from(UNITS) / 4.0));
        }
    }
    assert_eq!(squares.len(), 276);
    let mean = squares.iter().sum::<f64>() / 276.0;
    assert!((mean - 1.0).abs() < 0.43, "{mean}");
    assert!(squares.iter().all(|square| *square < 20.0), "{squares:?}");
}
