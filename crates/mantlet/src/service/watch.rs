//! Looking whether the configuration file or rule files have changed. By its attributes once a second, which
//! works on every file system and through every way of replacing a file; what was read decides.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::keeper::Keeper;

/// How often to look. A change is taken up when the file was the same at two looks, so that one
/// that is being written is not read half.
const INTERVAL: Duration = Duration::from_secs(1);

/// What changes when a file is written or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    async fn of(file: &Path) -> io::Result<Self> {
        let about = tokio::fs::metadata(file).await?;
        Ok(Self {
            device: about.dev(),
            inode: about.ino(),
            size: about.size(),
            modified: (about.mtime(), about.mtime_nsec()),
        })
    }
}

/// Takes up changes of `file` as long as the configuration in force wants that. A file that is
/// not there is about to be replaced.
pub(super) async fn watch(keeper: Arc<Keeper>, file: Arc<Path>) {
    let (mut taken_up, mut before) = (None, None);
    loop {
        tokio::time::sleep(INTERVAL).await;
        let Ok(now) = Stamp::of(&file).await else { continue };
        let is_settled = before.replace(now) == Some(now);
        if !is_settled || taken_up == Some(now) {
            continue;
        }
        taken_up = Some(now);
        let (keeper, file) = (Arc::clone(&keeper), Arc::clone(&file));
        // A panic there is this look's alone.
        let _ = tokio::task::spawn_blocking(move || keeper.file_changed(&file)).await;
    }
}

/// Takes up changes of the rule files of whatever configuration is in force, and of what is in
/// their folders.
pub(super) async fn watch_rules(keeper: Arc<Keeper>) {
    let (mut taken_up, mut before): (Looks, Looks) = (Vec::new(), Vec::new());
    loop {
        tokio::time::sleep(INTERVAL).await;
        let now = look(keeper.rule_files()).await;
        let is_settled = before == now;
        before.clone_from(&now);
        let names = |looks: &Looks| looks.iter().map(|(file, _)| file.clone()).collect::<Vec<_>>();
        if names(&taken_up) != names(&now) {
            // Another configuration names them. It has just read them; what has changed since then is
            // to be taken up.
            let keeper = Arc::clone(&keeper);
            let old = tokio::task::spawn_blocking(move || keeper.are_rules_old()).await;
            let is_old = old.unwrap_or(false);
            taken_up = now.into_iter().map(|(file, at)| (file, at.filter(|_| !is_old))).collect();
        } else if is_settled && taken_up != now {
            taken_up = now;
            let keeper = Arc::clone(&keeper);
            // A panic there is this look's alone.
            let _ = tokio::task::spawn_blocking(move || keeper.rules_changed()).await;
        }
    }
}

/// Files with what was seen of them; nothing of those that are gone.
type Looks = Vec<(PathBuf, Option<Stamp>)>;

async fn look(files: Vec<PathBuf>) -> Looks {
    let mut looks = Vec::with_capacity(files.len());
    for file in files {
        let stamp = Stamp::of(&file).await.ok();
        looks.push((file, stamp));
    }
    looks
}
