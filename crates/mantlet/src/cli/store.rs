//! What can be typed about the store.

use std::path::PathBuf;

use clap::Subcommand;

use super::identity::DeskFlags;

/// `mantlet store …`
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Make an encrypted backup in a new folder; the root key is never in it
    #[command(after_help = "Example:\n  mantlet store backup /mnt/backups/2026-11-22")]
    Backup {
        /// The folder, which must not be there yet
        folder: PathBuf,
        #[command(flatten)]
        flags: DeskFlags,
    },
    /// Verify a backup as a whole, and put it in place
    #[command(after_help = "Example:\n  mantlet store restore /mnt/backups/2026-11-22 --verify")]
    Restore {
        /// The folder that `mantlet store backup` made
        folder: PathBuf,
        /// Verify it and change nothing; a server may run meanwhile
        #[arg(long)]
        verify: bool,
        /// Replace the store that is there; it is kept in a folder beside it
        #[arg(long, conflicts_with = "verify")]
        replace: bool,
        #[command(flatten)]
        flags: DeskFlags,
    },
    /// Encrypt the store with a new key
    Rekey {
        #[command(flatten)]
        flags: DeskFlags,
    },
    /// Bring the schema of the store up to date, as the next start does
    #[command(after_help = "Exit codes of --check: 0 up to date, 1 there is something to apply")]
    Migrate {
        /// Try it on a copy and change nothing
        #[arg(long)]
        check: bool,
        #[command(flatten)]
        flags: DeskFlags,
    },
}

impl StoreCommand {
    /// Where the files are, and how to answer.
    pub(crate) const fn flags(&self) -> &DeskFlags {
        match self {
            Self::Backup { flags, .. }
            | Self::Restore { flags, .. }
            | Self::Rekey { flags }
            | Self::Migrate { flags, .. } => flags,
        }
    }

    /// Its name in the audit record.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Backup { .. } => "store backup",
            Self::Restore { .. } => "store restore",
            Self::Rekey { .. } => "store rekey",
            Self::Migrate { .. } => "store migrate",
        }
    }

    /// Whether it only looks at a backup.
    pub(crate) const fn is_verification(&self) -> bool {
        matches!(self, Self::Restore { verify: true, .. })
    }

    /// Whether it only looks.
    pub(crate) const fn is_look(&self) -> bool {
        self.is_verification() || matches!(self, Self::Migrate { check: true, .. })
    }
}
