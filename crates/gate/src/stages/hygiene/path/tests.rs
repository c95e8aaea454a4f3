use proptest::prelude::*;

use super::*;

const PASS_ALL: PathPolicy =
    PathPolicy { duplicate_slashes: DuplicateSlashes::Keep, ..PathPolicy::lenient() };

fn normal(raw: &str, policy: &PathPolicy) -> Result<String, PathFault> {
    normalize(raw, policy).map(|path| path.as_str().to_owned()).map_err(|error| error.fault())
}

#[test]
fn equivalent_spellings_have_one_normal_form() {
    for (raw, expected) in [
        ("/", "/"),
        ("/a/b.html", "/a/b.html"),
        ("/a:b@c!$&'()*+,=-._~", "/a:b@c!$&'()*+,=-._~"),
        ("/%61%7E%2d%5F%2E%41", "/a~-_.A"),
        ("/caf%c3%a9%20x", "/caf%C3%A9%20x"),
        ("/%3F%23%3b%5b", "/%3F%23%3B%5B"),
        ("/%3a%40%21%24%26%27%28%29%2A%2b%2C%3D", "/:@!$&'()*+,="),
        ("/[id]|{x}^", "/%5Bid%5D%7C%7Bx%7D%5E"),
        ("/.well-known/x", "/.well-known/x"),
        ("/a/./b/../c", "/a/c"),
        ("/a/%2e/b/%2E./c", "/a/c"),
        ("/a/..", "/"),
        ("/a/b/..", "/a/"),
        ("/a/.", "/a/"),
        ("/./", "/"),
        ("/...", "/..."),
        ("//", "/"),
        ("//a///b//", "/a/b/"),
        ("/a//../b", "/b"),
        ("/100%25", "/100%25"),
        ("/100%25%20", "/100%25%20"),
    ] {
        assert_eq!(normal(raw, &PathPolicy::default()).as_deref(), Ok(expected), "`{raw}`");
    }
}

#[test]
fn doubtful_paths_are_refused_by_default() {
    use PathFault::*;
    for (raw, fault) in [
        ("", NotAbsolute),
        ("a/b", NotAbsolute),
        ("*", NotAbsolute),
        ("/a b", IllegalByte),
        ("/a\"b", IllegalByte),
        ("/<x>", IllegalByte),
        ("/a`b", IllegalByte),
        ("/a?b", IllegalByte),
        ("/a#b", IllegalByte),
        ("/caf\u{e9}", IllegalByte),
        ("/a\0b", ControlByte),
        ("/a\x7f", ControlByte),
        ("/a%00", ControlByte),
        ("/a%0d%0aX", ControlByte),
        ("/a%1F", ControlByte),
        ("/a%7f", ControlByte),
        ("/%", BadEscape),
        ("/%4", BadEscape),
        ("/%zz", BadEscape),
        ("/%+1", BadEscape),
        ("/%%34%31", BadEscape),
        ("/a%2fb", EncodedSlash),
        ("/..%2F..", EncodedSlash),
        ("/a\\b", EncodedSlash),
        ("/a%5cb", EncodedSlash),
        ("/%c0%ae", InvalidUtf8),
        ("/%C0%AF", InvalidUtf8),
        ("/%e0%80%af", InvalidUtf8),
        ("/%ed%a0%80", InvalidUtf8),
        ("/%ff", InvalidUtf8),
        ("/%c3a%a9", InvalidUtf8),
        ("/%252e%252e/", DoubleEncoding),
        ("/%25%32%65", DoubleEncoding),
        ("/%2525", DoubleEncoding),
        ("/a;b", PathParameter),
        ("/..;/x", PathParameter),
        ("/..", AboveRoot),
        ("/a/../..", AboveRoot),
        ("/%2e%2e/x", AboveRoot),
        ("//..", AboveRoot),
        ("/a/..%3b/x", HiddenTraversal),
    ] {
        assert_eq!(normal(raw, &PathPolicy::default()), Err(fault), "`{raw}`");
    }
}

#[test]
fn the_policy_lets_doubtful_paths_pass() {
    for (raw, expected) in [
        ("/a%2fb\\c%5c", "/a%2Fb%5Cc%5C"),
        ("/%ff%c0", "/%FF%C0"),
        ("/%252e%25%32%65", "/%252e%252e"),
        ("/a;b=c/d", "/a;b=c/d"),
        ("//a//", "//a//"),
        ("/a//../b", "/a/b"),
        ("/.//a", "//a"),
    ] {
        assert_eq!(normal(raw, &PASS_ALL).as_deref(), Ok(expected), "`{raw}`");
    }
}

#[test]
fn no_policy_passes_traversal_that_only_the_application_would_see() {
    for raw in ["/a/..%2fb", "/..\\x", "/a%5c..", "/a/..;/b", "/a/.;x", "/x%2f.%2fy"] {
        assert_eq!(normal(raw, &PASS_ALL), Err(PathFault::HiddenTraversal), "`{raw}`");
    }
    for raw in ["/a%00", "/%zz", "/../a", "/a b", "/caf\u{e9}"] {
        assert!(normal(raw, &PASS_ALL).is_err(), "`{raw}`");
    }
}

#[test]
fn duplicate_slashes_are_refused_on_demand() {
    let policy =
        PathPolicy { duplicate_slashes: DuplicateSlashes::Refuse, ..PathPolicy::default() };
    assert_eq!(normal("/a/", &policy).as_deref(), Ok("/a/"));
    assert_eq!(normal("/a/./", &policy).as_deref(), Ok("/a/"));
    for raw in ["//", "/a//b", "/a//", "/a//../b"] {
        assert_eq!(normal(raw, &policy), Err(PathFault::DuplicateSlash), "`{raw}`");
    }
}

#[test]
fn normal_paths_are_borrowed() {
    let path = normalize("/api/v1/users/42", &PathPolicy::default()).unwrap();
    assert!(matches!(path, NormalPath(Cow::Borrowed(_))));
}

#[test]
fn every_byte_of_a_path_has_one_spelling() {
    for byte in (b'!'..=b'~').filter(|byte| !b"/;%\\".contains(byte)) {
        let escaped = normal(&format!("/x%{byte:02x}y"), &PathPolicy::default());
        let plain = normal(&format!("/x{}y", char::from(byte)), &PathPolicy::default());
        if plain != Err(PathFault::IllegalByte) {
            assert_eq!(plain, escaped, "`{}`", char::from(byte));
        }
    }
}

#[test]
fn routes_match_without_the_trailing_slash() {
    for (raw, key, segments) in
        [("/", "/", vec![]), ("/a", "/a", vec!["a"]), ("/a/b%20/", "/a/b%20", vec!["a", "b%20"])]
    {
        let path = normalize(raw, &PathPolicy::default()).unwrap();
        assert_eq!(path.match_key(), key);
        assert_eq!(path.segments().collect::<Vec<_>>(), segments);
    }
}

#[test]
fn errors_name_code_place_and_remedy_in_bounded_ascii() {
    let raw = format!("/a%2f{}", "\u{e9}".repeat(500));
    let error = normalize(&raw, &PathPolicy::default()).unwrap_err();
    assert_eq!(error.code(), "encoded-slash");
    assert!(error.bytes().starts_with("%2f\\xc3"));
    assert!(error.to_string().is_ascii() && error.to_string().len() < 400);
}

fn raw_path() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("/".to_owned()),
        prop::sample::select(vec![
            "..", ".", "%2e", "%2E", "%2f", "%5C", "\\", ";", "%25", "%32", "2e", "%c3%a9", "%C0",
            "%3b", "//", "a", "%61", "[", "%7c", "~", "%",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,3}",
        any::<u8>().prop_map(|byte| format!("%{byte:02x}")),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| format!("/{}", pieces.concat()))
}

fn policy() -> impl Strategy<Value = PathPolicy> {
    use DuplicateSlashes::{Keep, Merge, Refuse};
    let slashes = prop::sample::select(vec![Merge, Refuse, Keep]);
    let doubt = || prop::sample::select(vec![Doubtful::Refuse, Doubtful::Pass]);
    (slashes, doubt(), doubt(), doubt(), doubt()).prop_map(
        |(slashes, slash, utf8, double, params)| PathPolicy {
            duplicate_slashes: slashes,
            encoded_slash: slash,
            invalid_utf8: utf8,
            double_encoding: double,
            path_parameters: params,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn a_normal_path_is_its_own_normal_form(raw in raw_path(), policy in policy()) {
        if let Ok(once) = normal(&raw, &policy) {
            prop_assert_eq!(normal(&once, &policy), Ok(once));
        }
    }

    #[test]
    fn a_normal_path_has_no_dot_segments_and_no_doubt(raw in raw_path(), policy in policy()) {
        if let Ok(path) = normal(&raw, &policy) {
            prop_assert!(path.starts_with('/') && path.is_ascii());
            prop_assert!(!path.split('/').any(|segment| segment == "." || segment == ".."));
            prop_assert!(!path.contains(['\\', ' ', '"', '<', '?', '#']));
            if policy.duplicate_slashes != DuplicateSlashes::Keep {
                prop_assert!(!path.contains("//"));
            }
        }
    }

    #[test]
    fn dot_segments_are_removed_as_an_independent_parser_does(
        raw in "(/([a-z]{0,2}|\\.|\\.\\.|%2e|%2E\\.|[a-z]%20)){1,8}",
    ) {
        let policy = PathPolicy { duplicate_slashes: DuplicateSlashes::Keep, ..PathPolicy::default() };
        let oracle = url::Url::parse(&format!("http://a{raw}")).unwrap();
        match normal(&raw, &policy) {
            Ok(path) => prop_assert_eq!(path, oracle.path()),
            // The other parser stays at the root where we refuse.
            Err(fault) => prop_assert_eq!(fault, PathFault::AboveRoot),
        }
    }

    #[test]
    fn decoding_commutes_with_normalising_harmless_paths(
        segments in prop::collection::vec("[a-zA-Z0-9 \u{e9}\u{20ac}~_-]{1,6}", 1..6),
    ) {
        let escaped: String = segments
            .iter()
            .flat_map(|segment| std::iter::once("/".to_owned())
                .chain(segment.bytes().map(|byte| format!("%{byte:02x}"))))
            .collect();
        let path = normal(&escaped, &PathPolicy::default()).unwrap();
        let decoded = percent_encoding::percent_decode_str(&path).decode_utf8().unwrap();
        prop_assert_eq!(decoded, format!("/{}", segments.join("/")));
    }

    #[test]
    fn arbitrary_text_never_panics(raw in any::<String>(), policy in policy()) {
        let _ = normalize(&raw, &policy);
    }
}
