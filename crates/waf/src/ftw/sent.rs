//! The bytes that the cases send and the rules they should meet: for sending them through a server.

use super::request;
use super::run::Cases;

/// One request of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The case, such as `920100-4`.
    pub id: String,
    /// The bytes of the request, as go-ftw sends them.
    pub bytes: Vec<u8>,
    /// Rules that should match.
    pub expected: Vec<u64>,
    /// Rules that should not.
    pub unexpected: Vec<u64>,
    /// Whether the server should close the connection without an answer; `None` where the case
    /// does not say.
    pub expects_error: Option<bool>,
    /// The status of the answer; `None` where the case does not say.
    pub status: Option<u16>,
}

impl Cases {
    /// The request of every stage with what it should lead to, in the order of the files, without
    /// the cases that an override leaves out.
    pub fn sent(&self) -> impl Iterator<Item = Sent> {
        let all = self.files.iter().flat_map(move |(name, file)| {
            let rule = file.rule_id.or_else(|| name.parse().ok()).unwrap_or_default();
            file.tests.iter().map(move |case| (rule, case))
        });
        all.filter_map(|(rule, case)| {
            let output = self.overridden(rule, case.test_id);
            (!matches!(output, Some(None))).then_some((rule, case, output.flatten()))
        })
        .flat_map(|(rule, case, output)| {
            case.stages.iter().map(move |stage| {
                let expected = output.unwrap_or(&stage.output);
                Sent {
                    id: format!("{rule}-{}", case.test_id),
                    bytes: request::build(&stage.input),
                    expected: expected.log.expect_ids.clone(),
                    unexpected: expected.log.no_expect_ids.clone(),
                    expects_error: expected.expect_error,
                    status: expected.status,
                }
            })
        })
    }
}
