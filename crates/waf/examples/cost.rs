//! Measures what one request costs: `cost RULES_DIR SETUP_FILE PARANOIA_LEVEL`. Says how long the rules
//! took to load and how much memory they brought, then measures one round of every request whose name
//! comes as a line of standard input: the CPU time of its request phases in microseconds.
//! `cost requests` prints the requests as JSON instead, for measuring another engine with them.
//! `cost sizes RULES_DIR SETUP_FILE [ITEMS]...` measures JSON of 10 KB to 10 MB, or of so many items (120
//! bytes each), with the limits of arguments and memory lifted, before the rules and before the native
//! detectors, as a table: the time, the work that was counted, and both for each byte.

#![expect(clippy::print_stdout, reason = "a measuring program prints its figures")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mantlet_waf::detect::{Budget, Detectors, Settings};
use mantlet_waf::native::Inspection;
use mantlet_waf::{
    Connection, DiskFiles, Files as _, Limits, Outcome, RuleSet, Source, Transaction,
};
use rustix::time::{ClockId, clock_gettime};

/// How long one round is.
const ROUND: Duration = Duration::from_millis(200);

/// What a browser sends besides.
const HEADERS: &[(&str, &str)] = &[
    ("Host", "shop.example.com"),
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Accept-Language", "en-US,en;q=0.5"),
    ("Accept-Encoding", "gzip, deflate, br"),
    ("Referer", "https://shop.example.com/catalogue?page=2"),
    ("Cookie", "session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; consent=necessary"),
    ("Connection", "keep-alive"),
];

const SENTENCE: &str =
    "The quick brown fox jumps over the lazy dog while the committee reviews quarterly figures. ";

struct Request {
    name: &'static str,
    method: &'static str,
    target: &'static str,
    content_type: Option<&'static str>,
    body: String,
}

fn text(length: usize) -> String {
    SENTENCE.chars().cycle().take(length).collect()
}

/// An order of so many items, numbered from `first` on.
fn json(items: usize, first: usize) -> String {
    let item = |n: usize| {
        let note = text(40);
        format!("{{\"id\":{n},\"name\":\"Item number {n}\",\"price\":{n}.99,\"note\":\"{note}\"}}")
    };
    let items: Vec<String> = (first..first + items).map(item).collect();
    format!("{{\"customer\":\"Ada Lovelace\",\"items\":[{}]}}", items.join(","))
}

fn requests() -> Vec<Request> {
    let form: String =
        (0..8).map(|n| format!("field{n}={}&", text(112).replace(' ', "+"))).collect();
    let json = json(40, 0);
    let get = "/api/products?category=books&sort=price&page=3&q=rust+programming";
    let form_type = Some("application/x-www-form-urlencoded");
    vec![
        Request {
            name: "get",
            method: "GET",
            target: get,
            content_type: None,
            body: String::new(),
        },
        Request {
            name: "form-1k",
            method: "POST",
            target: "/contact",
            content_type: form_type,
            body: form,
        },
        Request {
            name: "json-4k",
            method: "POST",
            target: "/api/orders",
            content_type: Some("application/json"),
            body: json,
        },
        Request {
            name: "value-10k",
            method: "POST",
            target: "/post",
            content_type: form_type,
            body: format!("text={}", text(10_000).replace(' ', "+")),
        },
    ]
}

fn settings(paranoia: u8) -> (String, String) {
    let before = "SecRuleEngine On\nSecRequestBodyAccess On\nSecArgumentsLimit 10000000\n\
        SecRule REQUEST_HEADERS:Content-Type \"@rx ^application/json\" \"id:200001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON\"\n";
    let after = format!(
        "SecAction \"id:900000,phase:1,pass,nolog,setvar:tx.blocking_paranoia_level={paranoia}\"\n"
    );
    (before.to_owned(), after)
}

fn load(rules: &Path, setup: &Path, paranoia: u8) -> Result<Arc<RuleSet>, Box<dyn Error>> {
    let (before, after) = settings(paranoia);
    let files = DiskFiles.matching(&rules.join("*.conf"))?;
    let mut sources =
        vec![Source::Text("before", &before), Source::File(setup), Source::Text("after", &after)];
    sources.extend(files.iter().map(|path| Source::File(path)));
    let loaded = RuleSet::load(&DiskFiles, &sources);
    loaded
        .map(Arc::new)
        .map_err(|problems| format!("{} problems in the rules", problems.len()).into())
}

fn inspect(rules: &Arc<RuleSet>, request: &Request, headers: &[(&str, String)]) -> Outcome {
    inspect_within(rules, request, headers, Limits::default()).0
}

/// How it ended, and the work that was done.
#[inline(never)]
fn inspect_within(
    rules: &Arc<RuleSet>,
    request: &Request,
    headers: &[(&str, String)],
    limits: Limits,
) -> (Outcome, u64) {
    let mut transaction = Transaction::new(Arc::clone(rules), Connection::local(), limits, None);
    transaction.request_line(request.method.as_bytes(), request.target.as_bytes(), b"HTTP/1.1");
    for (name, value) in headers {
        transaction.request_header(name.as_bytes(), value.as_bytes());
    }
    let outcome = match transaction.request_headers_done() {
        Outcome::Pass => {
            transaction.request_body(request.body.as_bytes());
            transaction.request_body_done()
        }
        other => other,
    };
    (outcome, transaction.work_done())
}

impl Request {
    fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers: Vec<(&'static str, String)> =
            HEADERS.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        if let Some(content_type) = self.content_type {
            headers.push(("Content-Type", content_type.to_owned()));
            headers.push(("Content-Length", self.body.len().to_string()));
        }
        headers
    }
}

fn as_json(requests: &[Request]) -> serde_json::Value {
    let one = |request: &Request| {
        serde_json::json!({
            "name": request.name, "method": request.method, "target": request.target,
            "headers": request.headers(), "body": request.body,
        })
    };
    requests.iter().map(one).collect()
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// One round.
fn measure(rules: &Arc<RuleSet>, request: &Request) -> f64 {
    let headers = request.headers();
    let start = cpu_time();
    let mut count = 0;
    while cpu_time() - start < ROUND {
        for _ in 0..20 {
            std::hint::black_box(inspect(rules, request, &headers));
        }
        count += 20;
    }
    (cpu_time() - start).as_secs_f64() * 1e6 / f64::from(count)
}

/// Orders of about 10 KB, 100 KB, 1 MB, 10 MB.
const ITEMS: [usize; 4] = [90, 900, 9_000, 90_000];

/// An order of so many items.
fn order(items: usize) -> Request {
    Request {
        name: "json",
        method: "POST",
        target: "/api/orders",
        content_type: Some("application/json"),
        // Numbers of as many digits, so that all sizes hold the same kinds of values.
        body: json(items, 100_000_000),
    }
}

/// Prints what orders of growing size cost, as lines of a table.
fn sizes(rules: &Path, setup: &Path, items: &[usize]) -> Result<(), Box<dyn Error>> {
    let rules = load(rules, setup, 1)?;
    let limits = Limits { memory_bytes: usize::MAX, ..Limits::default() };
    for request in items.iter().copied().map(order) {
        let headers = request.headers();
        line("rules", &request.body, || {
            let (end, work) = inspect_within(&rules, &request, &headers, limits);
            (end == Outcome::Pass, work)
        });
    }
    let detectors = Detectors::new(Settings::default());
    for request in items.iter().copied().map(order) {
        let body = request.body.as_bytes();
        line("detectors", &request.body, || {
            let budget = Budget::for_bytes(body.len());
            let mut inspection = Inspection::new(&detectors, Settings::THRESHOLD, budget);
            let readable = inspection.body(b"application/json", body).is_ok();
            let work = inspection.work_done();
            let passed = inspection.exhausted_by().is_none() && inspection.into_hit().is_none();
            (readable && passed, work.into())
        });
    }
    Ok(())
}

/// Measures a look at `body` and prints its line. What takes seconds is measured once.
fn line(name: &str, body: &str, mut look: impl FnMut() -> (bool, u64)) {
    let bytes = body.len();
    let (mut least, mut work, mut passed) = (Duration::MAX, 0, false);
    for _ in 0..if bytes > 200_000 { 1 } else { 3 } {
        let start = cpu_time();
        (passed, work) = look();
        least = least.min(cpu_time() - start);
    }
    let each = |amount: f64| amount / bytes as f64;
    println!(
        "| {name} | {bytes} | {} | {:.2} | {:.1} | {work} | {:.1} |",
        if passed { "passed" } else { "not passed" },
        least.as_secs_f64() * 1e3,
        each(least.as_secs_f64() * 1e9),
        each(work as f64),
    );
}

/// Resident memory, KiB.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let (rules, setup, paranoia) = match arguments.as_slice() {
        [_, what, rules, setup, items @ ..] if what == "sizes" => {
            let items: Vec<usize> =
                items.iter().map(|one| one.parse()).collect::<Result<_, _>>()?;
            let items = if items.is_empty() { &ITEMS[..] } else { &items };
            return sizes(Path::new(rules), Path::new(setup), items);
        }
        [_, rules, setup, paranoia] => (rules, setup, paranoia),
        [_, what] if what == "requests" => {
            println!("{}", as_json(&requests()));
            return Ok(());
        }
        _ => return Err("usage: cost RULES_DIR SETUP_FILE PARANOIA_LEVEL, or cost requests".into()),
    };
    let (start, before) = (cpu_time(), resident_kib());
    let rules = load(Path::new(rules), Path::new(setup), paranoia.parse()?)?;
    let took = (cpu_time() - start).as_millis();
    println!("loaded {took} ms {} KiB", resident_kib().saturating_sub(before));
    let requests = requests();
    for name in std::io::stdin().lines() {
        let name = name?;
        let Some(request) = requests.iter().find(|request| request.name == name) else {
            return Err(format!("no request is called `{name}`").into());
        };
        let headers = request.headers();
        let passed = inspect(&rules, request, &headers) == Outcome::Pass;
        let word = if passed { "passed" } else { "blocked" };
        println!("{name} {:.1} {word} {} KiB", measure(&rules, request), resident_kib());
    }
    Ok(())
}
