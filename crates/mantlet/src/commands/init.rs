//! `mantlet init`: a commented configuration to start from.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use mantlet_config::HttpUrl;

use super::{Failure, Outcome};
use crate::cli::PlaceFlags;
use crate::output;

const TEMPLATE: &str = include_str!("init.toml");
const PLACEHOLDER: &str = "http://127.0.0.1:8501";

pub(super) fn execute(upstream: Option<&str>, place: &PlaceFlags) -> Result<Outcome, Failure> {
    let path = place.config.clone().unwrap_or_else(|| PathBuf::from("mantlet.toml"));
    let mut text = TEMPLATE.to_owned();
    if let Some(upstream) = upstream {
        let url: HttpUrl = upstream.parse().map_err(|error| format!("--upstream: {error}"))?;
        text = text.replace(PLACEHOLDER, &url.to_string());
    }
    if let Some(data) = &place.data {
        let line = toml_line("data", &std::path::absolute(data)?.to_string_lossy());
        text = text.replace("# data = \"/var/lib/mantlet\"\n", &line);
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
    output::say(&format!(
        "next: mantlet check --config {0} && mantlet run --config {0}",
        path.display()
    ));
    Ok(Outcome::Fine)
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
