//! Which rules an ordinary request reaches, found by sending one through: a paranoia level that is
//! not chosen is skipped by rules of its own.

use std::sync::Arc;

use super::bits::Bits;
use super::rule_set::RuleSet;
use crate::transaction::Transaction;

/// The rules that an ordinary request and its answer reach, whether or not they match.
pub(super) fn ordinary(rules: &Arc<RuleSet>) -> Bits {
    let mut transaction = Transaction::probe(Arc::clone(rules));
    transaction.request_line(b"GET", b"/index.html?page=1", b"HTTP/1.1");
    for (name, value) in [
        ("Host", "www.example.com"),
        ("User-Agent", "Mozilla/5.0"),
        ("Accept", "*/*"),
        ("Cookie", "theme=dark"),
    ] {
        transaction.request_header(name.as_bytes(), value.as_bytes());
    }
    transaction.request_headers_done();
    transaction.request_body_done();
    transaction.response_line(b"HTTP/1.1", 200);
    transaction.response_header(b"Content-Type", b"text/html");
    transaction.response_headers_done();
    transaction.response_body(b"<html></html>");
    transaction.response_body_done();
    transaction.finish(0);
    transaction.visited()
}
