//! `mantlet access`: what paths ask for, who was approved for what, and who may what at all.

mod approvals;
mod explain;
mod review;
mod schema;

use super::{Failure, Outcome};
use crate::cli::access::AccessCommand;

pub(super) fn execute(command: AccessCommand) -> Result<Outcome, Failure> {
    match command {
        AccessCommand::Explain(asked) => explain::execute(asked),
        AccessCommand::Schema { place } => schema::execute(place),
        AccessCommand::Approve(wish) => approvals::approve(wish),
        AccessCommand::Approvals { user, flags } => approvals::list(user.as_deref(), &flags),
        AccessCommand::Withdraw { number, why, flags } => approvals::withdraw(number, why, flags),
        AccessCommand::Review { dormant, csv, flags } => review::execute(&dormant, csv, &flags),
    }
}
