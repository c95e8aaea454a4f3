//! Whole streams, read off memory: for the fuzzer and for tests.

use ::bytes::BytesMut;

use super::{Body, Heads, Kind, Piece, Rules, Violation};

/// What a stream comes to.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Its requests as text, with their bodies.
    pub(super) requests: Vec<(String, Vec<u8>)>,
    /// How many bytes were taken for what they are: whole heads, and bodies up to what breaks them.
    pub(super) passed: usize,
    /// What it ends with; `None` when it just ends.
    pub(super) violation: Option<Violation>,
    /// Whether the last request asks to leave HTTP: what follows is not read.
    pub(super) leaves_http: bool,
    heads: Heads,
    pub(super) body: Option<Body>,
}

/// The requests of a stream with their bodies, the rule that ends it, and whether it leaves HTTP.
type Gist<'a> = (&'a [(String, Vec<u8>)], Option<Kind>, bool);

impl Reading {
    /// Reads `data`, which arrives in pieces of these sizes, over and over.
    pub(super) fn of(data: &[u8], sizes: &[usize], rules: &Rules) -> Self {
        let (mut reading, mut input, mut rest) = (Self::default(), BytesMut::new(), data);
        let mut sizes = sizes.iter().copied().cycle();
        loop {
            let step = reading.step(&mut input, rules);
            let taken = data.len().saturating_sub(rest.len()).saturating_sub(input.len());
            if matches!(step, Ok(true)) || reading.body.is_some() {
                reading.passed = taken;
            }
            match step {
                Ok(true) if !reading.leaves_http => continue,
                Ok(false) if !rest.is_empty() => {}
                Ok(_) => return reading,
                Err(violation) => {
                    reading.violation = Some(violation);
                    return reading;
                }
            }
            let size = sizes.next().unwrap_or(1).clamp(1, rest.len());
            let (piece, later) = rest.split_at_checked(size).unwrap_or((rest, &[]));
            input.extend_from_slice(piece);
            rest = later;
        }
    }

    /// Takes one head or one piece of a body; `false` when more has to come.
    fn step(&mut self, input: &mut BytesMut, rules: &Rules) -> Result<bool, Violation> {
        let Some(body) = &mut self.body else {
            let Some(head) = self.heads.next(input, rules)? else { return Ok(false) };
            self.body = head.body;
            self.leaves_http = head.leaves_http;
            self.requests.push((format!("{:?}", head.request), Vec::new()));
            return Ok(true);
        };
        match body.next(input)? {
            Piece::Data(data) => {
                let last = self.requests.last_mut();
                last.into_iter().for_each(|(_, body)| body.extend_from_slice(&data));
            }
            Piece::End => self.body = None,
            Piece::More => return Ok(false),
        }
        Ok(true)
    }

    /// What must not depend on how the stream is cut.
    pub(super) fn gist(&self) -> Gist<'_> {
        (&self.requests, self.violation.as_ref().map(Violation::kind), self.leaves_http)
    }
}
