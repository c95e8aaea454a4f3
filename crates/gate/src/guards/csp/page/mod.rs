//! What happens to the body of a page: read through its coding, changed, and coded again.

mod filter;
mod inline;
mod replace;
mod stamp;
mod watch;

pub(super) use filter::{PageFilter, Steps};
pub(super) use inline::Inline;
pub(super) use replace::{Placeholder, SHORTEST};
pub(super) use stamp::Stamp;
pub(super) use watch::Watch;
