//! How figures are printed: one line each, with the bar beside it.

use crate::load::Round;

/// A bar as the share of the echo's requests per second that must hold, and the one that is the aim.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bar {
    pub(crate) must: f64,
    pub(crate) aim: Option<f64>,
}

pub(crate) fn heading(text: &str) {
    println!("\n{text}");
    println!(
        "{:<36}{:>10}{:>9}{:>9}{:>9}  {:<13}{:>9}{:>7}{:>7}  bar",
        "", "answers/s", "p50 ms", "p99 ms", "cpu us", "answers", "echo/s", "ratio", "by cpu"
    );
}

/// A load against the server and the same load against the echo.
pub(crate) fn ratio(name: &str, ours: Round, floor: Round, bar: Bar, answers: &str) {
    let ratio = ours.per_second / floor.per_second;
    let verdict = match bar.aim {
        Some(aim) if ratio >= aim => format!("must {:.2} and aim {aim:.2}: held", bar.must),
        Some(aim) if ratio >= bar.must => format!("must {:.2}: held (aim {aim:.2})", bar.must),
        None if ratio >= bar.must => format!("must {:.2}: held", bar.must),
        Some(_) | None => format!("must {:.2}: NOT held", bar.must),
    };
    println!(
        "{name:<36}{:>10.0}{:>9}{:>9}{:>9.1}  {answers:<13}{:>9.0}{ratio:>7.2}{:>7.2}  {verdict}",
        ours.per_second,
        milliseconds(ours.p50_us),
        milliseconds(ours.p99_us),
        ours.processor_us,
        floor.per_second,
        floor.processor_us / ours.processor_us,
    );
}

/// One figure with a limit that it should stay under.
pub(crate) fn under(name: &str, figure: f64, unit: &str, limit: Option<f64>) {
    let verdict = match limit {
        Some(limit) if figure <= limit => format!("must be at most {limit} {unit}: held"),
        Some(limit) => format!("must be at most {limit} {unit}: NOT held"),
        None => String::new(),
    };
    println!("{name:<52} {figure:>10.2} {unit:<4} {verdict}");
}

fn milliseconds(us: u64) -> String {
    format!("{}.{:03}", us / 1000, us % 1000)
}

/// The share of sorted figures below which `per_mille` of a thousand are.
pub(crate) fn quantile(sorted: &[f64], per_mille: usize) -> f64 {
    let at = (sorted.len() * per_mille).div_ceil(1000).saturating_sub(1);
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_nearest_rank() {
        let sorted: Vec<f64> = (1..=1000).map(f64::from).collect();
        for (per_mille, expected) in [(500, 500.0), (990, 990.0), (1000, 1000.0)] {
            assert!((quantile(&sorted, per_mille) - expected).abs() < 1e-9);
        }
        assert!(quantile(&[], 500).is_nan());
    }
}
