//! `mantlet waf replay`: what the WAF would have refused of requests of before.

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use mantlet_event::Redactor;
use mantlet_gate::guards::Services;
use mantlet_gate::recording::Recorded;
use mantlet_gate::replay::{Entry, Judged, Replay, read as read_source};
use mantlet_types::{SystemClock, SystemRng};
use serde_json::json;
use tokio::runtime::Runtime;

use super::tally::Tally;
use super::verdict;
use crate::cli::{ReplayFlags, ServerFlags};
use crate::commands::{Failure, Outcome};
use crate::config::{Need, Ready, Trial, absolute, read_trial};
use crate::{output, recording};

/// Where there is no terminal, how many requests go by between two signs of life.
const SIGN: u64 = 50_000;

/// Replays requests and tells.
struct Player<'f> {
    flags: &'f ReplayFlags,
    runtime: Runtime,
    tried: Replay,
    /// The present settings, where the difference is asked for.
    present: Option<Replay>,
    redactor: Redactor,
    tally: Tally,
    told: u64,
    bar: ProgressBar,
}

pub(super) fn execute(flags: &ReplayFlags) -> Result<Outcome, Failure> {
    let server = ServerFlags { place: flags.place.clone(), ..ServerFlags::default() };
    let trial = Trial { text: None, settings: trial(flags) };
    let Some(ready) = read_trial(&server, Need::Nothing, &trial).ready() else {
        return Ok(Outcome::Unusable);
    };
    let present = if flags.diff {
        let present = read_trial(&server, Need::Nothing, &Trial::default());
        let Some(present) = present.ready() else { return Ok(Outcome::Unusable) };
        Some(Replay::new(present.resolved, &services()))
    } else {
        None
    };
    let Ready { config, resolved, environment, .. } = ready;
    let mut player = Player {
        flags,
        runtime: runtime()?,
        tried: Replay::new(resolved, &services()),
        present,
        redactor: Redactor::new(),
        tally: Tally::default(),
        told: 0,
        bar: bar(flags.file.as_deref()),
    };
    let read = match &flags.file {
        Some(file) => read_source(file, |entry| player.play(entry))
            .map_err(|error| format!("`{}`: {error}", file.display())),
        None => {
            let read = recording::read(&config, &environment, |request| {
                let place = request.id.clone();
                player.play(Entry { place, read: 0, request: Ok(request) });
            });
            read.map(|_| ()).map_err(|error| error.to_string())
        }
    };
    player.bar.finish_and_clear();
    if read.is_ok() || player.tally.requests > 0 {
        player.summary();
    }
    read?;
    let is_changed = player.tally.newly != (0, 0);
    let is_finding = if flags.diff { is_changed } else { player.tally.refused > 0 };
    Ok(if is_finding || player.tally.faults > 0 { Outcome::Findings } else { Outcome::Fine })
}

/// What to try, as flags over the configuration.
fn trial(flags: &ReplayFlags) -> Vec<(&'static str, &'static str, String)> {
    let number = |number: Option<u16>| number.map(|number| number.to_string());
    let rules = flags.rules.as_deref().map(absolute);
    let tried = [
        ("guards.waf.rules", "--rules", rules),
        ("guards.waf.paranoia", "--paranoia", number(flags.paranoia)),
        ("guards.waf.threshold", "--threshold", number(flags.threshold)),
    ];
    tried.into_iter().filter_map(|(key, flag, value)| Some((key, flag, value?))).collect()
}

/// What a guard is built from where there is no server.
pub(crate) fn services() -> Services {
    Services::detached(Arc::new(SystemClock::new()), Arc::new(SystemRng))
}

/// Guards may look at large bodies on threads of their own.
pub(crate) fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_time().build()
}

/// A bar on a terminal, nothing elsewhere.
fn bar(file: Option<&Path>) -> ProgressBar {
    let size = file.and_then(|file| std::fs::metadata(file).ok()).map(|about| about.len());
    match size.filter(|_| std::io::stderr().is_terminal()) {
        None => ProgressBar::hidden(),
        Some(size) => {
            let style = ProgressStyle::with_template("{bar:32} {bytes}/{total_bytes} {eta}");
            ProgressBar::new(size)
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        }
    }
}

impl Player<'_> {
    fn play(&mut self, entry: Entry) {
        self.bar.set_position(entry.read);
        let request = match entry.request {
            Ok(request) => request,
            Err(why) => return self.tally.fault(&entry.place, &why),
        };
        let judged = self.runtime.block_on(self.tried.judge(&request));
        self.tally.count(&judged, request.body_omitted.is_some());
        let before = self.present.as_ref().map(|replay| {
            let judged = self.runtime.block_on(replay.judge(&request));
            judged.outcome.refusal().is_some()
        });
        self.tell(&entry.place, &request, &judged, before);
        if self.bar.is_hidden() && self.tally.requests.is_multiple_of(SIGN) {
            output::note(&format!("{} requests so far", self.tally.requests));
        }
    }

    /// Tells of a refusal, or of a difference where that is asked for.
    fn tell(&mut self, place: &str, request: &Recorded, judged: &Judged, before: Option<bool>) {
        let refusal = judged.outcome.refusal();
        let change = match (before, refusal) {
            (Some(false), Some(_)) => {
                self.tally.newly.0 = self.tally.newly.0.saturating_add(1);
                "newly refused: "
            }
            (Some(true), None) => {
                self.tally.newly.1 = self.tally.newly.1.saturating_add(1);
                "newly passes"
            }
            (None, Some(_)) => "",
            _ => return,
        };
        self.told = self.told.saturating_add(1);
        if self.told > self.flags.limit {
            return;
        }
        let text = if self.flags.json {
            let line = json!({
                "place": place,
                "request": verdict::request(request, &self.redactor),
                "id": request.id,
                "was": request.refused,
                "verdict": refusal.map(|denial| verdict::as_json(judged, denial, &self.redactor)),
                "refused_before": before,
            });
            line.to_string()
        } else {
            let what = refusal.map(|denial| verdict::line(judged, denial, &self.redactor));
            let about = verdict::request(request, &self.redactor);
            let route = &judged.route;
            format!("{place}: {about} (route {route}): {change}{}", what.unwrap_or_default())
        };
        self.bar.suspend(|| output::say(&text));
    }

    fn summary(&self) {
        if self.flags.json {
            return output::say(&json!({ "summary": self.tally.as_json() }).to_string());
        }
        let hidden = self.told.saturating_sub(self.flags.limit);
        if hidden > 0 {
            output::say(&format!("and {hidden} more, with `--limit {}`", self.told));
        }
        self.tally.lines(self.flags.diff).iter().for_each(|line| output::say(line));
    }
}
