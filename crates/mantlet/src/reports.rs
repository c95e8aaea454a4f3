//! Keeping what browsers report about policies.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mantlet_event::{Events, Metrics, task};
use mantlet_gate::guards::csp::Reports;
use mantlet_types::Clock;
use tokio::task::JoinHandle;

use crate::data::DataFolder;
use crate::output;

/// How often new reports are written to the disk: so many seconds of them a crash may cost.
const PERIOD: Duration = Duration::from_secs(2);

/// The file of reports in a data folder.
pub(crate) fn file(data: &Path) -> PathBuf {
    data.join("csp-reports.json")
}

/// The reports of earlier runs. A file that cannot be read is put aside: reports are of use, but no
/// reason not to serve.
pub(crate) fn open(data: &DataFolder, clock: &Arc<dyn Clock>, metrics: &Metrics) -> Reports {
    let path = file(data.path());
    match Reports::open(path.clone(), Arc::clone(clock), metrics.clone()) {
        Ok(reports) => reports,
        Err(error) => {
            output::problem(&error.to_string());
            // Where even that fails, the next save replaces it.
            let _ = std::fs::rename(&path, path.with_extension("json.broken"));
            let known = Reports::open(path, Arc::clone(clock), metrics.clone());
            known.unwrap_or_else(|_| Reports::in_memory(Arc::clone(clock), metrics.clone()))
        }
    }
}

/// Writes new reports to the disk from time to time.
#[derive(Debug)]
pub(crate) struct Saving {
    task: JoinHandle<Option<()>>,
    reports: Arc<Reports>,
}

impl Saving {
    /// Begins.
    pub(crate) fn start(events: &Events, reports: Arc<Reports>) -> Self {
        let saving = save_again_and_again(Arc::clone(&reports));
        Self { task: task::spawn(events, "csp reports", saving), reports }
    }

    /// Ends; `is_last` puts what is new on the disk once more.
    pub(crate) fn stop(self, is_last: bool) {
        self.task.abort();
        if is_last {
            save(&self.reports);
        }
    }
}

async fn save_again_and_again(reports: Arc<Reports>) {
    loop {
        tokio::time::sleep(PERIOD).await;
        let reports = Arc::clone(&reports);
        let saved = tokio::task::spawn_blocking(move || save(&reports));
        // A panic in it has been reported; the next round tries again.
        let _ = saved.await;
    }
}

/// Writes new reports to the disk now.
fn save(reports: &Reports) {
    if let Err(error) = reports.save() {
        output::problem(&format!("cannot write the reports of browsers: {error}"));
    }
}
