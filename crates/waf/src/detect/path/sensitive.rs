//! Files that nobody outside should ask for, by their paths.

use crate::detect::bytes::{contains_any, starts_with, starts_with_any, tail};

/// Files and folders of systems, by their path from the root.
const SYSTEM: &[&str] = &[
    "etc/passwd",
    "etc/shadow",
    "etc/group",
    "etc/hosts",
    "etc/issue",
    "etc/fstab",
    "etc/crontab",
    "etc/sudoers",
    "etc/master.passwd",
    "etc/security",
    "etc/ssh",
    "etc/ssl",
    "etc/mysql",
    "etc/apache",
    "etc/nginx",
    "etc/httpd",
    "etc/php",
    "etc/hostname",
    "etc/resolv.conf",
    "etc/profile",
    "etc/motd",
    "etc/environment",
    "etc/redis",
    "etc/kubernetes",
    "etc/vsftpd",
    "etc/my.cnf",
    "etc/network",
    "etc/subuid",
    "etc/subgid",
    "etc/gshadow",
    "etc/inittab",
    "etc/os-release",
    "etc/bashrc",
    "etc/ld.so",
    "etc/pam",
    "proc/self",
    "proc/version",
    "proc/cmdline",
    "proc/mounts",
    "proc/net",
    "proc/cpuinfo",
    "proc/meminfo",
    "proc/interrupts",
    "proc/sched",
    "proc/1/",
    "proc/kcore",
    "sys/class",
    "sys/kernel",
    "sys/fs",
    "var/log/",
    "var/run/secrets",
    "var/mail",
    "var/spool",
    "root/.",
    "dev/tcp",
    "dev/shm",
    "windows/win.ini",
    "windows/system",
    "winnt/",
    "boot.ini",
    "winnt\\",
    "windows\\win.ini",
    "windows\\system",
    "inetpub",
    "autoexec.bat",
    "windows/repair",
    "windows\\repair",
    "windows/php.ini",
    "windows\\php.ini",
    "windows/debug",
    "windows\\debug",
    "win.ini",
    "windows/explorer",
    "windows\\explorer",
    "windows/notepad",
    "windows/panther",
    "windows\\panther",
    "windows/iis",
    "windows/my.ini",
];

/// Files that an application keeps beside its pages and never serves.
const HIDDEN: &[&str] = &[
    ".git/",
    ".git\\",
    ".gitconfig",
    ".git-credentials",
    ".svn/",
    ".hg/",
    ".bzr/",
    ".env",
    ".aws/",
    ".ssh/",
    ".docker/",
    ".dockercfg",
    ".kube/",
    ".htaccess",
    ".htpasswd",
    ".bash_history",
    ".bash_profile",
    ".bashrc",
    ".zsh_history",
    ".mysql_history",
    ".psql_history",
    ".python_history",
    ".sqlite_history",
    ".sh_history",
    ".history",
    ".npmrc",
    ".pypirc",
    ".netrc",
    ".pgpass",
    ".my.cnf",
    ".ds_store",
    ".vscode/",
    ".idea/",
    ".gnupg/",
    ".config/",
    ".azure/",
    ".gcloud/",
    ".boto",
    ".s3cfg",
    ".terraform/",
    ".ansible",
    ".vault-token",
    ".profile",
    ".rhosts",
    ".subversion",
    ".claude/",
    ".cursor/",
    ".kiro/",
    ".roo/",
    ".zed/",
    ".windsurf/",
    ".opencode/",
    ".n8n/",
    ".junie/",
    ".a0proj/",
    ".codex/",
    ".gemini/",
    ".aider",
    ".continue/",
    ".github/copilot",
    ".openclaw",
    ".codeium/",
    ".ollama/",
    ".mcp.json",
    "web-inf/",
    "web-inf\\",
    "meta-inf/",
    "wp-config",
    "web.config",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "authorized_keys",
    "known_hosts",
    "phpinfo.php",
    "server-status",
    "php.ini",
    "my.ini",
    "sam.bak",
    "config.inc.php",
    "localsettings.php",
    "settings.local.php",
];

/// For each hash of two bytes, whether a path of the lists begins with them.
const BEGINNINGS: [bool; 1024] = beginnings();

const fn hash(first: u8, second: u8) -> usize {
    (first as usize * 31 + second as usize) % 1024
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn beginnings() -> [bool; 1024] {
    let mut table = [false; 1024];
    let lists = [SYSTEM, HIDDEN];
    let mut list = 0;
    while list < lists.len() {
        let mut entry = 0;
        while entry < lists[list].len() {
            let path = lists[list][entry].as_bytes();
            table[hash(path[0], path[1])] = true;
            entry += 1;
        }
        list += 1;
    }
    table
}

/// Whether a path of the lists could begin as `path` does.
fn may_begin(path: &[u8]) -> bool {
    let [first, second, ..] = path else { return false };
    BEGINNINGS.get(hash(*first, *second)).copied().unwrap_or(true)
}

/// The file of the system or the hidden file that `path` leads to; gives its length.
pub(super) fn sensitive(path: &[u8]) -> Option<usize> {
    let start = path.iter().take_while(|b| matches!(b, b'/' | b'\\' | b'.')).count();
    let start = if tail(path, start.saturating_sub(1)).starts_with(b".") {
        start.saturating_sub(1)
    } else {
        start
    };
    let rest = tail(path, start);
    let mut plain: Vec<u8> = Vec::with_capacity(rest.len().min(80));
    for &byte in rest.iter().take(80) {
        let byte = if byte == b'\\' { b'/' } else { byte.to_ascii_lowercase() };
        // `/etc//passwd`, `/etc/./passwd`.
        let repeats = byte == b'/' && plain.last() == Some(&b'/');
        let dot = byte == b'/' && plain.ends_with(b"/.");
        if dot {
            plain.pop();
        } else if !repeats && byte != 0 {
            plain.push(byte);
        }
    }
    let no_dot = plain.strip_prefix(b".").unwrap_or(&plain);
    if !may_begin(&plain) && !may_begin(no_dot) {
        return None;
    }
    let system = SYSTEM.iter().find(|known| starts_with_any(no_dot, &[known]));
    let hidden = HIDDEN.iter().find(|known| starts_with_any(&plain, &[known]));
    system.or(hidden).map(|known| start + known.len())
}

/// Folders of a system whose files no application names to its users.
const FOLDERS: &[&str] = &[
    "/etc/",
    "/proc/",
    "/dev/random",
    "/dev/urandom",
    "/dev/zero",
    "/dev/fd/",
    "/dev/stdin",
    "/dev/mem",
    "/root/",
    "/boot/",
    "/var/www/",
    "/var/lib/",
    "/var/spool/",
    "/var/mail/",
    "/var/backups/",
    "/var/run/",
    "/usr/local/",
    "/usr/share/",
    "/usr/lib/",
    "/usr/pkg/",
    "/opt/",
    "/srv/",
    "/home/",
    "/private/",
    "/system/library/",
    "/library/",
    concat!("/tmp", "/sess_"),
    "/web/",
    "/www/",
    "/htdocs/",
    "/xampp/",
    "/lampp/",
    "/app/",
];

/// What ends the names of settings, logs, keys and of scripts that a server runs.
const KINDS: &[&str] = &[
    ".conf",
    ".cnf",
    ".ini",
    ".cfg",
    ".php",
    ".inc",
    ".jsp",
    ".asp",
    ".aspx",
    ".log",
    ".env",
    ".key",
    ".pem",
    ".properties",
    ".plist",
    ".htaccess",
    ".htpasswd",
    "_log",
    "passwd",
    "shadow",
    ".xml",
    ".yml",
    ".yaml",
    ".sql",
    ".db",
    ".sqlite",
    ".bash_history",
    ".config",
    ".cgi",
    ".pl",
    ".py",
    ".rb",
];

/// Whether `path` leads from a drive into what belongs to Windows or to a server on it.
pub(super) fn is_of_windows(path: &[u8]) -> bool {
    let drive =
        path.first().is_some_and(u8::is_ascii_alphabetic) && tail(path, 1).starts_with(b":");
    let rest: Vec<u8> = tail(path, 2)
        .iter()
        .map(|b| if *b == b'/' { b'\\' } else { b.to_ascii_lowercase() })
        .collect();
    let folders = [
        "\\windows\\",
        "\\winnt\\",
        "\\programdata\\microsoft\\",
        "\\inetpub\\",
        "\\xampp\\",
        "\\wamp",
        "\\boot.ini",
        "\\system volume information",
        "\\$recycle.bin",
    ];
    drive && starts_with_any(&rest, &folders)
}

/// Whether `path`, from the root, leads to a file of the system: to a device or a process, or to
/// settings, logs and scripts in folders that no page is served from.
pub(super) fn is_of_system(path: &[u8]) -> bool {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"/._-+@~%\0".contains(b);
    if !starts_with_any(path, FOLDERS) || !path.iter().all(plain) {
        return false;
    }
    let process = starts_with_any(
        path,
        &["/proc/", "/dev/", "/root/", concat!("/tmp", "/sess_"), "/etc/", "/boot/", "/var/www/"],
    );
    let session = contains_any(path, &["/sess_", "/sessions/"]);
    let ends = |kind: &&str| {
        path.len() > kind.len() && starts_with(tail(path, path.len() - kind.len()), kind.as_bytes())
    };
    process || session || KINDS.iter().any(ends)
}
