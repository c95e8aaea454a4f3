//! The words of SQL by what they do in a sentence of it.

use std::sync::LazyLock;

/// What a word does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// Joins conditions: `or`, `and`.
    Logic,
    /// Turns a condition round: `not`, `binary`.
    Prefix,
    /// Compares: `like`, `in`, `between`.
    Compare,
    /// A value: `null`, `true`, `current_user`.
    Literal,
    /// Joins queries: `union`.
    Union,
    /// `select`
    Select,
    /// Begins another statement: `drop`, `exec`.
    Statement,
    /// `from`
    From,
    /// `where`, `on`
    Where,
    /// `order`, `group`
    Order,
    /// `by`
    By,
    /// `having`, `limit`, `offset`
    Clause,
    /// `into`
    Into,
    /// `procedure`
    Procedure,
    /// `all`, `distinct`
    All,
    /// `case`, `when`, `then`, `else`, `end`, `as`, `if`
    Case,
    /// A function that only takes time or reaches outside: a call of it is an attack.
    Heavy,
    /// Any other function that attacks lean on.
    Function,
    /// A catalogue of the database itself.
    Schema,
    /// What a statement acts on: `table`, `database`, `values`.
    Object,
    /// Any other word.
    Other,
}

/// No word below is longer.
const LONGEST: usize = 32;
/// Bytes of a word that its key holds.
const KEY: usize = 16;

const WORDS: &[(Word, &[&str])] = &[
    (Word::Logic, &["or", "and", "xor"]),
    (Word::Prefix, &["not", "binary", "exists", "any", "some", "distinct"]),
    (
        Word::Compare,
        &[
            "like", "rlike", "regexp", "in", "between", "is", "glob", "ilike", "similar", "sounds",
            "div", "mod", "match", "isnull", "notnull", "member", "escape", "collate",
        ],
    ),
    (
        Word::Literal,
        &[
            "null",
            "true",
            "false",
            "current_user",
            "current_date",
            "current_timestamp",
            "session_user",
            "system_user",
            "sysdate",
            "rownum",
            "unknown",
        ],
    ),
    (Word::Union, &["union", "intersect", "except", "minus"]),
    (Word::Select, &["select"]),
    (
        Word::Statement,
        &[
            "insert",
            "update",
            "delete",
            "drop",
            "create",
            "alter",
            "exec",
            "execute",
            "declare",
            "shutdown",
            "waitfor",
            "truncate",
            "merge",
            "replace",
            "call",
            "grant",
            "revoke",
            "set",
            "load",
            "copy",
            "handler",
            "rename",
            "attach",
            "pragma",
            "vacuum",
            "begin",
            "backup",
            "restore",
            "use",
            "dbcc",
            "reconfigure",
            "kill",
            "print",
            "with",
            "do",
            "prepare",
            "commit",
            "rollback",
            "if",
            "while",
            "desc",
            "describe",
            "show",
        ],
    ),
    (Word::From, &["from"]),
    (Word::Where, &["where", "on", "using"]),
    (Word::Order, &["order", "group"]),
    (Word::By, &["by"]),
    (Word::Clause, &["having", "limit", "offset"]),
    (Word::Into, &["into"]),
    (Word::Procedure, &["procedure"]),
    (Word::All, &["all", "distinctrow"]),
    (Word::Case, &["case", "when", "then", "else", "end", "as"]),
    (
        Word::Heavy,
        &[
            "sleep",
            "benchmark",
            "pg_sleep",
            "pg_sleep_for",
            "randomblob",
            "zeroblob",
            "load_file",
            "load_extension",
            "extractvalue",
            "updatexml",
            "xmltype",
            "lo_import",
            "lo_export",
            "lo_get",
            "pg_read_file",
            "pg_ls_dir",
            "pg_read_binary_file",
            "sys_eval",
            "sys_exec",
            "xp_cmdshell",
            "xp_dirtree",
            "xp_fileexist",
            "xp_regread",
            "xp_regwrite",
            "xp_subdirs",
            "sp_executesql",
            "sp_oacreate",
            "sp_password",
            "sp_configure",
            "openrowset",
            "opendatasource",
            "openquery",
            "utl_http",
            "utl_inaddr",
            "utl_file",
            "dbms_pipe",
            "dbms_lock",
            "dbms_ldap",
            "dbms_java",
            "dbms_xmlgen",
            "dbms_xmlquery",
            "dbms_utility",
            "ctxsys",
            "httpuritype",
            "query_to_xml",
            "database_to_xml",
            "dblink",
            "dblink_connect",
            "get_lock",
            "is_srvrolemember",
            "fn_xe_file_target_read_file",
            "group_concat",
            "name_const",
            "gtid_subset",
            "st_latfromgeohash",
            "linestring",
            "multipoint",
            "procedure_analyse",
            "make_set",
            "elt",
            "master_pos_wait",
            "fn_virtualfilestats",
            "delay",
            "multilinestring",
            "multipolygon",
            "geometrycollection",
            "polygon",
            "generate_series",
            "randomblob",
        ],
    ),
    (
        Word::Function,
        &[
            "ascii",
            "substring",
            "substr",
            "mid",
            "ord",
            "hex",
            "unhex",
            "char",
            "chr",
            "nchar",
            "concat",
            "concat_ws",
            "version",
            "database",
            "user",
            "schema",
            "length",
            "len",
            "count",
            "cast",
            "convert",
            "coalesce",
            "ifnull",
            "nullif",
            "iif",
            "if",
            "floor",
            "rand",
            "md5",
            "sha1",
            "sha",
            "bin",
            "lower",
            "upper",
            "lcase",
            "ucase",
            "greatest",
            "least",
            "current_setting",
            "current_database",
            "current_schema",
            "now",
            "sqlite_version",
            "string_agg",
            "array_agg",
            "listagg",
            "json_keys",
            "exp",
            "row_count",
            "found_rows",
            "db_name",
            "host_name",
            "suser_name",
            "suser_sname",
            "is_member",
            "object_id",
            "quote",
            "char_length",
            "character_length",
            "bit_length",
            "find_in_set",
            "field",
            "insert",
            "instr",
            "locate",
            "position",
            "left",
            "right",
            "reverse",
            "repeat",
            "lpad",
            "rpad",
            "typeof",
            "total_changes",
            "changes",
            "to_char",
            "to_number",
            "decode",
            "nvl",
            "cot",
            "sum",
            "min",
            "max",
            "avg",
            "row",
            "conv",
            "format",
            "soundex",
            "strcmp",
            "curdate",
            "uuid",
            "last_insert_id",
            "connection_id",
            "aes_encrypt",
            "aes_decrypt",
            "encode",
            "compress",
            "analyse",
            "extract",
            "json_extract",
            "json_arrayagg",
            "json_object",
            "stuff",
        ],
    ),
    (
        Word::Schema,
        &[
            "information_schema",
            "sqlite_master",
            "sqlite_schema",
            "sqlite_temp_master",
            "pg_catalog",
            "pg_shadow",
            "pg_user",
            "pg_database",
            "pg_class",
            "pg_tables",
            "sysobjects",
            "syscolumns",
            "sysdatabases",
            "syslogins",
            "sysusers",
            "all_tables",
            "user_tables",
            "all_tab_columns",
            "user_tab_columns",
            "all_users",
            "dba_users",
            "dual",
            "msysaccessobjects",
            "msysobjects",
            "msysaces",
            "performance_schema",
            "innodb_table_stats",
            "sysibm",
            "syscat",
            "rdb",
        ],
    ),
    (
        Word::Object,
        &[
            "table",
            "tables",
            "database",
            "databases",
            "view",
            "index",
            "trigger",
            "function",
            "values",
            "column",
            "user",
            "role",
            "login",
            "schema",
            "outfile",
            "dumpfile",
            "infile",
            "data",
            "immediate",
            "master",
            "delay",
        ],
    ),
];

/// A word with its key and what it does.
type Entry = (u128, &'static str, Word);

/// The words by their first letter, sorted by their keys.
static BY_LETTER: LazyLock<Vec<Vec<Entry>>> = LazyLock::new(|| {
    let mut letters = vec![Vec::new(); 26];
    for (word, kind) in
        WORDS.iter().flat_map(|(kind, words)| words.iter().map(|word| (*word, *kind)))
    {
        if let Some(list) = word.bytes().next().and_then(|first| letters.get_mut(letter(first))) {
            list.push((key(word.as_bytes()), word, kind));
        }
    }
    for list in &mut letters {
        // The sort is stable: of a word in two groups the first stays.
        list.sort_by_key(|(key, word, _)| (*key, *word));
        list.dedup_by_key(|(_, word, _)| *word);
    }
    letters
});

/// The first bytes of a word in lower case as one number, which compares faster than they do.
fn key(word: &[u8]) -> u128 {
    let padded = word.iter().copied().chain(std::iter::repeat(0)).take(KEY);
    padded.fold(0, |key, byte| key << 8 | u128::from(byte.to_ascii_lowercase()))
}

/// The number of a letter in any case; 26 and more for everything else.
fn letter(byte: u8) -> usize {
    usize::from(byte.to_ascii_lowercase().wrapping_sub(b'a'))
}

/// What `word` does, in any case; full-width and other letters make it another word.
pub(super) fn lookup(word: &[u8]) -> Word {
    let Some(list) = word.first().and_then(|first| BY_LETTER.get(letter(*first))) else {
        return Word::Other;
    };
    if word.len() > LONGEST {
        return prefixed(word);
    }
    let key = key(word);
    let start = list.partition_point(|(known, ..)| *known < key);
    let mut alike = list.iter().skip(start).take_while(|(known, ..)| *known == key);
    let found = alike.find(|(_, known, _)| word.eq_ignore_ascii_case(known.as_bytes()));
    found.map_or_else(|| prefixed(word), |(_, _, kind)| *kind)
}

/// Families of procedures share a prefix.
fn prefixed(word: &[u8]) -> Word {
    const FAMILIES: &[&str] = &["xp_", "dbms_", "utl_", "sp_oa", "pg_sleep", "pg_read", "pg_ls"];
    if crate::detect::bytes::starts_with_any(word, FAMILIES) { Word::Heavy } else { Word::Other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_any_case() {
        assert_eq!(lookup(b"SeLeCt"), Word::Select);
        assert_eq!(lookup(b"XP_anything"), Word::Heavy);
        assert_eq!(lookup(b"selected"), Word::Other);
        assert_eq!(lookup(&[b'a'; 300]), Word::Other);
    }

    #[test]
    fn no_word_is_too_long_for_the_buffer() {
        let longest = WORDS.iter().flat_map(|(_, words)| *words).map(|word| word.len()).max();
        assert!(longest.unwrap() <= LONGEST);
    }
}
