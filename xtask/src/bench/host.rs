//! What the machine did besides: other programs, and, where it is a virtual one, its host.

use std::fs;

use crate::Outcome;
use crate::terminal::say;

/// Largest share of the processors that the host may give to others while a round is measured. A
/// processor that stands still for milliseconds makes every tail of a distribution its own.
const MOST_STOLEN: f64 = 0.01;

/// How often a round is measured, at most, until the host lets it be.
const ATTEMPTS: u32 = 3;

/// Under which conditions a benchmark ran.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Conditions {
    /// The load average of the minute before.
    pub(super) load_average: String,
    /// What the host took in each round that counts, as a share of the processors.
    pub(super) stolen: Vec<f64>,
}

impl Conditions {
    /// Those of now.
    pub(super) fn now() -> Self {
        Self { load_average: load_average(), stolen: Vec::new() }
    }

    /// What `measure` gives when the host takes little meanwhile; after [`ATTEMPTS`] that of the
    /// quietest one.
    pub(super) fn undisturbed<T>(&mut self, mut measure: impl FnMut() -> Outcome<T>) -> Outcome<T> {
        let mut best: Option<(f64, T)> = None;
        for attempt in 1..=ATTEMPTS {
            let before = Ticks::now()?;
            let measured = measure()?;
            let stolen = Ticks::now()?.stolen_since(before);
            if best.as_ref().is_none_or(|(least, _)| stolen < *least) {
                best = Some((stolen, measured));
            }
            if stolen <= MOST_STOLEN {
                break;
            }
            let again = if attempt < ATTEMPTS { ": measured again" } else { "" };
            say(format!("the host took {:.1} % of the processors{again}", stolen * 100.0));
        }
        let (stolen, measured) = best.ok_or("nothing was measured")?;
        self.stolen.push(stolen);
        Ok(measured)
    }

    /// A sentence for the page.
    pub(super) fn told(&self) -> String {
        let most = self.stolen.iter().copied().fold(0.0, f64::max);
        let disturbed = self.stolen.iter().filter(|share| **share > MOST_STOLEN).count();
        format!(
            "Load average of the machine before the run: {}. A round in which the host of a virtual machine took more\nthan {:.0} % of the processors was measured again, up to {ATTEMPTS} times: of {} rounds {disturbed} stayed above, the worst at {:.1} %.",
            self.load_average,
            MOST_STOLEN * 100.0,
            self.stolen.len(),
            most * 100.0
        )
    }
}

/// The load average of the last minute: what other programs take from a run.
pub(super) fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// Time of all processors, in clock ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ticks {
    total: u64,
    /// What the host gave to others (`steal`, proc_stat(5)).
    stolen: u64,
}

impl Ticks {
    fn now() -> Outcome<Self> {
        let text =
            fs::read_to_string("/proc/stat").map_err(|error| format!("/proc/stat: {error}"))?;
        Self::read(&text).ok_or_else(|| "/proc/stat does not begin with the processors".to_owned())
    }

    fn read(text: &str) -> Option<Self> {
        let line = text.lines().next()?.strip_prefix("cpu ")?;
        // user, nice, system, idle, iowait, irq, softirq, steal; guests are part of user.
        let fields: Option<Vec<u64>> =
            line.split_whitespace().take(8).map(|field| field.parse().ok()).collect();
        let fields = fields?;
        Some(Self { total: fields.iter().sum(), stolen: *fields.get(7)? })
    }

    fn stolen_since(self, before: Self) -> f64 {
        let part = |now: u64, before: u64| {
            u32::try_from(now.saturating_sub(before)).map_or(f64::INFINITY, f64::from)
        };
        part(self.stolen, before.stolen) / part(self.total, before.total).max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_host_took_is_a_share_of_all_time() {
        let read = |text: &str| Ticks::read(text).unwrap();
        let before = read("cpu  100 0 50 800 10 0 5 35 7 7\ncpu0 1\n");
        assert_eq!(before, Ticks { total: 1000, stolen: 35 });
        let after = read("cpu  150 0 70 900 10 0 5 65 7 7\n");
        assert!((after.stolen_since(before) - 0.15).abs() < 1e-9);
        assert_eq!(Ticks::read("intr 1"), None);
        assert_eq!(Ticks::read("cpu  1 2 3"), None);
    }

    #[test]
    fn a_quiet_round_is_measured_once_and_the_page_says_what_was() {
        let mut conditions =
            Conditions { load_average: "0.10".to_owned(), stolen: vec![0.004, 0.2] };
        let mut count = 0;
        let measured = conditions.undisturbed(|| {
            count += 1;
            Ok(count)
        });
        assert!((1..=count).contains(&measured.unwrap()) && count <= ATTEMPTS);
        conditions.stolen.truncate(2);
        assert!(conditions.told().contains("of 2 rounds 1 stayed above, the worst at 20.0 %"));
    }
}
