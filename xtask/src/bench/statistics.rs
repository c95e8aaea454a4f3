//! Medians of pairs: what survives a noisy machine.

/// The middle of some values with their extremes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

/// The spread of `values`; `None` when there are none.
pub(super) fn spread(values: &[f64]) -> Option<Spread> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    let lower = match sorted.len() % 2 {
        0 => *sorted.get(middle.checked_sub(1)?)?,
        _ => upper,
    };
    Some(Spread {
        median: f64::midpoint(lower, upper),
        min: *sorted.first()?,
        max: *sorted.last()?,
    })
}

/// The spread of `ours / theirs`, taken pair by pair: both of a pair ran in the same round.
pub(super) fn ratios(ours: &[f64], theirs: &[f64]) -> Option<Spread> {
    let pairs = ours.iter().zip(theirs);
    let ratios: Vec<f64> = pairs.map(|(own, other)| own / other).collect();
    spread(&ratios)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_value_or_the_mean_of_two() {
        assert_eq!(spread(&[3.0, 1.0, 2.0]).unwrap().median, 2.0);
        let even = spread(&[4.0, 1.0, 2.0, 3.0]).unwrap();
        assert_eq!((even.median, even.min, even.max), (2.5, 1.0, 4.0));
        assert_eq!(spread(&[]), None);
    }

    #[test]
    fn ratios_pair_values_of_the_same_round() {
        let ratio = ratios(&[10.0, 30.0, 50.0], &[10.0, 15.0, 100.0]).unwrap();
        assert_eq!((ratio.median, ratio.min, ratio.max), (1.0, 0.5, 2.0));
    }
}
