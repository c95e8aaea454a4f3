//! Commands and their lines.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::desk::{Ask, PathQuestion};

use super::{COPY_DEADLINE, ControlError, DEADLINE, LONG_DEADLINE, VERSION};

/// What a running server can be asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// How it is.
    Status,
    /// What it remembers of one request: `{"events":[…]}`, oldest first.
    Explain {
        /// The id of the request.
        id: String,
    },
    /// Blocks a network and ends its running connections: `{"network","until","ended"}`.
    BlockAdd {
        /// An address or a network in CIDR notation.
        network: String,
        /// How long; `None` until it is removed.
        #[serde(default)]
        seconds: Option<u64>,
        /// Why, for the operator.
        why: String,
        /// Whether it may also be a network that hardly anybody means to block.
        #[serde(default)]
        force: bool,
    },
    /// Lifts the block of exactly this network: `{"network","removed"}`.
    BlockRemove {
        /// An address or a network in CIDR notation.
        network: String,
    },
    /// Reads the configuration again: `{"changed":[…],"restart":[…],"warnings":[…]}`, lines for people.
    Reload,
    /// Starts the binary anew on the same sockets, then drains: `{"pid"}` of the new process.
    Upgrade,
    /// Makes a backup of the store while everything goes on: `{"folder","bytes","manifest"}`.
    StoreBackup {
        /// The folder that it makes; an absolute path.
        folder: PathBuf,
    },
    /// Encrypts the store with a new key while everything goes on: `{"key"}`.
    StoreRekey,
    /// Brings the schema of the store up to date where opening it has not yet:
    /// `{"schema","migrations":[…],"applied"}`.
    StoreMigrate {
        /// Whether to look only.
        #[serde(default)]
        check: bool,
    },
    /// What a path asks for by the configuration in force, and whether somebody may:
    /// `{"route","asks","allowed","decision","reasons","why","known"}`.
    AccessExplain(PathQuestion),
    /// Something about accounts and their credentials.
    Identity(Ask),
    /// All blocks: `{"blocks":[{"network","until","why"}]}`, sorted by network.
    BlockList,
}

impl Command {
    /// Its name on the wire and in records.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Explain { .. } => "explain",
            Self::BlockAdd { .. } => "block-add",
            Self::BlockRemove { .. } => "block-remove",
            Self::BlockList => "block-list",
            Self::Reload => "reload",
            Self::Upgrade => "upgrade",
            Self::StoreBackup { .. } => "store-backup",
            Self::StoreRekey => "store-rekey",
            Self::StoreMigrate { .. } => "store-migrate",
            Self::AccessExplain(_) => "access-explain",
            Self::Identity(ask) => ask.name(),
        }
    }

    /// Whether it changes something; such a command belongs in the audit journal.
    #[must_use]
    pub const fn is_change(&self) -> bool {
        match self {
            Self::Status | Self::Explain { .. } | Self::AccessExplain(_) | Self::BlockList => false,
            Self::StoreMigrate { check } => !*check,
            Self::Identity(ask) => ask.is_change(),
            _ => true,
        }
    }

    /// The network it is about, as it was written; `None` when it is about none.
    #[must_use]
    pub fn network(&self) -> Option<&str> {
        match self {
            Self::BlockAdd { network, .. } | Self::BlockRemove { network } => Some(network),
            Self::Status
            | Self::Explain { .. }
            | Self::AccessExplain(_)
            | Self::BlockList
            | Self::Reload
            | Self::Identity(_)
            | Self::StoreBackup { .. }
            | Self::StoreRekey
            | Self::StoreMigrate { .. }
            | Self::Upgrade => None,
        }
    }

    /// The account that it is about, as it was written; `None` when it is about none.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::Identity(ask) => ask.user(),
            Self::AccessExplain(question) => question.user.as_deref(),
            _ => None,
        }
    }

    /// How long whoever asks waits for the answer.
    pub(super) const fn patience(&self) -> Duration {
        match self {
            // Opening the store, and hashes of passwords, take their time.
            Self::Reload | Self::Upgrade | Self::Identity(_) | Self::AccessExplain(_) => {
                LONG_DEADLINE
            }
            Self::StoreBackup { .. } | Self::StoreRekey | Self::StoreMigrate { .. } => {
                COPY_DEADLINE
            }
            _ => DEADLINE,
        }
    }

    /// Reads a request line, without its line break.
    ///
    /// # Errors
    /// [`ControlError`] when it is no command of this version.
    pub fn parse(line: &[u8]) -> Result<Self, ControlError> {
        let hint = "commands are lines such as `{\"version\":1,\"command\":\"status\"}`";
        let refuse = |error: serde_json::Error| {
            ControlError::new(format!("the command is not understood: {error}"), hint)
        };
        let mut object: Map<String, Value> = serde_json::from_slice(line).map_err(refuse)?;
        let version = object.remove("version").unwrap_or_default();
        if version != VERSION {
            let message = format!("the server speaks version {VERSION}, the command another one");
            return Err(ControlError::new(message, "use the `mantlet` that the server runs"));
        }
        serde_json::from_value(Value::Object(object)).map_err(refuse)
    }

    /// The request line, with its line break.
    pub(super) fn to_line(&self) -> String {
        // Strings and numbers under fixed names always have a JSON form.
        let mut request = serde_json::to_value(self).unwrap_or_default();
        if let Value::Object(object) = &mut request {
            object.insert("version".into(), VERSION.into());
        }
        format!("{request}\n")
    }
}

/// The answer line, with its line break.
pub(super) fn answer_line(answer: Result<Value, ControlError>) -> String {
    let answer = match answer {
        Ok(result) => json!({ "ok": true, "result": result }),
        Err(error) => json!({ "ok": false, "error": error }),
    };
    format!("{answer}\n")
}

/// Reads an answer line.
pub(super) fn parse_answer(line: &[u8]) -> Result<Value, ControlError> {
    let foreign = || {
        let hint = "use the `mantlet` that the server runs";
        ControlError::new("the server's answer is not understood", hint)
    };
    let mut answer: Map<String, Value> = serde_json::from_slice(line).map_err(|_| foreign())?;
    match answer.get("ok").and_then(Value::as_bool) {
        Some(true) => answer.remove("result").ok_or_else(foreign),
        Some(false) => {
            let error = answer.remove("error").unwrap_or_default();
            Err(serde_json::from_value(error).unwrap_or_else(|_| foreign()))
        }
        None => Err(foreign()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_read_strictly() {
        let add = Command::BlockAdd {
            network: "::1".into(),
            seconds: None,
            why: "x".into(),
            force: false,
        };
        for (line, expected) in [
            (r#"{"version":1,"command":"status"}"#, Some(Command::Status)),
            (r#"{"version":1,"command":"block-list"}"#, Some(Command::BlockList)),
            (r#"{"version":1,"command":"block-add","network":"::1","why":"x"}"#, Some(add)),
            (r#"{"version":2,"command":"status"}"#, None),
            (r#"{"version":"1","command":"status"}"#, None),
            (r#"{"command":"status"}"#, None),
            (r#"{"version":1,"command":"shutdown"}"#, None),
            (r#"{"version":1,"command":"explain"}"#, None),
            (r#"{"version":1,"command":"explain","id":"x","more":1}"#, None),
            (r#"{"version":1,"command":"block-add","network":"::1","why":"x","seconds":-1}"#, None),
            ("[]", None),
            ("", None),
        ] {
            assert_eq!(Command::parse(line.as_bytes()).ok(), expected, "{line}");
        }
    }

    fn command() -> impl Strategy<Value = Command> {
        let add = (".*", any::<Option<u64>>(), ".*", any::<bool>());
        prop_oneof![
            Just(Command::Status),
            Just(Command::BlockList),
            Just(Command::Reload),
            Just(Command::Upgrade),
            Just(Command::StoreRekey),
            any::<bool>().prop_map(|check| Command::StoreMigrate { check }),
            ".*".prop_map(|id| Command::Explain { id }),
            ".*".prop_map(|folder| Command::StoreBackup { folder: folder.into() }),
            ".*".prop_map(|network| Command::BlockRemove { network }),
            add.prop_map(|(network, seconds, why, force)| Command::BlockAdd {
                network,
                seconds,
                why,
                force,
            }),
        ]
    }

    proptest! {
        #[test]
        fn a_command_survives_its_line(command in command()) {
            let line = command.to_line();
            prop_assert_eq!(line.matches('\n').count(), 1);
            let name = format!("\"command\":\"{}\"", command.name());
            prop_assert!(line.contains(&name));
            prop_assert_eq!(Command::parse(line.trim_end().as_bytes()), Ok(command));
        }

        #[test]
        fn any_line_is_read_or_refused(line in any::<Vec<u8>>()) {
            let _ = (Command::parse(&line), parse_answer(&line));
        }

        #[test]
        fn any_text_near_a_command_is_read_or_refused(
            line in "\\{\"version\":1,\"command\":\"(status|explain|block-add)\"[\\[\\]{},:\"a-z0-9]*\\}"
        ) {
            let _ = (Command::parse(line.as_bytes()), parse_answer(line.as_bytes()));
        }
    }
}
