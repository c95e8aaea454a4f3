//! The page a person sees.

use mantlet_types::RequestId;

use crate::pipeline::Denial;

/// The page's style sheet, allowed by its hash in the page's own policy.
pub(super) const STYLE: &str = include_str!("page.css");

/// The page. Every text in it comes from the catalogue or is a request id, so nothing needs
/// escaping; a test holds the catalogue to that.
pub(super) fn render(denial: &Denial, id: RequestId) -> String {
    let reason = denial.reason;
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n\
         <title>{status} {title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <p class=\"status\">{status}</p>\n<h1>{title}</h1>\n<p>{detail}</p>\n\
         <p class=\"id\">If you ask for help, give this id: <code>{id}</code></p>\n\
         </main>\n</body>\n</html>\n",
        status = reason.status,
        title = reason.title,
        detail = reason.detail,
    )
}
