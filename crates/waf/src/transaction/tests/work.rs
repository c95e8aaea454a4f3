//! What many values and long names cost.

use super::super::report::{Budget, Limits, Outcome};
use super::super::{Connection, Transaction};
use super::rules;

const RULES: &str = "SecRule REQUEST_COOKIES|ARGS_NAMES|MULTIPART_PART_HEADERS \"@contains evil\" \"id:1,phase:2,pass\"\n\
    SecRule REQUEST_HEADERS:Content-Type \"@contains json\" \"id:2,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON\"\n";

fn send(header: (&str, &str), body: &str) -> Outcome {
    let limits = Limits::default();
    let mut transaction = Transaction::new(rules(RULES), Connection::local(), limits, None);
    transaction.request_line(b"POST", b"/", b"HTTP/1.1");
    transaction.request_header(header.0.as_bytes(), header.1.as_bytes());
    match transaction.request_headers_done() {
        Outcome::Pass => {
            transaction.request_body(body.as_bytes());
            transaction.request_body_done()
        }
        other => other,
    }
}

const OVER: Outcome = Outcome::OverBudget(Budget::Work);

#[test]
fn each_cookie_costs_however_short_it_is() {
    let cookies = |count: usize| send(("Cookie", &"a=1;".repeat(count)), "");
    assert_eq!(send(("Cookie", &format!("a={}", "b".repeat(20_000))), ""), Outcome::Pass);
    assert_eq!(cookies(3_000), Outcome::Pass);
    assert_eq!(send(("Cookie", &"a;".repeat(50_000)), ""), OVER);
}

#[test]
fn a_path_that_is_kept_with_each_value_of_an_array_costs_with_each() {
    let json = |key: usize, values: usize| {
        let body = format!("{{\"{}\":[{}1]}}", "k".repeat(key), "1,".repeat(values));
        send(("Content-Type", "application/json"), &body)
    };
    assert_eq!(json(60, 900), Outcome::Pass);
    assert_eq!(json(90_000, 1), Outcome::Pass);
    assert_eq!(json(3_000, 900), OVER);
}

#[test]
fn the_name_of_a_part_that_is_kept_with_each_of_its_header_lines_costs_with_each() {
    let part = |name: usize, lines: usize| {
        let name = "n".repeat(name);
        let lines = "a:\r\n".repeat(lines);
        let body = format!(
            "--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n{lines}\r\nx\r\n--B--\r\n"
        );
        send(("Content-Type", "multipart/form-data; boundary=B"), &body)
    };
    assert_eq!(part(100, 20), Outcome::Pass);
    assert_eq!(part(4_000, 2_500), OVER);
}

#[test]
fn looking_at_the_values_of_a_list_ends_where_the_budget_does() {
    let (count, size) = (500, 2_000);
    let query: String = (0..count).map(|n| format!("a{n}={}<{n}&", "b".repeat(size))).collect();
    let came = (count * size) as u64;
    let limits =
        Limits { work_bytes: came + came / 10, work_per_byte: 0, memory_bytes: usize::MAX };
    let list = rules("SecRule ARGS \"@contains <script\" \"id:1,phase:1,pass,t:lowercase\"\n");
    let mut transaction = Transaction::new(list, Connection::local(), limits, None);
    transaction.request_line(b"GET", format!("/?{query}").as_bytes(), b"HTTP/1.1");
    assert_eq!(transaction.request_headers_done(), OVER);
    let done = transaction.work_done();
    assert!(done < came + came / 5, "{done} of {came}");
}
