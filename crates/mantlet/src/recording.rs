//! The recording of the data folder: its key, and who writes it.

use std::path::Path;
use std::sync::Arc;

use mantlet_config::{Environment, SecretError, Sources};
use mantlet_crypto::RootKey;
use mantlet_event::{Event, Events, Metrics, catalogue, field};
use mantlet_gate::guards::Services;
use mantlet_gate::recording::{
    KEY_FILE, ReadReport, Recorded, Recorder, RecorderOptions, RecordingSection, folder,
    read as read_records,
};
use mantlet_types::{Clock as _, Rng, Secret, SystemClock, Timestamp};

use crate::config::Config;
use crate::data::{self, DataFolder};
use crate::output;

type Failure = Box<dyn std::error::Error>;

/// Starts recording; `None` where that is not asked for.
pub(crate) fn start(
    section: &RecordingSection,
    data: &DataFolder,
    services: &Services,
    (events, metrics): (&Events, &Metrics),
) -> Result<Option<Arc<Recorder>>, Failure> {
    if !section.enabled {
        return Ok(None);
    }
    let folder = folder(data.path());
    let failed = |error: &dyn std::fmt::Display| {
        format!("`{}`: {error}\n  hint: `[recording]` needs it", folder.display())
    };
    data.make(&folder).map_err(|error| failed(&error))?;
    let key = key(section, data.path(), &services.sources, Some(&*services.rng))?;
    if section.key.is_none() {
        let event = Event::new(&catalogue::CONFIG_VALUE_RISKY)
            .text(field::SETTING, "recording.key")
            .text(field::MESSAGE, "the key of the recording lies beside it in the data folder");
        events.emit(event);
    }
    let options = RecorderOptions {
        key,
        clock: Arc::clone(&services.clock),
        rng: Arc::clone(&services.rng),
        metrics: metrics.clone(),
        events: events.clone(),
        report: output::problem,
        folder: folder.clone(),
    };
    let recorder = Recorder::start(section, options).map_err(|error| failed(&error))?;
    Ok(Some(Arc::new(recorder)))
}

/// The key as it is configured, for the redaction of logs; `None` where none is.
pub(crate) fn secret(
    section: &RecordingSection,
    sources: &Sources,
) -> Result<Option<Secret<String>>, SecretError> {
    let key = section.key.as_ref().filter(|_| section.enabled);
    key.map(|key| sources.resolve(key, 0)).transpose()
}

/// The key of the recording in the data folder `data`. Where it has none of its own, one is made if
/// there is an `rng`.
pub(crate) fn key(
    section: &RecordingSection,
    data: &Path,
    sources: &Sources,
    rng: Option<&dyn Rng>,
) -> Result<RootKey, Failure> {
    let failed = |error: mantlet_crypto::RootError| {
        format!("the key of the recording: {error}\n  hint: {}", error.hint())
    };
    if let Some(reference) = &section.key {
        let secret = sources.resolve(reference, 0)?;
        return Ok(RootKey::parse(&secret).map_err(failed)?);
    }
    let file = folder(data).join(KEY_FILE);
    match rng {
        Some(rng) if !file.exists() => Ok(RootKey::create(&file, rng).map_err(failed)?),
        _ => Ok(RootKey::read(&file).map_err(failed)?),
    }
}

/// Hands every request that is kept to `each`. What else is to be said of them is said.
///
/// # Errors
/// When there is no recording, or it cannot be read with this key.
pub(crate) fn read(
    config: &Config,
    environment: &Environment,
    each: impl FnMut(Recorded),
) -> Result<ReadReport, Failure> {
    let usual = || data::usual_place(environment);
    let data = config.data.clone().unwrap_or_else(usual);
    let folder = folder(&data);
    if !folder.is_dir() {
        let hint = "set `enabled = true` in `[recording]`, or name a file";
        return Err(format!("nothing is recorded in `{}`\n  hint: {hint}", data.display()).into());
    }
    let key = key(&config.recording, &data, &Sources::new(environment), None)?;
    let oldest = SystemClock::new().now().checked_sub(config.recording.max_age);
    let oldest = oldest.unwrap_or(Timestamp::UNIX_EPOCH);
    let report = read_records(&folder, &key, oldest, each)
        .map_err(|error| format!("`{}`: {error}", folder.display()))?;
    if report.foreign > 0 {
        let count = report.foreign;
        output::note(&format!("{count} files of the recording were sealed with another key"));
    }
    if report.damaged > 0 {
        output::note(&format!("{} records of it are not whole", report.damaged));
    }
    Ok(report)
}
