//! Blocks that are set while running, kept in one small file.

use std::fmt;
use std::fs;
use std::io::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use ipnet::IpNet;
use mantlet_types::{Block, BlockError, Blocking, Clock, Timestamp};
use serde_json::{Map, Value as Json};

use super::table::Table;

/// Most blocks at a time.
const CAPACITY: usize = 10_000;

/// Longest `why` that is kept, in bytes.
const WHY_BYTES: usize = 512;

/// The list of blocked networks of one process. Reading it never waits.
#[derive(Debug)]
pub struct Blocklist {
    clock: Arc<dyn Clock>,
    table: ArcSwap<Table<Kept>>,
    /// Held while the list changes; `None` keeps the list in memory only.
    file: Mutex<Option<PathBuf>>,
}

#[derive(Debug, Clone)]
struct Kept {
    until: Option<Timestamp>,
    why: String,
}

impl Kept {
    fn is_in_force(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

/// A list that cannot be read.
#[derive(Debug)]
pub struct BlocklistError {
    path: PathBuf,
    why: String,
}

impl fmt::Display for BlocklistError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, why } = self;
        write!(f, "cannot read the block list `{}`: {why}", path.display())
    }
}

impl std::error::Error for BlocklistError {}

impl Blocklist {
    /// A list that lives as long as the process.
    #[must_use]
    pub fn in_memory(clock: Arc<dyn Clock>) -> Self {
        Self { clock, table: ArcSwap::default(), file: Mutex::new(None) }
    }

    /// The list kept in `path`, empty when there is no such file.
    ///
    /// # Errors
    /// [`BlocklistError`] when the file exists and is not a block list: blocks are never dropped
    /// silently.
    pub fn open(path: PathBuf, clock: Arc<dyn Clock>) -> Result<Self, BlocklistError> {
        let failed = |why: String| BlocklistError { path: path.clone(), why };
        let table = match fs::read(&path) {
            Ok(text) => parse(&text).map_err(failed)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Table::default(),
            Err(error) => return Err(failed(error.to_string())),
        };
        Ok(Self { clock, table: ArcSwap::from_pointee(table), file: Mutex::new(Some(path)) })
    }

    /// Replaces the list by what `change` makes of it; on disk first, then for everyone.
    fn change(
        &self,
        change: impl FnOnce(Vec<(IpNet, Kept)>) -> Vec<(IpNet, Kept)>,
    ) -> Result<(), BlockError> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        self.replace(file.as_deref(), change)
    }

    fn replace(
        &self,
        file: Option<&Path>,
        change: impl FnOnce(Vec<(IpNet, Kept)>) -> Vec<(IpNet, Kept)>,
    ) -> Result<(), BlockError> {
        let now = self.clock.now();
        let current = self.table.load();
        let in_force = current.iter().filter(|(_, kept)| kept.is_in_force(now));
        let entries = in_force.map(|(network, kept)| (*network, kept.clone())).collect();
        let table: Table<Kept> = change(entries).into_iter().collect();
        if table.len() > CAPACITY {
            return Err(BlockError::Full(CAPACITY));
        }
        if let Some(path) = file {
            save(path, &table).map_err(|error| BlockError::NotKept(error.to_string()))?;
        }
        self.table.store(Arc::new(table));
        Ok(())
    }
}

impl Blocking for Blocklist {
    fn block(&self, block: Block) -> Result<(), BlockError> {
        let network = block.network.trunc();
        let mut why = block.why;
        why.truncate(why.floor_char_boundary(WHY_BYTES));
        let kept = Kept { until: block.until, why };
        self.change(|mut entries| {
            entries.retain(|(known, _)| *known != network);
            entries.push((network, kept));
            entries
        })
    }

    fn unblock(&self, network: IpNet) -> Result<bool, BlockError> {
        let network = network.trunc();
        let mut was_blocked = false;
        self.change(|mut entries| {
            let before = entries.len();
            entries.retain(|(known, _)| *known != network);
            was_blocked = entries.len() < before;
            entries
        })?;
        Ok(was_blocked)
    }

    fn lookup(&self, address: IpAddr) -> Option<Block> {
        let table = self.table.load();
        if table.len() == 0 {
            return None;
        }
        let now = self.clock.now();
        let (network, kept) = table.find(address, |kept| kept.is_in_force(now))?;
        Some(Block { network, until: kept.until, why: kept.why.clone() })
    }

    fn list(&self) -> Vec<Block> {
        let now = self.clock.now();
        let table = self.table.load();
        let in_force = table.iter().filter(|(_, kept)| kept.is_in_force(now));
        in_force
            .map(|(network, kept)| Block {
                network: *network,
                until: kept.until,
                why: kept.why.clone(),
            })
            .collect()
    }
}

fn parse(text: &[u8]) -> Result<Table<Kept>, String> {
    let document: Json = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let entries = document.as_array().ok_or("not a list")?;
    entries.iter().map(parse_entry).collect()
}

fn parse_entry(entry: &Json) -> Result<(IpNet, Kept), String> {
    let text = |key: &str| entry.get(key).and_then(Json::as_str);
    let network = text("network").ok_or("an entry without network")?;
    let network = network.parse().map_err(|_| format!("`{network}` is not a network"))?;
    let until = match text("until") {
        None => None,
        Some(until) => Some(until.parse().map_err(|_| format!("`{until}` is not a time"))?),
    };
    Ok((network, Kept { until, why: text("why").unwrap_or_default().to_owned() }))
}

/// Writes the list beside the old one, then puts it in its place: a crash leaves one of the two.
fn save(path: &Path, table: &Table<Kept>) -> std::io::Result<()> {
    let entries = table.iter().map(|(network, kept)| {
        let mut entry = Map::new();
        entry.insert("network".into(), network.to_string().into());
        entry.insert("why".into(), kept.why.clone().into());
        if let Some(until) = kept.until {
            entry.insert("until".into(), until.to_string().into());
        }
        Json::Object(entry)
    });
    let text = serde_json::to_vec_pretty(&Json::Array(entries.collect()))?;
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&text)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    fs::File::open(folder)?.sync_all()
}
