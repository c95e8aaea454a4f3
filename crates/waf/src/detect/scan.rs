//! The cheap first pass: which bytes occur, and which words. A detector runs only where both give
//! it cause, so an ordinary value costs one look at each byte.

use super::bytes::starts_with;

/// The set of byte classes that occur in a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mask(pub(super) u32);

/// One bit for each byte class.
pub(super) mod class {
    pub(in super::super) const QUOTE: u32 = 1;
    pub(in super::super) const DOUBLE: u32 = 1 << 1;
    pub(in super::super) const TICK: u32 = 1 << 2;
    pub(in super::super) const LESS: u32 = 1 << 3;
    pub(in super::super) const GREATER: u32 = 1 << 4;
    pub(in super::super) const AMP: u32 = 1 << 5;
    pub(in super::super) const SEMICOLON: u32 = 1 << 6;
    pub(in super::super) const PIPE: u32 = 1 << 7;
    pub(in super::super) const DOLLAR: u32 = 1 << 8;
    pub(in super::super) const BRACE: u32 = 1 << 9;
    pub(in super::super) const PAREN: u32 = 1 << 10;
    pub(in super::super) const PERCENT: u32 = 1 << 11;
    pub(in super::super) const BACKSLASH: u32 = 1 << 12;
    pub(in super::super) const SLASH: u32 = 1 << 13;
    pub(in super::super) const DOT: u32 = 1 << 14;
    pub(in super::super) const HASH: u32 = 1 << 15;
    pub(in super::super) const EQUALS: u32 = 1 << 16;
    pub(in super::super) const LINE: u32 = 1 << 17;
    pub(in super::super) const CONTROL: u32 = 1 << 18;
    pub(in super::super) const HIGH: u32 = 1 << 19;
    pub(in super::super) const COLON: u32 = 1 << 20;
    pub(in super::super) const SPACE: u32 = 1 << 21;
    pub(in super::super) const DIGIT: u32 = 1 << 22;
    pub(in super::super) const STAR: u32 = 1 << 23;
    pub(in super::super) const AT: u32 = 1 << 24;
    pub(in super::super) const PLUS: u32 = 1 << 25;
    pub(in super::super) const BRACKET: u32 = 1 << 26;
    pub(in super::super) const LETTER: u32 = 1 << 27;
    pub(in super::super) const OTHER: u32 = 1 << 28;
    /// What words and numbers consist of.
    pub(in super::super) const PLAIN: u32 = LETTER | DIGIT;
}

const CLASSES: [u32; 256] = classes();

const fn class_of(byte: u8) -> u32 {
    use class::*;
    match byte {
        b'\'' => QUOTE,
        b'"' => DOUBLE,
        b'`' => TICK,
        b'<' => LESS,
        b'>' => GREATER,
        b'&' => AMP,
        b';' => SEMICOLON,
        b'|' => PIPE,
        b'$' => DOLLAR,
        b'{' | b'}' => BRACE,
        b'(' | b')' => PAREN,
        b'%' => PERCENT,
        b'\\' => BACKSLASH,
        b'/' => SLASH,
        b'.' => DOT,
        b'#' => HASH,
        b'=' => EQUALS,
        b'\r' | b'\n' => LINE,
        b' ' | b'\t' => SPACE,
        0..=31 | 127 => CONTROL,
        128.. => HIGH,
        b':' => COLON,
        b'0'..=b'9' => DIGIT,
        b'*' => STAR,
        b'@' => AT,
        b'+' => PLUS,
        b'[' | b']' => BRACKET,
        b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' => LETTER,
        _ => OTHER,
    }
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, index below 256")]
#[expect(clippy::cast_possible_truncation, reason = "index below 256")]
const fn classes() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = class_of(byte as u8);
        byte += 1;
    }
    table
}

impl Mask {
    /// The classes of `bytes`.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let class = |byte: &u8| CLASSES.get(usize::from(*byte)).copied().unwrap_or(0);
        Self(bytes.iter().fold(0, |mask, byte| mask | class(byte)))
    }

    /// Whether one of `classes` occurs.
    pub(super) fn any(self, classes: u32) -> bool {
        self.0 & classes != 0
    }

    /// Whether each of `classes` occurs.
    pub(super) fn all(self, classes: u32) -> bool {
        self.0 & classes == classes
    }

    /// Whether nothing but `classes` occurs.
    pub(super) fn only(self, classes: u32) -> bool {
        self.0 & !classes == 0
    }
}

/// One bit for each group of words that give a detector cause to look.
pub(super) mod signal {
    pub(in super::super) const SQL: u32 = 1;
    pub(in super::super) const SCRIPT: u32 = 1 << 1;
    pub(in super::super) const PARENT: u32 = 1 << 2;
    pub(in super::super) const FILE: u32 = 1 << 3;
    pub(in super::super) const COMMAND: u32 = 1 << 4;
    pub(in super::super) const JAVA: u32 = 1 << 5;
    pub(in super::super) const PHP: u32 = 1 << 6;
    pub(in super::super) const NODE: u32 = 1 << 7;
    pub(in super::super) const PYTHON: u32 = 1 << 8;
    pub(in super::super) const OBJECT: u32 = 1 << 9;
    pub(in super::super) const ADDRESS: u32 = 1 << 10;
    pub(in super::super) const XML: u32 = 1 << 11;
    pub(in super::super) const TEMPLATE: u32 = 1 << 12;
    pub(in super::super) const MESSAGE: u32 = 1 << 13;
    pub(in super::super) const SCANNER: u32 = 1 << 14;
}

/// The words of each group, in lower case. A word is only a cause to look: the verdict is the
/// parser's.
const WORDS: &[(u32, &[&str])] = &[
    (
        signal::SQL,
        &[
            "union",
            "select",
            "insert",
            "delete",
            "drop",
            "exec",
            "declare",
            "waitfor",
            "shutdown",
            "alter",
            "create",
            "truncate",
            "update",
            "/*!",
            "@@",
            "xp_",
            "outfile",
            "load_file",
            "procedure",
            "having",
            "sleep",
            "benchmark",
            "extractvalue",
            "updatexml",
            "dbms_",
            "utl_",
            "information_schema",
            "sqlite_master",
            "order by",
            "::json",
            "dumpfile",
            "merge",
            "replace",
            "randomblob",
            "concat",
            "group by",
            "pg_",
            "rlike",
            "char(",
            "chr(",
        ],
    ),
    (
        signal::SCRIPT,
        &[
            "javascript",
            "vbscript",
            "livescript",
            "alert",
            "confirm",
            "prompt",
            "eval",
            "document",
            "window",
            "fromcharcode",
            "settimeout",
            "setinterval",
            "constructor",
            "function",
            "self[",
            "top[",
            "this[",
            "parent[",
            "fetch(",
            "import(",
            "location",
            "globalthis",
            "reflect",
            "data:",
            "-moz-binding",
            "expression(",
            "innerhtml",
            "url(",
            "localstorage",
            "atob",
            "xmlhttp",
            "cookie",
        ],
    ),
    (signal::PARENT, &["0x2e", ".%00", "%2e"]),
    (
        signal::FILE,
        &[
            "/etc/",
            "etc/passwd",
            "/proc/",
            "proc/self",
            "/sys/",
            "/root/",
            "/var/log",
            ".git",
            ".svn",
            ".hg/",
            ".env",
            ".aws",
            ".ssh",
            ".docker",
            ".kube",
            ".htaccess",
            ".htpasswd",
            "win.ini",
            "boot.ini",
            "system32",
            "web.config",
            "web-inf",
            "meta-inf",
            "wp-config",
            "_history",
            ".npmrc",
            ".pypirc",
            ".netrc",
            "id_rsa",
            "id_ed25519",
            ".ds_store",
            "winnt",
            "c:\\",
            "c:/",
            "\\\\",
            ".bak",
            ".sql",
            ".old",
            ".claude",
            ".cursor",
            ".history",
            "debug.log",
            "error.log",
            "errors.log",
            "/tmp/",
            "/dev/",
            ".vscode",
            ".idea",
            "secrets",
            "settings.json",
            "mcp.json",
            "phpinfo",
            "server-status",
            "actuator",
            "config.",
        ],
    ),
    (
        signal::COMMAND,
        &[
            "/bin/",
            "cat ",
            "wget",
            "curl",
            "bash",
            "/sh",
            "nc ",
            "ncat",
            "netcat",
            "whoami",
            "uname",
            "ifconfig",
            "ipconfig",
            "powershell",
            "cmd.exe",
            "cmd /",
            "certutil",
            "nslookup",
            "ping ",
            "telnet",
            "python",
            "perl",
            "ruby",
            "php ",
            "{ifs}",
            "$ifs",
            "/dev/tcp",
            "() {",
            "(){",
            "for /",
            "if ",
            "sh -",
            "rm ",
            "chmod",
            "sleep",
            "%comspec%",
            "/???",
            "base64",
            "tftp",
            "ftp ",
            "net ",
            "reg ",
            "tar ",
            "zip ",
            "xterm",
            "cscript",
            "wscript",
            "mshta",
            "rundll32",
            "regsvr32",
            "bitsadmin",
            "/etc/",
            "crontab",
            "for %",
            "systeminfo",
            "tasklist",
            "wmic",
            "<<<",
            "echo",
            "ls ",
            "id ",
        ],
    ),
    (
        signal::JAVA,
        &[
            "java.",
            "javax.",
            "jndi",
            "runtime",
            "processbuilder",
            "classloader",
            "ognl",
            "springframework",
            "org.apache",
            "com.sun",
            "getclass",
            "forname",
            "transformer",
            "org.omg",
            "_memberaccess",
            "factory",
            "closure",
            "freemarker",
            "invoke",
            "org.codehaus",
            "com.opensymphony",
            "scriptengine",
            "bcel",
        ],
    ),
    (
        signal::PHP,
        &[
            "php:",
            "[php]",
            "{php}",
            "{/php}",
            "[/php]",
            "$globals",
            "system",
            "exec",
            "passthru",
            "phpinfo",
            "base64_",
            "file_get",
            "file_put",
            "fopen",
            "popen",
            "assert",
            "eval",
            "call_user",
            "preg_",
            "create_function",
            "unserialize",
            "phar:",
            "expect:",
            "gzinflate",
            "str_rot",
            "chr(",
            "allow_url",
            "auto_prepend",
            "disable_functions",
            "posix_",
            "proc_open",
            "ini_set",
            "move_uploaded",
            "curl_exec",
            "zlib:",
            "safe_mode",
            "open_basedir",
            "show_source",
            "highlight_file",
            "readfile",
            "include",
            "require",
        ],
    ),
    (
        signal::NODE,
        &[
            "require",
            "child_process",
            "process.",
            "__proto__",
            "prototype",
            "constructor",
            "module.",
            "global.",
            "nd_func",
            "console.",
            "new function",
            "spawn",
            "execsync",
            "while",
            "defineproperty",
            "getownproperty",
            "readfilesync",
        ],
    ),
    (
        signal::PYTHON,
        &[
            "__import__",
            "os.",
            "subprocess",
            "__class__",
            "__globals__",
            "__builtins__",
            "exec(",
            "eval(",
            "__subclasses__",
            "importlib",
            "pickle",
            "open(",
            "commands.get",
            "pty.",
            "__mro__",
            "__init__",
            "lambda",
        ],
    ),
    (
        signal::OBJECT,
        &[
            "ro0ab",
            "aced0005",
            "kztaau",
            "cs7qa",
            "\u{ac}\u{ed}",
            "!!python",
            "!!java",
            "!!javax",
            "!!com",
            "!!org",
            "!!ruby",
            "!ruby/",
            "aaeaaad",
            "gasv",
            "gan",
            "posix\nsystem",
            "h4siaaaa",
            "_$$nd",
            "__viewstate",
            "objectdataprovider",
            "$type",
            "cposix",
            "c__builtin",
            "cos\nsystem",
            "xmldecoder",
            "<sorted-set",
            "<java",
            "bahvo",
            "bahb",
            "@type",
            "objectinputstream",
            "py/object",
        ],
    ),
    (
        signal::ADDRESS,
        &[
            "://",
            "http:",
            "https:",
            "localhost",
            "127.",
            "169.254",
            "::1",
            "metadata",
            "gopher",
            "dict:",
            "file:",
            "ldap",
            "jar:",
            "netdoc:",
            "0x7f",
            "::ffff",
            "ftp",
            "mailto:",
            "data:",
            "url:",
            "php:",
            "local:",
            "ogg:",
            "expect:",
            "sftp",
            "tftp",
        ],
    ),
    (
        signal::XML,
        &[
            "<!doctype",
            "<!entity",
            "xinclude",
            "xi:include",
            "schemalocation",
            "xmlns",
            "<!element",
        ],
    ),
    (
        signal::TEMPLATE,
        &[
            "#set",
            "#include",
            "{php",
            "#exec",
            "{system",
            "|attr",
            "=cmd",
            "dde",
            "#foreach",
            "#evaluate",
            "{if",
            "{literal",
        ],
    ),
    (
        signal::SCANNER,
        &[
            "sqlmap",
            "nikto",
            "nessus",
            "openvas",
            "acunetix",
            "netsparker",
            "invicti",
            "w3af",
            "wpscan",
            "joomscan",
            "droopescan",
            "dirbuster",
            "gobuster",
            "feroxbuster",
            "ffuf",
            "wfuzz",
            "dirsearch",
            "arachni",
            "havij",
            "masscan",
            "zmeu",
            "nuclei",
            "jaeles",
            "whatweb",
            "wafw00f",
            "xsstrike",
            "commix",
            "nmap scripting",
            "zgrab",
            "burpcollaborator",
            "qualys",
            "appscan",
            "webinspect",
            "vega/",
            "skipfish",
            "grabber",
            "paros",
            "webshag",
            "jbrofuzz",
            "sqlninja",
            "bsqlbf",
            "absinthe",
            "morfeus",
            "whcc",
            "fimap",
            "uil2pn",
            "brutus",
            "hydra",
            "metis",
            "n-stealth",
            "pmafind",
            "webtrends security",
            "springenwerk",
            "voideye",
            "mysqloit",
            "struts-pwn",
            "advanced email extractor",
            "interact.sh",
            "cgichk",
            "internet ninja",
            "core-project",
            "gootkit",
            "prog.customcrawler",
            "datacha0s",
            "black widow",
            "toata dragostea",
            "sysscan",
            "amiga-aweb",
            "grendel-scan",
            "blackwidow",
        ],
    ),
    (
        signal::MESSAGE,
        &[
            "http/",
            "content-",
            "set-cookie",
            "location",
            "transfer-",
            "host:",
            "mail from",
            "rcpt to",
            "remote-addr",
            "x-",
        ],
    ),
];

/// Bits of the hash of three bytes.
const BITS: u32 = 12;

/// A word with the groups it speaks for.
type Entry = (&'static [u8], u32);

/// An index of the words by their first three bytes: one table look-up for each byte of a value,
/// and a comparison only where a word may begin. Quicker here than an automaton, which takes a
/// dependent step for each byte.
#[derive(Debug, Clone)]
pub(super) struct Signals {
    /// For each hash, the number of its bucket; 0 is the empty one.
    buckets: Vec<u16>,
    entries: Vec<Vec<Entry>>,
}

impl Signals {
    pub(super) fn new() -> Self {
        let mut buckets = vec![0_u16; 1 << BITS];
        let mut entries: Vec<Vec<Entry>> = vec![Vec::new()];
        for (group, word) in WORDS
            .iter()
            .flat_map(|(group, words)| words.iter().map(move |word| (*group, word.as_bytes())))
        {
            let key = word.iter().take(3).fold(0, |key, byte| key << 8 | u32::from(*byte));
            let Some(bucket) = buckets.get_mut(hash(key)) else { continue };
            if *bucket == 0 {
                entries.push(Vec::new());
                *bucket = u16::try_from(entries.len() - 1).unwrap_or(u16::MAX);
            }
            if let Some(list) = entries.get_mut(usize::from(*bucket)) {
                list.push((word, group));
            }
        }
        Self { buckets, entries }
    }

    /// The groups whose words occur in `bytes`.
    pub(super) fn of(&self, bytes: &[u8]) -> u32 {
        let mut groups = 0;
        let mut key = 0_u32;
        for (end, byte) in bytes.iter().enumerate() {
            key = (key << 8 | u32::from(byte.to_ascii_lowercase())) & 0xff_ffff;
            let bucket = self.buckets.get(hash(key)).copied().unwrap_or(0);
            if bucket != 0 && end >= 2 {
                groups |= self.words_at(bucket, bytes.get(end - 2..).unwrap_or_default(), groups);
            }
        }
        groups
    }

    /// The groups of the words of `bucket` that begin `rest`, save those already `known`.
    fn words_at(&self, bucket: u16, rest: &[u8], known: u32) -> u32 {
        let entries = self.entries.get(usize::from(bucket)).map(Vec::as_slice).unwrap_or_default();
        entries
            .iter()
            .filter(|(word, group)| known & group != *group && starts_with(rest, word))
            .fold(0, |groups, (_, group)| groups | group)
    }
}

/// The bucket of three bytes.
fn hash(key: u32) -> usize {
    usize::try_from(key.wrapping_mul(0x9e37_79b1) >> (32 - BITS)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_wherever_it_stands_in_any_case() {
        let signals = Signals::new();
        for (group, words) in WORDS {
            for word in *words {
                assert!(word.len() >= 3, "`{word}` is too short for the index");
                let text = format!("x{}y", word.to_ascii_uppercase());
                assert!(signals.of(text.as_bytes()) & group != 0, "{word}");
            }
        }
        assert_eq!(signals.of(b"an ordinary line of text"), 0);
    }
}
