//! Entry points for fuzzing: whatever the bytes, nothing panics, and what must hold holds.

pub(crate) mod generated;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use crate::body::{BodyLimits, multipart};
use crate::ftw::Request;
use crate::plan::{RuleSet, Source};
use crate::seclang::files::Files;
use crate::transaction::report::Limits;
use crate::transaction::{Connection, Transaction};
use crate::transformations::{ByteSet, Transformation};

/// Rules over every part of a body, with the processors that a fuzzed request chooses.
const RULES: &str = r#"
SecRuleEngine On
SecAuditEngine On
SecAuditLog x
SecAuditLogParts ABCEFHIJKZ
SecRequestBodyAccess On
SecRule REQUEST_HEADERS:Content-Type "@contains json" "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule REQUEST_HEADERS:Content-Type "@contains xml" "id:2,phase:1,pass,nolog,ctl:requestBodyProcessor=XML"
SecRule ARGS|ARGS_NAMES|XML:/*|XML://@*|FILES|REQUEST_BODY|MULTIPART_PART_HEADERS "@rx (?i)union\s+select" "id:3,phase:2,pass,t:none,t:urlDecodeUni,t:htmlEntityDecode,capture,logdata:'%{TX.0}',setvar:tx.score=+1"
SecRule ARGS|ARGS_NAMES|XML:/*|XML://@*|FILES|REQUEST_BODY "@rx [\"'`]\s*or\b" "id:4,phase:2,pass,t:none,t:lowercase,t:jsDecode,multiMatch"
SecRule ARGS|REQUEST_BODY "@pm passwd script select" "id:5,phase:2,pass,t:none,t:cmdLine,t:normalizePath"
SecRule REQBODY_ERROR "@eq 1" "id:6,phase:2,pass"
"#;

/// There are no files: what includes one is a problem.
#[derive(Debug)]
struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _path: &Path) -> io::Result<Vec<u8>> {
        Err(io::Error::from(io::ErrorKind::NotFound))
    }

    fn matching(&self, _pattern: &Path) -> io::Result<Vec<PathBuf>> {
        Ok(Vec::new())
    }
}

static RULE_SET: LazyLock<Option<Arc<RuleSet>>> =
    LazyLock::new(|| RuleSet::load(&NoFiles, &[Source::Text("fuzzing", RULES)]).ok().map(Arc::new));

/// Reads bytes as rules.
pub fn seclang(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _any = RuleSet::load(&NoFiles, &[Source::Text("fuzzing", &text)]);
}

/// Reads bytes as a body of the type that the first one chooses, and puts it through rules with and
/// without gates.
///
/// # Panics
///
/// When both do not say the same, or a multipart body means something else in other chunks: that is
/// what fuzzing is for.
pub fn body(data: &[u8]) {
    let Some((choice, body)) = data.split_first() else { return };
    let types: [&[u8]; 4] = [
        b"application/x-www-form-urlencoded",
        b"application/json",
        b"text/xml",
        b"multipart/form-data; boundary=B",
    ];
    let content_type = types.get(usize::from(choice % 4)).copied().unwrap_or_default();
    let request = Request {
        method: b"POST".to_vec(),
        target: b"/".to_vec(),
        protocol: b"HTTP/1.1".to_vec(),
        headers: vec![(b"Content-Type".to_vec(), content_type.to_vec())],
        body: body.to_vec(),
    };
    if let Some(rules) = &*RULE_SET {
        let fast = request.inspect(rules, Limits::default());
        expect(fast == request.inspect_naively(rules, Limits::default()), "gates change a result");
        let connection = Connection::local();
        let mut transaction =
            Transaction::new(Arc::clone(rules), connection, Limits::default(), None);
        let _ = request.go_through(&mut transaction);
        expect(transaction.audit_record().is_some(), "a record is missing");
    }
    let limits = BodyLimits { depth: 1, values: 100, files: 10 };
    let read = |size: usize| {
        let mut reader = multipart::Reader::new(b"multipart/form-data; boundary=B", limits);
        body.chunks(size.max(1)).for_each(|chunk| reader.feed(chunk));
        reader.finish()
    };
    expect(read(body.len()) == read(usize::from(choice / 4) + 1), "chunks change a body");
}

/// Reads bytes as choices of rules and of a request, and asks the rules with and without gates.
///
/// # Panics
///
/// When the rules cannot be read, or both do not say the same.
pub fn rules(data: &[u8]) {
    let mut choices = generated::Choices::of(data);
    let text = generated::seclang(&generated::rules(&mut choices));
    let Ok(rules) = RuleSet::load(&NoFiles, &[Source::Text("fuzzing", &text)]) else {
        return expect(false, &text);
    };
    let rules = Arc::new(rules);
    // What was learnt of one request must not change what is said of another.
    let requests = [(); 2].map(|()| generated::request(&mut choices).build());
    for request in requests.iter().chain(&requests) {
        let fast = request.inspect(&rules, Limits::default());
        expect(fast == request.inspect_naively(&rules, Limits::default()), &text);
    }
}

/// Puts bytes through every transformation.
///
/// # Panics
///
/// When one changes a value that has none of its trigger bytes, or makes a value much longer.
pub fn transformations(data: &[u8]) {
    let mask = ByteSet::in_text(data);
    for transformation in Transformation::ALL {
        let mut out = Vec::new();
        transformation.apply(data, &mut out);
        expect(out.len() <= 6 * data.len() + 64, transformation.name());
        if !data.is_empty() && !mask.meets(transformation.trigger()) {
            expect(out == data, transformation.name());
        }
    }
}

#[expect(clippy::panic, reason = "a broken promise must end the fuzzing run")]
fn expect(holds: bool, what: &str) {
    if !holds {
        panic!("{what}");
    }
}
