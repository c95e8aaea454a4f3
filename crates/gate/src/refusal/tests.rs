use mantlet_event::reasons;
use mantlet_types::{SystemRng, Timestamp};

use super::*;

fn accepting(accept: Option<&'static str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(accept) = accept {
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
    }
    headers
}

fn id() -> RequestId {
    RequestId::new(Timestamp::UNIX_EPOCH, &SystemRng)
}

#[test]
fn browsers_get_a_page_and_programs_a_problem_document() {
    for (accept, is_page) in [
        (None, false),
        (Some("*/*"), false),
        (Some("application/json"), false),
        (Some("application/json, text/html"), false),
        (Some("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), true),
        (Some("TEXT/HTML;q=0.9"), true),
    ] {
        assert_eq!(prefers_page(&accepting(accept)), is_page, "{accept:?}");
    }
}

#[test]
fn sci_56_every_reason_renders_without_a_word_of_the_inside() {
    for reason in reasons::ALL {
        let id = id();
        let denial = Denial::new(reason).evidence("SECRET EVIDENCE");
        for accept in [None, Some("text/html")] {
            let response = render(&denial, id, &accepting(accept), &Method::GET);
            let body = String::from_utf8(response.body().to_vec()).unwrap();
            assert_eq!(response.status().as_u16(), reason.status);
            assert!(body.contains(&id.to_string()) && body.contains(reason.title), "{body}");
            assert!(!body.contains("SECRET") && !body.contains(reason.hint), "{body}");
            assert!(!body.to_lowercase().contains("mantlet"), "{body}");
        }
        for text in [reason.title, reason.detail] {
            assert!(!text.contains(['<', '>', '&', '"']), "{text}");
        }
    }
}

#[test]
fn the_page_is_accessible_and_allowed_by_its_own_policy() {
    let denial = Denial::new(&reasons::NO_ROUTE);
    let response = render(&denial, id(), &accepting(Some("text/html")), &Method::GET);
    let page = String::from_utf8(response.body().to_vec()).unwrap();
    for needed in ["<html lang=\"en\">", "<title>", "<main>", "<h1>", "name=\"viewport\""] {
        assert!(page.contains(needed), "{needed}");
    }
    assert!(!page.contains("<script"));
}

#[test]
fn an_answer_to_head_has_a_length_and_no_body() {
    let denial = Denial::new(&reasons::NO_ROUTE);
    let response = render(&denial, id(), &HeaderMap::new(), &Method::HEAD);
    assert!(response.body().is_empty());
    assert!(
        response.headers().get(CONTENT_LENGTH).unwrap().to_str().unwrap().parse::<u32>().unwrap()
            > 0
    );
}
