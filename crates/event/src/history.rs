//! Reading the event log back.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use mantlet_types::RequestId;

/// The name of the event log inside a folder.
const FILE_NAME: &str = "events.jsonl";
/// Longer lines are passed over; no line that is written here comes near.
const MAX_LINE_BYTES: u64 = 1024 * 1024;

/// The lines of the log that belong to the request `id`, oldest first; when there are more than
/// `limit`, the newest. `path` is the log file, or a folder with an `events.jsonl`; its rotated
/// files are searched too, newest first. Holds one line and the found ones in memory.
///
/// # Errors
/// When the folder or a file cannot be read. What does not exist has no lines.
pub fn find_in_logs(path: &Path, id: RequestId, limit: usize) -> io::Result<Vec<String>> {
    let mut found = VecDeque::new();
    for file in files(path)? {
        let room = limit.saturating_sub(found.len());
        if room == 0 {
            break;
        }
        for line in find_in_file(&file, id, room)?.into_iter().rev() {
            found.push_front(line);
        }
    }
    Ok(found.into())
}

/// The log file and its rotated ones, newest first.
fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    let current = if path.is_dir() { path.join(FILE_NAME) } else { path.to_owned() };
    let folder = current.parent().filter(|folder| !folder.as_os_str().is_empty());
    let name = current.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut rotated = Vec::new();
    let entries = match fs::read_dir(folder.unwrap_or_else(|| Path::new("."))) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![current]),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let number = entry
            .file_name()
            .to_str()
            .and_then(|other| other.strip_prefix(&name)?.strip_prefix('.')?.parse::<u32>().ok());
        // A file that vanishes while we look was rotated away.
        if let (Some(number), Ok(metadata)) = (number, entry.metadata()) {
            let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            rotated.push((std::cmp::Reverse(modified), number, entry.path()));
        }
    }
    rotated.sort();
    let rotated = rotated.into_iter().map(|(_, _, path)| path);
    Ok(std::iter::once(current).chain(rotated).collect())
}

/// The last `limit` lines of `path` that belong to the request, in the order of the file.
fn find_in_file(path: &Path, id: RequestId, limit: usize) -> io::Result<VecDeque<String>> {
    let mut reader = match File::open(path) {
        Ok(file) => BufReader::with_capacity(64 * 1024, file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(VecDeque::new()),
        Err(error) => return Err(error),
    };
    let id = id.to_string();
    let finder = memchr::memmem::Finder::new(&id);
    let mut found = VecDeque::new();
    let mut line = Vec::new();
    while read_line(&mut reader, &mut line)? {
        if finder.find(&line).is_some() && belongs_to(&line, &id) {
            if found.len() == limit {
                found.pop_front();
            }
            found.extend(String::from_utf8(line.clone()));
        }
    }
    Ok(found)
}

/// Reads the next line without its line break; `false` at the end. An overlong line is left empty.
fn read_line(reader: &mut BufReader<File>, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let read = reader.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if u64::try_from(read).is_ok_and(|read| read == MAX_LINE_BYTES) {
        line.clear();
        reader.skip_until(b'\n')?;
    }
    Ok(read > 0)
}

/// Whether the line's own request id is `id`, not just some text in it.
fn belongs_to(line: &[u8], id: &str) -> bool {
    serde_json::from_slice::<serde_json::Value>(line)
        .is_ok_and(|line| line.get("request_id").and_then(serde_json::Value::as_str) == Some(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "019a9f2e-3c41-7d10-9a52-0c8e5e3b7f44";

    fn line(id: &str, n: u32) -> String {
        format!("{{\"request_id\":\"{id}\",\"n\":{n}}}\n")
    }

    fn find(path: &Path, limit: usize) -> Vec<String> {
        let lines = find_in_logs(path, ID.parse().unwrap(), limit).unwrap();
        lines
            .iter()
            .map(|line| line.split("\"n\":").nth(1).unwrap().trim_end_matches('}').to_owned())
            .collect()
    }

    #[test]
    fn lines_are_found_across_rotations_oldest_first() {
        let folder = tempfile::tempdir().unwrap();
        let other = "019a9f2e-3c41-7d10-9a52-0c8e5e3b7f45";
        fs::write(
            folder.path().join("events.jsonl.1"),
            line(ID, 1) + &line(other, 2) + &line(ID, 3),
        )
        .unwrap();
        fs::write(folder.path().join("events.jsonl"), line(other, 4) + &line(ID, 5)).unwrap();
        fs::write(folder.path().join("events.jsonl.bak"), line(ID, 9)).unwrap();
        assert_eq!(find(folder.path(), 10), ["1", "3", "5"]);
        assert_eq!(find(&folder.path().join("events.jsonl"), 2), ["3", "5"]);
        assert_eq!(find(folder.path(), 0), [""; 0]);
    }

    #[test]
    fn long_torn_and_foreign_lines_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = format!("{{\"path\":\"{ID}\",\"n\":1}}\n{ID} not json\n").into_bytes();
        log.extend(std::iter::repeat_n(b'x', 3 * 1024 * 1024));
        log.extend(format!("{ID}\n").bytes());
        log.extend(b"\xff\xfe\n\n");
        log.extend(line(ID, 2).bytes());
        log.extend(format!("{{\"request_id\":\"{ID}\",\"torn").bytes());
        fs::write(folder.path().join("events.jsonl"), log).unwrap();
        assert_eq!(find(folder.path(), 10), ["2"]);
    }

    #[test]
    fn a_folder_without_a_log_has_no_lines() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(find(folder.path(), 10), [""; 0]);
        assert_eq!(find(&folder.path().join("none/events.jsonl"), 10), [""; 0]);
    }
}
