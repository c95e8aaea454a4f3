//! Secrets that are typed: from standard input, and never as an argument, which every user of the
//! machine could read.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};
use std::os::fd::AsFd as _;

use mantlet_admin::desk::Typed;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::commands::Failure;
use crate::output;

/// The longest secret that is read, in bytes.
const LONGEST: u64 = 64 * 1024;

/// A password from standard input: the first line of it. On a terminal it is asked for and not shown.
pub(super) fn password() -> Result<Typed, Failure> {
    let stdin = io::stdin();
    let hidden = if stdin.is_terminal() {
        output::note("Password:");
        Some(Hidden::of(&stdin)?)
    } else {
        None
    };
    let mut line = String::new();
    stdin.lock().take(LONGEST).read_line(&mut line)?;
    drop(hidden);
    let typed = Typed(line.trim_end_matches(['\r', '\n']).to_owned());
    zeroize::Zeroize::zeroize(&mut line);
    if typed.0.is_empty() {
        return Err("no password was given\n  hint: pass it on standard input, for example from a file of mode 600".into());
    }
    Ok(typed)
}

/// A token: as it was typed, or from standard input for `-`.
pub(super) fn token(typed: String) -> Result<Typed, Failure> {
    if typed != "-" {
        return Ok(Typed(typed));
    }
    let mut text = String::new();
    io::stdin().lock().take(LONGEST).read_to_string(&mut text)?;
    Ok(Typed(text.trim().to_owned()))
}

/// A terminal that does not show what is typed, until this is dropped.
struct Hidden<'a> {
    stdin: &'a io::Stdin,
    before: Termios,
}

impl<'a> Hidden<'a> {
    fn of(stdin: &'a io::Stdin) -> io::Result<Self> {
        let before = tcgetattr(stdin.as_fd())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(stdin.as_fd(), OptionalActions::Flush, &silent)?;
        Ok(Self { stdin, before })
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        // A terminal that is gone needs no echo.
        let _ = tcsetattr(self.stdin.as_fd(), OptionalActions::Flush, &self.before);
    }
}
