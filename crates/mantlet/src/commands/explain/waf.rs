//! A refusal by the WAF: the narrowest exception, and what else would pass under it.

use std::path::PathBuf;

use mantlet_event::Redactor;
use mantlet_gate::guards::Services;
use mantlet_gate::guards::waf::ExceptionSection;
use mantlet_gate::pipeline::{Finding, FindingSource};
use mantlet_gate::recording::Recorded;
use mantlet_gate::replay::{Judged, Replay};
use mantlet_waf::detect::Class;
use serde_json::{Value as Json, json};
use tokio::runtime::Runtime;

use super::edit::{Change, changed, fragment};
use super::spot::Spot;
use super::{Asked, apply};
use crate::cli::ServerFlags;
use crate::commands::waf::{runtime, services, verdict};
use crate::commands::{Failure, Outcome};
use crate::config::{Need, Ready, Trial, read, read_trial};
use crate::{output, recording};

/// Most exceptions that one request may need.
const EXCEPTIONS: usize = 16;
/// Most requests that would newly pass and are named.
const NAMED: usize = 10;
/// How sure another detector must be to call a request suspicious: less than is needed to refuse.
const SUSPICION: u16 = 40;

/// A refusal by a rule or a detector, as its event tells it.
#[derive(Debug)]
pub(super) struct Refused {
    spot: Option<Spot>,
    /// The request as far as the event knows it: without query, fields and body.
    sketch: Recorded,
    finding: Finding,
}

impl Refused {
    /// The refusal that `record` tells of; `None` when it tells of something else.
    pub(super) fn of(record: &Json) -> Option<Self> {
        let text =
            |key: &str| record.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
        if text("guard") != "waf" {
            return None;
        }
        let rule = record.get("rule_id").and_then(Json::as_u64);
        let source = match rule {
            Some(rule) => FindingSource::Rule(rule),
            None => FindingSource::Detector(Class::named(&text("class"))?.name()),
        };
        let finding = Finding {
            source,
            place: text("place").into(),
            name: text("parameter"),
            evidence: text("evidence"),
            decoding: text("decoding"),
            score: record.get("score").and_then(Json::as_i64).unwrap_or_default(),
            message: text("message"),
        };
        let sketch = Recorded {
            id: text("request_id"),
            method: text("http.request.method"),
            host: text("url.domain"),
            target: text("url.path"),
            ..Recorded::default()
        };
        Some(Self { spot: Spot::of(record), sketch, finding })
    }
}

/// The present configuration, and everything to try another one.
struct Bench {
    flags: ServerFlags,
    ready: Ready,
    file: Option<PathBuf>,
    services: Services,
    runtime: Runtime,
}

/// An exception, and what is known of it.
struct Proposal {
    spot: Spot,
    exceptions: Vec<ExceptionSection>,
    /// What holds at the place without it.
    inherited: Vec<ExceptionSection>,
    /// From where on a request is refused there; `None` where rules themselves say that.
    threshold: Option<u16>,
    /// The whole configuration with it.
    text: String,
    replay: Replay,
    /// Whether the request itself would pass; `None` when it is not recorded.
    passes: Option<bool>,
}

/// What became of the recording under an exception.
#[derive(Default)]
struct Tried {
    requests: u64,
    refused: u64,
    /// Other requests that would pass and are refused now.
    newly: u64,
    /// Those of them that look like attacks all the same.
    suspicious: u64,
    named: Vec<String>,
}

/// Tells the exception for `refused`, tries it on the recording, and applies it where that is asked.
pub(super) fn explain(
    refused: &Refused,
    asked: &Asked,
    flags: ServerFlags,
) -> Result<Outcome, Failure> {
    let Some(bench) = Bench::new(flags)? else { return Ok(Outcome::Unusable) };
    let Some(spot) = refused.spot.clone() else {
        return without(asked, "no route can name the path of this request");
    };
    let spot = match &asked.path {
        Some(pattern) => spot.widened(pattern)?,
        None => spot,
    };
    let Some(mut proposal) = bench.propose(refused, spot)? else {
        return without(asked, "no exception can name what was found");
    };
    let tried = bench.attempt(refused, &mut proposal)?;
    output::say(&if asked.as_json {
        as_json(&proposal, tried.as_ref()).to_string()
    } else {
        let next = (!asked.apply).then(|| bench.way_in(&refused.sketch.id));
        describe(&proposal, tried.as_ref(), next)
    });
    if asked.apply { bench.apply(&proposal, tried.as_ref(), asked) } else { Ok(Outcome::Fine) }
}

fn without(asked: &Asked, why: &str) -> Result<Outcome, Failure> {
    if asked.apply {
        return Err(why.into());
    }
    if !asked.as_json {
        output::say(&format!("  {why}: write one by hand, for the route"));
    }
    Ok(Outcome::Fine)
}

impl Bench {
    fn new(flags: ServerFlags) -> Result<Option<Self>, Failure> {
        let read = read(&flags, Need::Nothing);
        let file = read.file.clone();
        match read.judge() {
            Ok(ready) => {
                Ok(Some(Self { flags, ready, file, services: services(), runtime: runtime()? }))
            }
            Err(problems) => {
                output::note(problems.to_string().trim_end());
                Ok(None)
            }
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(self.ready.text.as_deref().unwrap_or_default()).into_owned()
    }

    /// The WAF under the configuration `text`.
    fn replay(&self, text: String) -> Result<Replay, Failure> {
        let trial = Trial { text: Some(text), settings: Vec::new() };
        match read_trial(&self.flags, Need::Nothing, &trial).judge() {
            Ok(ready) => Ok(Replay::new(ready.resolved, &self.services)),
            Err(problems) => {
                let problems = problems.to_string();
                Err(format!("the configuration cannot be used:\n{}", problems.trim_end()).into())
            }
        }
    }

    fn judge(&self, replay: &Replay, request: &Recorded) -> Judged {
        self.runtime.block_on(replay.judge(request))
    }

    /// The exception that the event itself calls for.
    fn propose(&self, refused: &Refused, spot: Spot) -> Result<Option<Proposal>, Failure> {
        let Some(exception) = ExceptionSection::of(&refused.finding) else { return Ok(None) };
        let present = self.replay(self.text())?;
        let settings = self.judge(&present, &refused.sketch).settings;
        let inherited = settings.exceptions.clone();
        let exceptions = vec![exception];
        let change = Change::Exceptions { inherited: &inherited, more: &exceptions };
        let text = changed(&self.text(), &spot, &change)?;
        let replay = self.replay(text.clone())?;
        // Rules that these settings do not name have a threshold that nobody knows here.
        let is_known = !settings.rules.is_empty() || exceptions.iter().all(|it| it.rule.is_none());
        let threshold = settings.shown_threshold().filter(|_| is_known);
        let passes = None;
        Ok(Some(Proposal { spot, exceptions, inherited, threshold, text, replay, passes }))
    }

    /// Tries a proposal on the recording, after adding what the request itself still needs; `None`
    /// when nothing is recorded.
    fn attempt(
        &self,
        refused: &Refused,
        proposal: &mut Proposal,
    ) -> Result<Option<Tried>, Failure> {
        let (config, environment) = (&self.ready.config, &self.ready.environment);
        if !mantlet_gate::recording::folder(&self.data()).is_dir() {
            return Ok(None);
        }
        let mut own = None;
        recording::read(config, environment, |request| {
            if request.id == refused.sketch.id {
                own = Some(request);
            }
        })?;
        if let Some(own) = &own {
            self.complete(proposal, own)?;
        }
        let present = self.replay(self.text())?;
        let mut tried = Tried::default();
        recording::read(config, environment, |request| {
            let is_own = request.id == refused.sketch.id;
            self.compare(&present, proposal, &request, is_own, &mut tried);
        })?;
        Ok(Some(tried))
    }

    fn data(&self) -> PathBuf {
        let usual = || crate::data::usual_place(&self.ready.environment);
        self.ready.config.data.clone().unwrap_or_else(usual)
    }

    /// Adds exceptions until the request passes, or the next one would bring nothing.
    fn complete(&self, proposal: &mut Proposal, own: &Recorded) -> Result<(), Failure> {
        loop {
            let judged = self.judge(&proposal.replay, own);
            let Some(denial) = judged.outcome.refusal() else {
                proposal.passes = Some(true);
                return Ok(());
            };
            proposal.passes = Some(false);
            let is_known = |next: &ExceptionSection| {
                proposal.exceptions.iter().any(|known| format!("{known:?}") == format!("{next:?}"))
            };
            let mut named = denial.findings().iter().filter_map(ExceptionSection::of);
            let Some(next) = named.find(|next| !is_known(next)) else { return Ok(()) };
            if proposal.exceptions.len() >= EXCEPTIONS {
                return Ok(());
            }
            proposal.exceptions.push(next);
            let Proposal { inherited, exceptions, spot, .. } = &*proposal;
            let change = Change::Exceptions { inherited, more: exceptions };
            let text = changed(&self.text(), spot, &change)?;
            proposal.replay = self.replay(text.clone())?;
            proposal.text = text;
        }
    }

    fn compare(
        &self,
        present: &Replay,
        proposal: &Proposal,
        request: &Recorded,
        is_own: bool,
        tried: &mut Tried,
    ) {
        tried.requests = tried.requests.saturating_add(1);
        if self.judge(present, request).outcome.refusal().is_none() {
            return;
        }
        tried.refused = tried.refused.saturating_add(1);
        if is_own || self.judge(&proposal.replay, request).outcome.refusal().is_some() {
            return;
        }
        tried.newly = tried.newly.saturating_add(1);
        let terms = (SUSPICION, proposal.exceptions.as_slice());
        let opinion = present.second_opinion(request, terms, &self.services);
        let opinion = self.runtime.block_on(opinion);
        let suspicion = opinion.refusal();
        tried.suspicious = tried.suspicious.saturating_add(u64::from(suspicion.is_some()));
        if tried.named.len() < NAMED {
            let redactor = Redactor::new();
            let mut text = format!("{} {}", request.id, verdict::request(request, &redactor));
            if let Some(denial) = suspicion {
                let found = denial.findings().first().map_or(String::new(), |finding| {
                    format!("{} in {} `{}`", finding.score, finding.place, finding.name)
                });
                let names = verdict::sources(denial).join(" ");
                text += &verdict::discreet(&format!(" looks like {names} {found}"), &redactor);
            }
            tried.named.push(text);
        }
    }

    /// How the proposal for the refusal `id` comes into the configuration.
    fn way_in(&self, id: &str) -> String {
        match self.file {
            Some(_) => format!("  to put it into the configuration: mantlet explain {id} --apply"),
            None => "  to keep it: make a configuration file with `mantlet init` and put it there"
                .into(),
        }
    }

    fn apply(
        &self,
        proposal: &Proposal,
        tried: Option<&Tried>,
        asked: &Asked,
    ) -> Result<Outcome, Failure> {
        let Some(file) = &self.file else {
            let hint = "make one with `mantlet init`, or name it with --config";
            return Err(format!("there is no configuration file\n  hint: {hint}").into());
        };
        if !asked.force && tried.is_some_and(|tried| tried.suspicious > 0) {
            let hint = "look at them; --force applies it all the same";
            output::note(&format!("not applied: attacks may pass under it\n  hint: {hint}"));
            return Ok(Outcome::Findings);
        }
        let before = self.ready.text.as_deref().unwrap_or_default();
        apply::replace(file, before, &proposal.text)
            .map_err(|error| format!("`{}`: {error}", file.display()))?;
        let next = if self.ready.config.reload.watch {
            "a running server takes it up by itself"
        } else {
            "`mantlet reload` puts it in force"
        };
        output::note(&format!("written to `{}`; {next}", file.display()));
        Ok(Outcome::Fine)
    }
}

fn text_of(proposal: &Proposal) -> String {
    let Proposal { spot, inherited, exceptions, .. } = proposal;
    fragment(spot, &Change::Exceptions { inherited, more: exceptions })
}

fn describe(proposal: &Proposal, tried: Option<&Tried>, next: Option<String>) -> String {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(proposal.threshold.map(|threshold| format!("  threshold {threshold}")));
    lines.push("  to let such values pass, and nothing else:\n".to_owned());
    let toml = text_of(proposal);
    lines.extend(toml.trim().lines().map(|line| format!("    {line}").trim_end().to_owned()));
    lines.push(String::new());
    match tried {
        None => lines.push("  not tried: nothing is recorded (see `[recording]`)".to_owned()),
        Some(Tried { requests, refused, newly, suspicious, named }) => {
            lines.push(format!("  tried on {requests} recorded requests, {refused} refused now:"));
            lines.push(match proposal.passes {
                Some(true) => "    this request passes under it".to_owned(),
                Some(false) => "    this request is refused under it all the same".to_owned(),
                None => "    this request is not recorded".to_owned(),
            });
            lines.push(format!(
                "    {newly} others pass under it, {suspicious} of them look like attacks"
            ));
            lines.extend(named.iter().map(|one| format!("      {one}")));
        }
    }
    lines.extend(next);
    lines.join("\n")
}

fn as_json(proposal: &Proposal, tried: Option<&Tried>) -> Json {
    let tried = tried.map(|tried| {
        json!({
            "requests": tried.requests,
            "refused": tried.refused,
            "newly_passed": tried.newly,
            "suspicious": tried.suspicious,
            "named": tried.named,
        })
    });
    json!({ "exception": {
        "toml": text_of(proposal),
        "tried": tried,
        "request_passes": proposal.passes,
        "threshold": proposal.threshold,
    } })
}
