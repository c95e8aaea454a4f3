//! `mantlet init`: a commented configuration to start from.

mod dotenv;
mod from_env;
mod secrets;

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use mantlet_gate::upstream::ServerAddress;
use mantlet_types::{Clock as _, SystemClock};

use super::{Failure, Outcome};
use crate::cli::PlaceFlags;
use crate::output;

const TEMPLATE: &str = include_str!("init/template.toml");
const PLACEHOLDER: &str = "http://127.0.0.1:8501";

pub(super) fn execute(
    upstream: Option<&str>,
    from_env: Option<&Path>,
    place: &PlaceFlags,
) -> Result<Outcome, Failure> {
    let path = place.config.clone().unwrap_or_else(|| PathBuf::from("mantlet.toml"));
    let url: Option<ServerAddress> = upstream
        .map(|url| url.parse().map_err(|error| format!("--upstream: {error}")))
        .transpose()?;
    let url = url.map(|url| url.to_string());
    let (mut text, notes) = match from_env {
        Some(file) => {
            let converted =
                from_env::convert(&read_bounded(file)?, url.as_deref(), SystemClock::new().now());
            (converted.text, converted.notes)
        }
        None => {
            let url = url.unwrap_or_else(|| PLACEHOLDER.to_owned());
            (TEMPLATE.replace(PLACEHOLDER, &url), Vec::new())
        }
    };
    if let Some(data) = &place.data {
        let line = toml_line("data", &std::path::absolute(data)?.to_string_lossy());
        text = match from_env {
            Some(_) => line + &text,
            None => text.replace("# data = \"/var/lib/mantlet\"\n", &line),
        };
    }
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(&path).map_err(|error| {
        let path = path.display();
        if error.kind() == ErrorKind::AlreadyExists {
            format!("`{path}` exists already\n  hint: move it away, or name another file with --config")
        } else {
            format!("cannot write `{path}`: {error}")
        }
    })?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    output::say(&format!("wrote `{}`", path.display()));
    for note in notes {
        output::say(&format!("  {note}"));
    }
    output::say(&format!(
        "next: mantlet check --config {0} && mantlet run --config {0}",
        path.display()
    ));
    Ok(Outcome::Fine)
}

fn read_bounded(file: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| format!("cannot read `{}`: {error}", file.display());
    let mut text = String::new();
    let limit = dotenv::MAX_BYTES.saturating_add(1);
    File::open(file).map_err(failed)?.take(limit).read_to_string(&mut text).map_err(failed)?;
    if u64::try_from(text.len()).is_ok_and(|length| length < limit) {
        return Ok(text);
    }
    let hint = "name a file with lines of `NAME=value`";
    Err(format!("`{}` is larger than {} bytes\n  hint: {hint}", file.display(), dotenv::MAX_BYTES)
        .into())
}

fn toml_line(key: &str, value: &str) -> String {
    format!("{key} = {}\n", mantlet_config::Value::String(value.to_owned()))
}

#[cfg(test)]
mod tests {
    use mantlet_config::{Environment, Layers, load};

    use super::*;
    use crate::config::Config;

    #[test]
    fn the_template_is_a_valid_configuration_also_with_every_comment_removed() {
        let bare: String = TEMPLATE
            .lines()
            .map(|line| {
                line.strip_prefix("# ")
                    .filter(|rest| rest.contains(" = ") || rest.starts_with('['))
                    .unwrap_or(line)
            })
            .fold(String::new(), |text, line| text + line + "\n");
        for text in [TEMPLATE, &bare] {
            let layers = Layers::new(Environment::default()).text("init.toml", text);
            let loaded = load(&layers, |_: &Config, _| {});
            assert!(!loaded.problems.has_errors(), "{}", loaded.problems);
        }
        assert!(TEMPLATE.contains(PLACEHOLDER));
    }
}
