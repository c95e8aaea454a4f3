//! How many files and sockets the process may hold.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is asked for where the machine names no highest number.
const PLENTY: u64 = 1 << 20;

/// Raises the limit of open files to the most that the machine allows: shells and service managers
/// begin with 1,024 for the sake of programs that use `select`, and each connection takes up to two.
/// Where that is not possible, the limit stays what it is.
pub(super) fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(PLENTY);
    if limit.current.is_some_and(|current| current < most) {
        let raised = Rlimit { current: Some(most), maximum: limit.maximum };
        let _ = setrlimit(Resource::Nofile, raised);
    }
}
