//! The gate against other proxies: every round gives each one slice of load, in an order that
//! rotates, so that a drift of the machine meets all of them.

use std::path::Path;
use std::process::Command;
use std::thread::available_parallelism;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use mantlet_types::{Clock, SystemClock};

use super::contest::Contest;
use super::host::Conditions;
use super::interrupt::Interrupt;
use super::latency::{self, Steady};
use super::load::{self, Load};
use super::peer::{self, Kind, Peer};
use super::report::{Measured, Report};
use super::upstream::{self, Case, FILES};
use super::{Arguments, cpu, report};
use crate::terminal::{is_interactive, say};
use crate::{Outcome, environment, process};

/// How long each latency is measured. A processor that the host of the machine stops for a few
/// milliseconds makes the tail of its slice; with short slices that is few of many.
const LATENCY_SLICE: Duration = Duration::from_millis(250);

/// So many rounds of latency for each second and round of load.
const LATENCY_ROUNDS: u32 = 12;

/// What no application is asked: a WAF that lets it pass looks at nothing.
const ATTACK: &str = "/1k.json?id=1%27%20OR%20%271%27=%271";

/// Builds the binary, measures, prints and, unless dry, writes the page.
pub(super) fn run(contest: &'static Contest, arguments: &Arguments) -> Outcome<()> {
    let interrupt = Interrupt::listen()?;
    let kinds = contest.kinds(arguments);
    require_machine(&kinds)?;
    if kinds.iter().any(|kind| kind.is_mantlet()) {
        build(arguments)?;
    }
    let folder = tempfile::Builder::new()
        .prefix("mantlet-bench-")
        .tempdir()
        .map_err(|error| format!("no temporary folder: {error}"))?;
    let measured = measure(contest, kinds, arguments, folder.path(), &interrupt)?;
    let page = report::render(&measured);
    say(&page);
    if arguments.dry {
        return Ok(());
    }
    let page_name = format!("docs/benchmarks/{}.md", contest.name);
    let place = environment::root().join(&page_name);
    let kept = std::fs::read_to_string(&place).unwrap_or_default();
    peer::write(&place, &report::with_notes(&page, &kept))?;
    say(format!("{page_name} written"));
    Ok(())
}

/// Fails unless everything that a benchmark needs is here.
pub(super) fn require_machine(kinds: &[Kind]) -> Outcome<()> {
    let cores = available_parallelism().map_or(1, usize::from);
    if cores < 2 {
        return Err(
            "this benchmark needs two cores: one for the proxy, one for the load".to_owned()
        );
    }
    let proxies = kinds.iter().filter_map(|kind| kind.program());
    for program in ["taskset", "wrk", "openssl", "nginx"].into_iter().chain(proxies) {
        if environment::find_program(program).is_none() {
            return Err(format!(
                "`{program}` is not installed: run `cargo xtask deps --install --suite bench`"
            ));
        }
    }
    Ok(())
}

/// Builds the binary that is measured, unless one was named.
pub(super) fn build(arguments: &Arguments) -> Outcome<()> {
    if let Some(binary) = &arguments.binary {
        return peer::measure_binary(binary);
    }
    say("building the release binary");
    let mut build = Command::new(environment::cargo());
    build.current_dir(environment::root());
    process::run(build.args(["build", "--release", "--quiet", "-p", "mantlet"]))
}

fn measure(
    contest: &'static Contest,
    kinds: Vec<Kind>,
    arguments: &Arguments,
    folder: &Path,
    interrupt: &Interrupt,
) -> Outcome<Report> {
    let mut conditions = Conditions::now();
    let (_application, application) = upstream::start(folder, interrupt)?;
    peer::certificate(folder)?;
    let peers = kinds
        .iter()
        .map(|kind| Peer::start(*kind, folder, application, interrupt))
        .collect::<Outcome<Vec<Peer>>>()?;
    peers.iter().try_for_each(|peer| prove(peer, interrupt))?;
    let cases = contest.cases(arguments);
    let rounds = usize::try_from(arguments.pairs).unwrap_or(usize::MAX);
    let progress = Progress::new(cases.len() * rounds * peers.len());
    let mut measured = Vec::new();
    for case in cases {
        for round in 0..rounds {
            let slices = conditions.undisturbed(|| {
                let peers = in_turn(&peers, round);
                let slices =
                    peers.map(|peer| slice(peer, case, arguments.seconds, folder, interrupt));
                slices.collect::<Outcome<Vec<_>>>()
            })?;
            slices.iter().for_each(|slice| progress.step(slice));
            measured.extend(slices);
        }
    }
    progress.end();
    let steady = match contest.measures_half_load(arguments) {
        true => {
            let rate = half_of_the_slowest(contest, &measured)?;
            steady((&peers, application), rate, arguments, &mut conditions)?
        }
        false => Vec::new(),
    };
    let mut versions = Vec::new();
    for peer in &peers {
        let version = peer.kind.version()?;
        if !versions.contains(&version) {
            versions.push(version);
        }
    }
    Ok(Report {
        date: SystemClock::new().now(),
        seconds: arguments.seconds,
        pairs: arguments.pairs,
        contest,
        kinds,
        conditions,
        versions,
        measured,
        steady,
    })
}

/// Fails unless a WAF refuses an attack, a gate that asks who refuses nobody's request, and a plain
/// proxy passes it on.
fn prove(peer: &Peer, interrupt: &Interrupt) -> Outcome<()> {
    let expected = match peer.kind {
        kind if kind.asks_who() => 401,
        kind if kind.is_waf() => 403,
        _ => 200,
    };
    interrupt.wait_for(peer.kind.name(), peer::READY_WITHIN, || {
        match super::http::status(peer.ports.own, ATTACK) {
            Some(status) if status == expected => Ok(Some(())),
            Some(status) => Err(format!("{} answers an attack with {status}", peer.kind.name())),
            None => Ok(None),
        }
    })
}

/// Every peer once, another one first each round.
fn in_turn(peers: &[Peer], round: usize) -> impl Iterator<Item = &Peer> {
    let first = round.checked_rem(peers.len()).unwrap_or(0);
    peers.iter().cycle().skip(first).take(peers.len())
}

/// Half of the requests per second that the slowest peer could do.
fn half_of_the_slowest(contest: &Contest, measured: &[Measured]) -> Outcome<f64> {
    let first = contest.cases.first().ok_or("there is nothing to measure")?;
    let rates = measured.iter().filter(|slice| slice.case == first.name);
    Ok(rates.map(|slice| slice.per_second).fold(f64::INFINITY, f64::min) / 2.0)
}

/// Latency at a steady rate, of every peer and of the application itself.
fn steady(
    (peers, application): (&[Peer], u16),
    rate: f64,
    arguments: &Arguments,
    conditions: &mut Conditions,
) -> Outcome<Vec<Steady>> {
    let [answer, _] = FILES;
    let mut steady = Vec::new();
    let rounds = arguments.pairs.saturating_mul(arguments.seconds).saturating_mul(LATENCY_ROUNDS);
    for round in 0..usize::try_from(rounds).unwrap_or(usize::MAX) {
        let slices = conditions.undisturbed(|| {
            let direct = [(None, application)].into_iter();
            let proxies = in_turn(peers, round).map(|peer| (Some(peer.kind), peer.ports.own));
            let slices = direct.chain(proxies).map(|(kind, port)| {
                let p99 = latency::run((port, None), answer, rate, LATENCY_SLICE)?;
                Ok(Steady { kind, p99 })
            });
            slices.collect::<Outcome<Vec<_>>>()
        })?;
        for Steady { kind, p99 } in &slices {
            say(format!("half load, {}: p99 {p99:.0} us", kind.map_or("direct", Kind::name)));
        }
        steady.extend(slices);
    }
    Ok(steady)
}

fn slice(
    peer: &Peer,
    case: &Case,
    seconds: u32,
    folder: &Path,
    interrupt: &Interrupt,
) -> Outcome<Measured> {
    let url = match case.ask.is_tls() {
        true => format!("https://127.0.0.1:{}{}", peer.ports.tls, case.path),
        false => format!("http://127.0.0.1:{}{}", peer.ports.own, case.path),
    };
    let before = cpu::seconds(peer.group())?;
    let load = load::run((&url, peer.credential.as_deref()), case.ask, seconds, folder, interrupt)
        .map_err(|error| format!("{}, {}: {error}", case.name, peer.kind.name()))?;
    let used = cpu::seconds(peer.group())? - before;
    if used <= 0.0 {
        return Err(format!("{} used no measurable CPU time", peer.kind.name()));
    }
    let Load { requests, per_second, p99 } = load;
    Ok(Measured {
        kind: peer.kind,
        case: case.name,
        per_cpu_second: requests / used,
        per_second,
        p99,
    })
}

/// A bar for a person, plain lines for a log.
struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    fn new(slices: usize) -> Self {
        let bar = is_interactive().then(|| {
            let bar = ProgressBar::new(u64::try_from(slices).unwrap_or(u64::MAX));
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} (left: {eta})");
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar }
    }

    fn step(&self, slice: &Measured) {
        let line = format!(
            "{}, {}: {:.0} requests per CPU second, {:.0} per second",
            slice.case,
            slice.kind.name(),
            slice.per_cpu_second,
            slice.per_second
        );
        match &self.bar {
            Some(bar) => {
                bar.set_message(line);
                bar.inc(1);
            }
            None => say(line),
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
