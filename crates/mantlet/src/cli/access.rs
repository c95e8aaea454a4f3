//! What can be typed about access.

use clap::{Args, Subcommand};

use super::PlaceFlags;
use super::identity::DeskFlags;

/// `mantlet access …`
#[derive(Debug, Subcommand)]
pub(crate) enum AccessCommand {
    /// Say what a path asks for, and whether somebody may
    #[command(
        after_help = "Example:\n  mantlet access explain /admin/users --user alice\n\nExit codes: 0 they may, 1 they may not"
    )]
    Explain(ExplainFlags),
    /// Print what policies in Cedar are told, as a schema in Cedar's own language
    #[command(
        after_help = "Example:\n  mantlet access schema > policies/mantlet.cedarschema\n\nIts actions are those that routes and `[access.cedar] actions` name."
    )]
    Schema {
        #[command(flatten)]
        place: PlaceFlags,
    },
    /// Approve somebody for a restricted thing, for a while
    #[command(
        after_help = "Example:\n  mantlet access approve alice project:7 --until 30d --by carol --why \"ethics board 12/26\"\n\n`class:restricted` approves for everything of a class. Belonging to it, or clearance, is asked for besides."
    )]
    Approve(ApproveFlags),
    /// List approvals
    Approvals {
        /// Those of this account
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        #[command(flatten)]
        flags: DeskFlags,
    },
    /// Withdraw an approval
    Withdraw {
        /// Its number, as `mantlet access approvals` shows it
        number: u64,
        /// Why, for the record
        #[arg(long, value_name = "TEXT", default_value = "by hand")]
        why: String,
        #[command(flatten)]
        flags: DeskFlags,
    },
    /// Show who may what, and what somebody should look at: unused accounts and roles, approvals
    /// that are over
    #[command(after_help = "Exit codes: 0 nothing to look at, 1 something")]
    Review {
        /// From when on an account that nobody signs in to is worth a look
        #[arg(long, value_name = "DURATION", default_value = "90d")]
        dormant: String,
        /// Print one line a user, for a table
        #[arg(long, conflicts_with = "json")]
        csv: bool,
        #[command(flatten)]
        flags: DeskFlags,
    },
}

/// What is explained.
#[derive(Debug, Args)]
pub(crate) struct ExplainFlags {
    /// The path, as a client sends it
    pub(crate) path: String,
    /// Whether this account may; without it, whether somebody may who is not signed in
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// The method
    #[arg(long, default_value = "GET")]
    pub(crate) method: String,
    /// The host that is asked for
    #[arg(long, default_value = "localhost")]
    pub(crate) host: String,
    /// As if the client had this address, where policies look at it
    #[arg(long, value_name = "IP")]
    pub(crate) client: Option<std::net::IpAddr>,
    /// As if the application told this of the thing: `class`, `owner`, `resource` or another name
    /// with its value; may be repeated
    #[arg(long = "fact", value_name = "NAME=VALUE")]
    pub(crate) facts: Vec<String>,
    /// As if the account could read, or change, the thing as one of its members
    #[arg(long, value_name = "read|write", value_parser = ["read", "write"])]
    pub(crate) member: Option<String>,
    #[command(flatten)]
    pub(crate) flags: DeskFlags,
    /// As if the server ran with --require-login
    #[arg(long)]
    pub(crate) require_login: bool,
}

/// What is approved.
#[derive(Debug, Args)]
pub(crate) struct ApproveFlags {
    /// Who may
    pub(crate) user: String,
    /// What: the name of a thing, as `resource` of its route or the application says it, or
    /// `class:restricted`
    pub(crate) resource: String,
    /// For how long, 366 days at most
    #[arg(long, value_name = "DURATION", default_value = "30d")]
    pub(crate) until: String,
    /// Also for changing it
    #[arg(long)]
    pub(crate) write: bool,
    /// The account that decided it [default: whoever types this]
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) why: String,
    #[command(flatten)]
    pub(crate) flags: DeskFlags,
}
