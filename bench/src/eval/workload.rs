//! The workloads, said once and translated for each engine.
//!
//! W1 static boolean; W2 one rule, country in five values; W3 half by subject; W4 ten rules of three conditions each,
//! of which the last matches, then a weighted three-way split; W5 a segment of 10 000 ids, then 20 %; W6 all of 500
//! flags (of ten: three W1, three W2, three W3, one W4) for one subject.

/// How many subjects there are, and how many ids the segment lists.
pub const SUBJECTS: usize = 10_000;
/// Flags of W6, and of the measure of memory.
pub const FLAGS: usize = 500;
/// The evaluation's present: 2026-11-24T00:00:00Z.
pub const NOW_MS: i64 = 1_795_478_400_000;

/// What a flag does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    W1,
    W2,
    W3,
    W4,
    W5,
}

/// One test of an attribute.
#[derive(Clone, Debug)]
pub enum Test {
    In(Vec<String>),
    AtLeast(u32),
    VersionAtLeast(&'static str),
}

/// The kinds of flags in the order in which W6 has them.
pub fn mixed(count: usize) -> impl Iterator<Item = (String, Kind)> {
    (0..count).map(|n| {
        let kind = match n % 10 {
            0..3 => Kind::W1,
            3..6 => Kind::W2,
            6..9 => Kind::W3,
            _ => Kind::W4,
        };
        (format!("flag-{n:05}"), kind)
    })
}

/// The five countries of W2.
pub fn five() -> Vec<String> {
    ["DE", "FR", "IT", "ES", "NL"].map(str::to_owned).to_vec()
}

/// The conditions of W4: each rule's attributes with their tests. One of the three fails in all but the last.
pub fn ten_rules() -> Vec<[(&'static str, Test); 3]> {
    let list = |first: &str| -> Vec<String> {
        std::iter::once(first.to_owned()).chain((1..20).map(|n| format!("region-{n}"))).collect()
    };
    let rule = |n: u32| {
        let region = ("region", Test::In(list(if n % 3 == 0 { "nowhere" } else { "west" })));
        let age = ("age", Test::AtLeast(if n % 3 == 1 { 200 + n } else { 10 }));
        let app = ("app", Test::VersionAtLeast(if n % 3 == 2 { "9.1.0" } else { "1.2.0" }));
        [region, age, app]
    };
    let last = [
        ("plan", Test::In(vec!["pro".to_owned()])),
        ("age", Test::AtLeast(1)),
        ("app", Test::VersionAtLeast("1.0.0")),
    ];
    (0..9).map(rule).chain(std::iter::once(last)).collect()
}

/// Ids of the segment: half of the subjects are among them.
pub fn listed() -> Vec<String> {
    (SUBJECTS / 2..SUBJECTS / 2 + SUBJECTS).map(|n| format!("user-{n}")).collect()
}

/// A subject with eight attributes beside its key.
#[derive(Clone, Debug)]
pub struct Subject {
    pub key: String,
    pub country: &'static str,
    pub email: String,
    pub age: u32,
    pub app: String,
}

/// All subjects.
pub fn subjects() -> Vec<Subject> {
    const COUNTRIES: [&str; 10] = ["DE", "FR", "IT", "ES", "NL", "US", "CA", "BR", "JP", "IN"];
    let subject = |n: usize| Subject {
        key: format!("user-{n}"),
        country: COUNTRIES[n % COUNTRIES.len()],
        email: format!("user-{n}@example.org"),
        age: 18 + u32::try_from(n % 60).unwrap_or(0),
        app: format!("{}.{}.{}", 1 + n % 5, n % 12, n % 30),
    };
    (0..SUBJECTS).map(subject).collect()
}
