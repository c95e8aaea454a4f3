//! What can be typed.

pub(crate) mod access;
pub(crate) mod identity;
pub(crate) mod store;

use std::path::PathBuf;

use access::AccessCommand;
use clap::{Args, Parser, Subcommand};
use identity::{KeyCommand, RoleCommand, SessionCommand, TokenCommand, UserCommand};
use store::StoreCommand;

const EXAMPLES: &str = "\
Examples:
  mantlet run --upstream http://127.0.0.1:8501
  mantlet run --upstream http://127.0.0.1:8501 --require-login
  mantlet user add alice --role admin
  mantlet demo
  mantlet init && mantlet check
  mantlet block add 203.0.113.0/24 --for 1h";

/// Mantlet stands in front of a web application and protects it.
#[derive(Debug, Parser)]
#[command(
    name = "mantlet",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = EXAMPLES
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// One subcommand.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Stand in front of an application
    #[command(after_help = "Example:\n  mantlet run --upstream http://127.0.0.1:8501")]
    Run(RunFlags),
    /// Try it out: the gate in front of a small, deliberately weak application (loopback only)
    #[command(mut_arg("upstream", |flag| flag.hide(true)))]
    Demo(ServerFlags),
    /// Check the configuration: every problem with its line and what to do about it
    #[command(after_help = "Exit codes: 0 fine, 1 warnings, 2 cannot be used")]
    Check(CheckFlags),
    /// Write a commented configuration file to start from
    Init {
        /// The application to protect, for example http://127.0.0.1:8501
        #[arg(long, value_name = "URL")]
        upstream: Option<String>,
        /// Take over what a file of environment variables says, such as the `.env` of an application
        #[arg(long, value_name = "FILE")]
        from_env: Option<PathBuf>,
        #[command(flatten)]
        place: PlaceFlags,
    },
    /// Say why a request was refused
    #[command(after_help = "Example:\n  mantlet explain 019a9f2e-3c41-7d10-9a52-0c8e5e3b7f44")]
    Explain {
        /// The request id: from the refusal, or its X-Request-Id header
        id: String,
        /// Print the recorded events as JSON lines, and the exception of a refusal by the WAF
        #[arg(long)]
        json: bool,
        /// The path that an exception is for, in place of the request's own: for example '/wiki/*'
        #[arg(long, value_name = "PATTERN")]
        path: Option<String>,
        /// Write the exception into the configuration file; a running server takes it up
        #[arg(long)]
        apply: bool,
        /// With --apply: even where recorded requests would pass that look like attacks
        #[arg(long, requires = "apply")]
        force: bool,
        /// Rules for the WAF, where `mantlet run` was told of them by this flag and not by the file
        #[arg(long, value_name = "DIR")]
        waf_rules: Option<PathBuf>,
        #[command(flatten)]
        place: PlaceFlags,
    },
    /// Look at the requests that `[recording]` keeps
    #[command(subcommand)]
    Recording(RecordingCommand),
    /// Show the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Turn what browsers reported into a Content-Security-Policy
    #[command(subcommand)]
    Csp(CspCommand),
    /// Block addresses and networks while the server runs
    #[command(subcommand)]
    Block(BlockCommand),
    /// Look after accounts
    #[command(subcommand)]
    User(UserCommand),
    /// Look after roles
    #[command(subcommand)]
    Role(RoleCommand),
    /// Look after the API keys of programs
    #[command(subcommand)]
    Key(KeyCommand),
    /// Look at sessions, and end them
    #[command(subcommand)]
    Session(SessionCommand),
    /// Issue, check and revoke signed tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Say who may what
    #[command(subcommand)]
    Access(AccessCommand),
    /// Have the running server read its configuration again; all of it holds then, or nothing
    Reload {
        #[command(flatten)]
        place: PlaceFlags,
    },
    /// Have the running server start its binary anew and hand over without losing a connection
    Upgrade {
        #[command(flatten)]
        place: PlaceFlags,
    },
    /// Print the completion script for a shell
    #[command(after_help = "Example:\n  mantlet completions bash > /etc/bash_completion.d/mantlet")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a folder
    Man {
        /// The folder, for example /usr/local/share/man/man1
        folder: PathBuf,
    },
    /// Check WAF rules, run their regression cases, try settings on recorded requests
    #[command(subcommand)]
    Waf(WafCommand),
    /// Back up, restore and rekey the encrypted store
    #[command(subcommand)]
    Store(StoreCommand),
    /// Ask the running server how it is
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: PlaceFlags,
    },
}

/// `mantlet run …`
#[derive(Debug, Args)]
pub(crate) struct RunFlags {
    /// Take over from the process that starts this one; only `mantlet upgrade` does that
    #[arg(long, hide = true)]
    pub(crate) take_over: bool,
    #[command(flatten)]
    pub(crate) server: ServerFlags,
}

/// `mantlet check …`
#[derive(Debug, Args)]
pub(crate) struct CheckFlags {
    /// Also see whether a connection can be made to every server
    #[arg(long)]
    pub(crate) probe: bool,
    #[command(flatten)]
    pub(crate) server: ServerFlags,
}

/// `mantlet config …`
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print the configuration
    Show {
        /// With defaults, environment and flags applied, and where each value comes from
        #[arg(long)]
        effective: bool,
        #[command(flatten)]
        flags: ServerFlags,
    },
    /// Print the reference of every key as Markdown
    Reference,
}

/// `mantlet csp …`
#[derive(Debug, Subcommand)]
pub(crate) enum CspCommand {
    /// Print the settings under which what was reported would pass, and what looks like an attack
    #[command(
        after_help = "Reports come in with `report = true` in `[guards.csp]`.\n\nExample:\n  mantlet csp suggest > csp.toml"
    )]
    Suggest {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: PlaceFlags,
    },
}

/// `mantlet waf …`
#[derive(Debug, Subcommand)]
pub(crate) enum WafCommand {
    /// Check rule files: every problem with its line and what to do about it
    #[command(
        after_help = "Example:\n  mantlet waf lint crs-setup.conf rules/*.conf\n\nExit codes: 0 fine, 1 warnings, 2 cannot be used"
    )]
    Lint {
        /// Rule files in SecLang, read in this order as one rule set
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say what the WAF would have refused of recorded requests
    #[command(
        after_help = "Example:\n  mantlet waf replay visit.har --threshold 50 --diff\n\nExit codes: 0 nothing would be refused, or changes; 1 something would; 2 unusable"
    )]
    Replay(ReplayFlags),
    /// Run regression cases in the format of go-ftw, without a network
    #[command(
        after_help = "Example:\n  mantlet waf test --rules coreruleset/rules --setup crs-setup.conf --cases coreruleset/tests/regression/tests"
    )]
    Test {
        /// Folder of rules: its *.conf files, in the order of their names
        #[arg(long, value_name = "DIR")]
        rules: PathBuf,
        /// Set-up file that is read before the rules
        #[arg(long, value_name = "FILE")]
        setup: Option<PathBuf>,
        /// Folder of cases: the *.yaml files in it and below
        #[arg(long, value_name = "DIR")]
        cases: PathBuf,
        /// File of test_overrides: cases that are met in another way, or left out, with reasons
        #[arg(long, value_name = "FILE")]
        overrides: Option<PathBuf>,
        /// Write the results as JSON
        #[arg(long, value_name = "OUT")]
        json: Option<PathBuf>,
    },
}

/// `mantlet recording …`
#[derive(Debug, Subcommand)]
pub(crate) enum RecordingCommand {
    /// Write every recorded request as a line of JSON, for `mantlet waf replay` elsewhere
    #[command(after_help = "Example:\n  mantlet recording export > requests.ndjson")]
    Export {
        #[command(flatten)]
        place: PlaceFlags,
    },
    /// Say how much there is
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: PlaceFlags,
    },
}

/// `mantlet waf replay …`
#[derive(Debug, Args)]
pub(crate) struct ReplayFlags {
    /// Requests: HAR 1.2 as browsers export it, or lines of JSON as `mantlet recording export` writes
    /// them [default: the recording of the data folder]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Try these rules, where a route does not name its own: for example a folder of the OWASP Core
    /// Rule Set
    #[arg(long, value_name = "DIR")]
    pub(crate) rules: Option<PathBuf>,
    /// Try this paranoia level of the Core Rule Set, where a route does not name its own
    #[arg(long, value_name = "N")]
    pub(crate) paranoia: Option<u16>,
    /// Try this threshold, where a route does not name its own
    #[arg(long, value_name = "N")]
    pub(crate) threshold: Option<u16>,
    /// Tell only what these settings would refuse and the present ones let pass, and the other way
    /// round
    #[arg(long)]
    pub(crate) diff: bool,
    /// Print JSON lines: one for each refused request, then the summary
    #[arg(long)]
    pub(crate) json: bool,
    /// Tell of this many requests at most; all are counted
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: u64,
    #[command(flatten)]
    pub(crate) place: PlaceFlags,
}

/// `mantlet block …`
#[derive(Debug, Subcommand)]
pub(crate) enum BlockCommand {
    /// Refuse a network from now on; its running WebSockets end at once
    #[command(
        after_help = "Example:\n  mantlet block add 203.0.113.0/24 --for 1h --why 'scans for /wp-login'"
    )]
    Add {
        /// An address or a network, for example 203.0.113.7 or 203.0.113.0/24
        network: String,
        /// How long, for example 1h; without it the block stays until it is removed
        #[arg(long = "for", value_name = "DURATION")]
        duration: Option<String>,
        /// Why, for the log
        #[arg(long, value_name = "TEXT", default_value = "set by hand")]
        why: String,
        /// Also block what shuts out nearly everyone, this machine, the proxies in front or yourself
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        place: PlaceFlags,
    },
    /// Lift the block of a network
    Remove {
        /// The network as it was blocked
        network: String,
        #[command(flatten)]
        place: PlaceFlags,
    },
    /// List the blocks in force
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: PlaceFlags,
    },
}

/// Where Mantlet's files are.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PlaceFlags {
    /// Folder for secrets, store and journal [default: /var/lib/mantlet as root, else
    /// $XDG_DATA_HOME/mantlet or ~/.local/share/mantlet]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Configuration file [default: mantlet.toml in this folder, else /etc/mantlet/mantlet.toml,
    /// if there is one]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// What can be said on the command line instead of in the file; flags win.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ServerFlags {
    /// The application to protect, for example http://127.0.0.1:8501
    #[arg(long, value_name = "URL")]
    pub(crate) upstream: Option<String>,
    /// Rules for the WAF, for example a folder of the OWASP Core Rule Set [default: the native
    /// detectors]
    #[arg(long, value_name = "DIR")]
    pub(crate) waf_rules: Option<PathBuf>,
    /// Ask everybody to sign in, on every path that no route opens
    #[arg(long)]
    pub(crate) require_login: bool,
    /// Address to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<String>,
    /// Address of the admin listener [default: 127.0.0.1:9443]
    #[arg(long, value_name = "ADDR")]
    pub(crate) admin: Option<String>,
    #[command(flatten)]
    pub(crate) place: PlaceFlags,
}
