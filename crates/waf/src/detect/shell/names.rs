//! Programs by name. A name alone says little: most are words.

use std::sync::LazyLock;

/// What a program is to an attacker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Runs what it is given.
    Shell,
    /// Runs code in its options.
    Interpreter,
    /// Fetches or sends.
    Net,
    /// Reads or changes files.
    File,
    /// Tells about the machine, and is no word of English.
    Info,
    /// An English word as well: needs an argument that is no word.
    Word,
    /// A program of Windows.
    Windows,
    /// A word of the shell that begins a command: `sudo`, `time`, `exec`.
    Prefix,
}

const NAMES: &[(Kind, &[&str])] = &[
    (
        Kind::Shell,
        &[
            "sh", "bash", "zsh", "ksh", "dash", "csh", "tcsh", "fish", "ash", "rbash", "pwsh",
            "xterm",
        ],
    ),
    (
        Kind::Interpreter,
        &[
            "python",
            "python2",
            "python3",
            "perl",
            "ruby",
            "php",
            "node",
            "nodejs",
            "lua",
            "awk",
            "gawk",
            "mawk",
            "nawk",
            "sed",
            "irb",
            "java",
            "tclsh",
            "gdb",
            "jshell",
            "osascript",
            "gcc",
            "cc",
            "php5",
            "php7",
            "php8",
            "cpan",
            "vim",
            "vi",
            "emacs",
            "ansible",
            "ansible-pull",
            "ansible-playbook",
            "ansible-inventory",
            "ansible-console",
            "chef-client",
            "xargs",
        ],
    ),
    (
        Kind::Net,
        &[
            "curl",
            "wget",
            "nc",
            "ncat",
            "netcat",
            "socat",
            "telnet",
            "ssh",
            "scp",
            "sftp",
            "rsync",
            "ftp",
            "tftp",
            "lwp-download",
            "lwp-request",
            "nslookup",
            "dig",
            "ping",
            "ping6",
            "fping",
            "traceroute",
            "nmap",
            "aria2c",
            "axel",
            "lynx",
            "w3m",
            "whois",
            "smbclient",
            "openssl",
            "iptables",
            "tcpdump",
            "dnsdomainname",
        ],
    ),
    (
        Kind::File,
        &[
            "cat",
            "tac",
            "nl",
            "od",
            "xxd",
            "hexdump",
            "ls",
            "ll",
            "cp",
            "mv",
            "rm",
            "rmdir",
            "mkdir",
            "chmod",
            "chown",
            "chgrp",
            "ln",
            "dd",
            "tar",
            "gzip",
            "gunzip",
            "zcat",
            "zstdcat",
            "bzcat",
            "xzcat",
            "zgrep",
            "unzip",
            "bzip2",
            "base64",
            "base32",
            "grep",
            "egrep",
            "fgrep",
            "zip",
            "rev",
            "tee",
            "readlink",
            "shred",
            "wc",
            "crontab",
            "systemctl",
            "mkfifo",
            "pico",
            "nano",
            "printf",
            "cd",
            "lsof",
            "cpio",
        ],
    ),
    (
        Kind::Info,
        &[
            "id",
            "whoami",
            "uname",
            "hostname",
            "ifconfig",
            "netstat",
            "ps",
            "pwd",
            "printenv",
            "lsb_release",
            "uptime",
            "dmesg",
            "lscpu",
            "lspci",
            "getent",
            "getfacl",
            "df",
            "du",
            "arp",
            "iostat",
            "vmstat",
            "lsmod",
            "pstree",
            "nproc",
            "ip",
            "ss",
            "visudo",
            "ifup",
            "useradd",
            "usermod",
            "passwd",
            "htop",
            "pkill",
            "killall",
            "umount",
            "strace",
            "ltrace",
            "dpkg",
            "aptitude",
            "apt",
            "yum",
            "poweroff",
            "reboot",
            "lastlog",
            "traceroute",
            "route",
        ],
    ),
    (
        Kind::Word,
        &[
            "head", "tail", "more", "less", "find", "sort", "cut", "who", "last", "at", "env",
            "set", "w", "host", "touch", "kill", "mount", "service", "echo", "date", "file",
            "split", "test", "man", "make", "sleep", "view", "look", "paste", "join", "fold",
            "top", "halt", "shutdown", "alias", "export", "history", "jobs", "users", "groups",
            "read", "go", "strip", "diff", "uniq", "watch", "yes", "true", "false", "install",
            "expr", "help", "script", "trap", "eval", "source", "docker", "kubectl", "ed", "ex",
            "expect", "fetch", "finger", "pg", "locate", "stat", "strings", "puppet",
        ],
    ),
    (
        Kind::Windows,
        &[
            "cmd",
            "cmd.exe",
            "powershell",
            "powershell.exe",
            "pwsh.exe",
            "certutil",
            "certutil.exe",
            "bitsadmin",
            "wmic",
            "reg",
            "net",
            "net1",
            "ipconfig",
            "tasklist",
            "taskkill",
            "type",
            "systeminfo",
            "mshta",
            "rundll32",
            "regsvr32",
            "cscript",
            "wscript",
            "dir",
            "copy",
            "xcopy",
            "robocopy",
            "del",
            "erase",
            "ren",
            "rd",
            "md",
            "attrib",
            "icacls",
            "cacls",
            "schtasks",
            "netsh",
            "sc",
            "vssadmin",
            "ver",
            "regedit",
            "bcdboot",
            "bcdedit",
            "forfiles",
            "start",
            "nltest",
            "dsquery",
            "arp",
            "msiexec",
            "installutil",
            "msbuild",
            "wevtutil",
            "diskpart",
            "fsutil",
            "takeown",
            "findstr",
            "nbtstat",
            "tracert",
            "pathping",
            "gpresult",
            "driverquery",
            "waitfor",
            "timeout",
            "calc.exe",
            "notepad.exe",
            "query",
            "quser",
            "set",
        ],
    ),
    (
        Kind::Prefix,
        &[
            "sudo", "time", "exec", "nohup", "command", "builtin", "timeout", "nice", "ionice",
            "stdbuf", "setsid", "doas", "env", "then", "do", "else", "if", "while", "until",
            "watch", "coproc", "xargs", "strace", "busybox",
        ],
    ),
];

/// The names by their first byte, with every kind each has, in the order of [`NAMES`].
static BY_FIRST: LazyLock<Vec<Vec<(&'static str, Kind)>>> = LazyLock::new(|| {
    let mut lists = vec![Vec::new(); 256];
    for (kind, words) in NAMES {
        for word in *words {
            let first = word.bytes().next().map(usize::from);
            if let Some(list) = first.and_then(|first| lists.get_mut(first)) {
                list.push((*word, *kind));
            }
        }
    }
    lists
});

/// Every kind that the program called `name` has, in any case.
fn kinds(name: &[u8]) -> impl Iterator<Item = Kind> {
    let first = name.first().map(|byte| usize::from(byte.to_ascii_lowercase()));
    let list = first.and_then(|first| BY_FIRST.get(first)).map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .filter(move |(word, _)| {
            word.len() == name.len() && name.eq_ignore_ascii_case(word.as_bytes())
        })
        .map(|(_, kind)| *kind)
}

/// What the program called `name` is, in any case; `None` when it is not known.
pub(super) fn kind(name: &[u8]) -> Option<Kind> {
    let name = name.strip_suffix(b".exe").unwrap_or(name);
    if name.is_empty() || name.len() > 20 {
        return None;
    }
    kinds(name).next().or_else(|| versioned(name))
}

/// `python3.11`, `gcc10`, `php8`.
fn versioned(name: &[u8]) -> Option<Kind> {
    let letters = name.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let rest = name.get(letters..).unwrap_or_default();
    let version = !rest.is_empty() && rest.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    let base = name.get(..letters).unwrap_or_default();
    (version
        && super::super::bytes::is_any(
            base,
            &["python", "perl", "ruby", "php", "gcc", "lua", "node", "clang"],
        ))
    .then_some(Kind::Interpreter)
}

/// Whether `name` is a prefix that another command follows.
pub(super) fn is_prefix(name: &[u8]) -> bool {
    kinds(name).any(|kind| kind == Kind::Prefix)
}
