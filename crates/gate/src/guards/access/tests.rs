use http::header::{LOCATION, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue};
use mantlet_access::{Access, Require, Roles, profile};

use super::*;
use crate::identity::Thing;
use crate::pipeline::Denial;
use crate::pipeline::sample::exchange;

fn roles() -> Arc<Roles> {
    Arc::new(Roles::compile(&profile("standard").unwrap().unwrap()).unwrap())
}

fn asking(text: &str) -> Exchange {
    let (roles, mut exchange) = (roles(), exchange());
    let require = Require::parse(text, &roles).unwrap();
    let access = Access::start(true).narrow(Some(&require));
    exchange.facts.state(Rule { access, roles, thing: Thing::default(), policies: None });
    exchange
}

fn verdict(exchange: &Exchange) -> Result<Verdict, GuardError> {
    let guard = AccessGuard { directory: None };
    match guard.inspect(exchange) {
        Inspection::Ready(verdict) => verdict,
        Inspection::Pending(_) => panic!("nothing to wait for"),
    }
}

fn denial(exchange: &Exchange) -> Denial {
    match verdict(exchange) {
        Ok(Verdict::Deny(denial)) => *denial,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_not_known_is_closed() {
    assert!(verdict(&exchange()).is_err(), "no rule");
    let mut closed = exchange();
    closed.facts.state(Rule {
        access: Access::start(true),
        roles: roles(),
        thing: Thing::default(),
        policies: None,
    });
    assert_eq!(denial(&closed).reason.code, "sign-in-required");
    assert!(matches!(verdict(&asking("none")), Ok(Verdict::Pass)));
}

#[test]
fn only_browsers_that_open_a_page_are_sent_to_the_sign_in_page() {
    for (method, accept, destination, is_sent) in [
        ("GET", "text/html", None, true),
        ("HEAD", "text/html,*/*;q=0.8", Some("document"), true),
        ("GET", "text/html", Some("iframe"), true),
        ("GET", "text/html", Some("empty"), false),
        ("GET", "text/html", Some("image"), false),
        ("POST", "text/html", Some("document"), false),
        ("GET", "application/json", None, false),
        ("GET", "*/*", None, false),
    ] {
        let mut exchange = asking("signed-in");
        exchange.method = method.parse().unwrap();
        exchange.headers.insert("accept", HeaderValue::from_static(accept));
        if let Some(destination) = destination {
            let name = HeaderName::from_static("sec-fetch-dest");
            exchange.headers.insert(name, HeaderValue::from_static(destination));
        }
        let denial = denial(&exchange);
        let expected = if is_sent { 303 } else { 401 };
        assert_eq!(denial.shown_status(), expected, "{method} {accept} {destination:?}");
        let name = if is_sent { LOCATION } else { WWW_AUTHENTICATE };
        assert!(denial.headers.iter().any(|(own, _)| *own == name));
    }
    let mut socket = asking("signed-in");
    socket.is_websocket = true;
    socket.headers.insert("accept", HeaderValue::from_static("text/html"));
    assert_eq!(denial(&socket).shown_status(), 401);
}
