//! What can be typed about accounts and their credentials.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::PlaceFlags;

/// Where Mantlet's files are, and how to answer.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct DeskFlags {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: PlaceFlags,
}

/// `mantlet user …`
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add an account; without --password-stdin a password is made and shown once
    #[command(after_help = "Example:\n  mantlet user add alice --role admin")]
    Add {
        /// The name to sign in with
        name: String,
        /// A role of the table that `[access]` names; may be repeated
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
        /// Read the password from standard input; on a terminal it is asked for
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        flags: DeskFlags,
    },
    /// Set a password; sessions and tokens end
    Password {
        /// The account
        name: String,
        /// Read the password from standard input; without it one is made and shown once
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        flags: DeskFlags,
    },
    /// Add an account whose owner sets the password: a letter with a link goes to them
    #[command(
        after_help = "Without `[mail]`, or without a server, the link is shown: pass it on.\n\nExample:\n  mantlet user invite alice --email alice@example.org --role user"
    )]
    Invite {
        /// The name to sign in with
        name: String,
        /// Where letters to them go
        #[arg(long, value_name = "ADDRESS")]
        email: String,
        /// A role of the table that `[access]` names; may be repeated
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
        #[command(flatten)]
        flags: DeskFlags,
    },
    /// Send the owner of an account a link to set another password, or show it
    Reset {
        /// The account
        name: String,
        #[command(flatten)]
        flags: DeskFlags,
    },
    /// Set where letters to an account go; links from before no longer count
    Email {
        /// The account
        name: String,
        /// The address; without it letters go nowhere
        #[arg(default_value = "", hide_default_value = true)]
        address: String,
        #[command(flatten)]
        flags: DeskFlags,
    },
    /// Close an account: sessions, tokens and running connections end, keys are refused
    Lock {
        /// The account
        name: String,
        #[command(flatten)]
        flags: DeskFlags,
    },
    /// Open an account again, and pardon its failed sign-ins
    Unlock {
        /// The account
        name: String,
        /// Also pardon what failed from this address
        #[arg(long, value_name = "ADDR")]
        address: Option<std::net::IpAddr>,
        #[command(flatten)]
        flags: DeskFlags,
    },
    /// List the second factors of an account, or remove one that its owner has lost
    #[command(
        after_help = "Examples:\n  mantlet user factors alice\n  mantlet user factors alice --remove totp\n  mantlet user factors alice --remove all"
    )]
    Factors {
        /// The account
        name: String,
        /// Remove the authenticator program (totp), a passkey by its id, or all
        #[arg(long, value_name = "FACTOR", allow_hyphen_values = true)]
        remove: Option<String>,
        #[command(flatten)]
        flags: DeskFlags,
    },
    /// Let somebody whom an outside provider names sign in as this account, or no longer
    #[command(
        after_help = "Example:\n  mantlet user link alice --issuer https://id.example.org --subject 248289761001"
    )]
    Link {
        /// The account
        name: String,
        /// The issuer, as `[identity.providers.NAME]` writes it
        #[arg(long, value_name = "URL")]
        issuer: String,
        /// What the provider calls them (`sub`)
        #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
        subject: String,
        /// Remove the link
        #[arg(long)]
        remove: bool,
        #[command(flatten)]
        flags: DeskFlags,
    },
    /// List the accounts
    List {
        #[command(flatten)]
        flags: DeskFlags,
    },
    /// Add the accounts of an application before us, with the hashes of their passwords
    #[command(
        after_help = "The file holds one JSON object a line, or one JSON list:\n  {\"name\":\"alice\",\"roles\":[\"user\"],\"password_hash\":\"pbkdf2:sha256:600000$…\"}\n\nHashes of werkzeug, Django, bcrypt, scrypt and Argon2 are read; they are made anew at the first sign-in."
    )]
    Import {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        flags: DeskFlags,
    },
}

/// `mantlet role …`
#[derive(Debug, Subcommand)]
pub(crate) enum RoleCommand {
    /// List the roles and what they may
    List {
        #[command(flatten)]
        flags: DeskFlags,
    },
    /// Set all roles of an account
    #[command(after_help = "Example:\n  mantlet role set alice user editor")]
    Set {
        /// The account
        name: String,
        /// Its roles; none at all takes every role away
        roles: Vec<String>,
        #[command(flatten)]
        flags: DeskFlags,
    },
}

/// `mantlet key …`
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Issue a key for a program that acts for somebody; it is shown once
    #[command(
        after_help = "Example:\n  mantlet key issue --user alice --scope read --expires 90d --json"
    )]
    Issue {
        /// Whom it acts for
        #[arg(long, value_name = "NAME")]
        user: String,
        /// A permission that it has, or a scope of the service API such as users:read; may be repeated
        /// [default: all permissions that its owner has now]
        #[arg(long = "scope", value_name = "PERMISSION")]
        scopes: Vec<String>,
        /// How long it lives, for example 90d [default: `[identity.keys] lifetime`]
        #[arg(long, value_name = "DURATION")]
        expires: Option<String>,
        /// What to call it
        #[arg(long, value_name = "TEXT", default_value = "command line")]
        label: String,
        /// From where it may be used; may be repeated [default: anywhere]
        #[arg(long = "network", value_name = "CIDR")]
        networks: Vec<String>,
        #[command(flatten)]
        flags: DeskFlags,
    },
    /// List keys, without their secrets
    List {
        /// Those of this account
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        #[command(flatten)]
        flags: DeskFlags,
    },
    /// Give a key a new secret; the old one stays valid for a while
    Rotate {
        /// The key's id
        id: String,
        /// For how long the old secret stays valid
        #[arg(long, value_name = "DURATION", default_value = "1d")]
        grace: String,
        #[command(flatten)]
        flags: DeskFlags,
    },
    /// Revoke a key for good
    Revoke {
        /// The key's id
        id: String,
        /// Why, for the record
        #[arg(long, value_name = "TEXT", default_value = "by hand")]
        why: String,
        #[command(flatten)]
        flags: DeskFlags,
    },
}

/// `mantlet session …`
#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// List running sessions
    List {
        /// Those of this account
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        #[command(flatten)]
        flags: DeskFlags,
    },
    /// End one session by its handle, or all of an account
    End {
        /// The handle, as `mantlet session list` shows it
        handle: Option<String>,
        /// The account
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        #[command(flatten)]
        flags: DeskFlags,
    },
}

/// `mantlet token …`
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Issue a signed token; it is shown once
    Issue {
        /// Whom it acts for
        #[arg(long, value_name = "NAME")]
        user: String,
        /// A permission that it is bounded to; may be repeated [default: all that its owner has
        /// when it is used]
        #[arg(long = "scope", value_name = "PERMISSION")]
        scopes: Vec<String>,
        /// How long it lives, at most `[identity.tokens] lifetime`
        #[arg(long, value_name = "DURATION")]
        expires: Option<String>,
        #[command(flatten)]
        flags: DeskFlags,
    },
    /// Say whether a token counts, and what it says
    #[command(after_help = "Exit codes: 0 it counts, 1 it does not")]
    Verify {
        /// The token; `-` reads it from standard input
        token: String,
        #[command(flatten)]
        flags: DeskFlags,
    },
    /// Revoke a token for good, or all of a user that were issued up to now
    #[command(after_help = "Example:\n  mantlet token revoke --user corp:alice")]
    Revoke {
        /// The token; `-` reads it from standard input
        #[arg(required_unless_present = "user")]
        token: Option<String>,
        /// All of this user: an account, or somebody of an issuer outside
        #[arg(long, value_name = "NAME", conflicts_with = "token")]
        user: Option<String>,
        #[command(flatten)]
        flags: DeskFlags,
    },
}
