use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use proptest::prelude::*;
use toml::Value;

use super::*;
use crate::{Complaint, Scalar};

/// Reads `text` as TOML and shows what came of it: the value as written, or the complaint.
fn check<T: Scalar>(text: &str) -> String {
    let table: toml::Table = format!("key = {text}").parse().unwrap();
    match T::parse(&table["key"]) {
        Ok(value) => {
            let shown = value.show();
            let again = T::parse(&shown).unwrap().show();
            assert_eq!(again, shown, "what is shown is read back");
            shown.to_string()
        }
        Err(Complaint { message, hint }) => format!("{message}; {hint}"),
    }
}

#[test]
fn durations_need_a_unit() {
    for (text, expected) in [
        ("'30s'", "\"30s\""),
        ("'250ms'", "\"250ms\""),
        ("'120s'", "\"2m\""),
        ("'24h'", "\"1d\""),
        ("'0s'", "\"0s\""),
        ("'5 m'", "\"5m\""),
        ("30", "the duration `30` has no unit; write `30s` for seconds; units are ms, s, m, h, d"),
        (
            "'30'",
            "the duration `30` has no unit; write `30s` for seconds; units are ms, s, m, h, d",
        ),
        (
            "'3 weeks'",
            "`3 weeks` is not a duration; write a number and a unit (ms, s, m, h, d), for example 30s",
        ),
        (
            "'99999999999999999999s'",
            "`99999999999999999999s` is not a duration; write a number and a unit (ms, s, m, h, d), for example 30s",
        ),
        ("'40000d'", "`40000d` is too long; write at most 36500d"),
        ("true", "expected duration, found `true`; write for example `30s`"),
    ] {
        assert_eq!(check::<Duration>(text), expected, "{text}");
    }
}

#[test]
fn sizes_have_binary_and_decimal_units() {
    for (text, bytes) in [
        ("'64KiB'", 65_536),
        ("'10MiB'", 10_485_760),
        ("'200MB'", 200_000_000),
        ("'200 mb'", 200_000_000),
        ("1500", 1_500),
        ("0", 0),
    ] {
        let table: toml::Table = format!("key = {text}").parse().unwrap();
        assert_eq!(ByteSize::parse(&table["key"]), Ok(ByteSize(bytes)), "{text}");
    }
    for (size, text) in [(65_536, "64KiB"), (200_000_000, "200MB"), (1_501, "1501B"), (0, "0B")] {
        assert_eq!(ByteSize(size).to_string(), text);
    }
    for text in ["'x'", "'1XB'", "-1", "'99999999TiB'", "''"] {
        assert!(check::<ByteSize>(text).contains("is not a size; write a number and a unit"));
    }
}

#[test]
fn addresses_may_leave_out_the_local_host() {
    let hint = "write host:port, for example 127.0.0.1:8080";
    for (text, expected) in [
        ("'127.0.0.1:8080'", "\"127.0.0.1:8080\"".to_owned()),
        ("':8080'", "\"127.0.0.1:8080\"".to_owned()),
        ("'localhost:1'", "\"127.0.0.1:1\"".to_owned()),
        ("'[::1]:8080'", "\"[::1]:8080\"".to_owned()),
        ("'127.0.0.1:99999'", format!("`127.0.0.1:99999` is not an address; {hint}")),
        ("'example.org:80'", format!("`example.org:80` is not an address; {hint}")),
        ("''", format!("`` is not an address; {hint}")),
    ] {
        assert_eq!(check::<SocketAddr>(text), expected, "{text}");
    }
}

#[test]
fn numbers_are_checked_against_their_range() {
    assert_eq!(check::<u16>("65535"), "65535");
    assert_eq!(
        check::<u16>("65536"),
        "`65536` is out of range; write a whole number from 0 to 65535"
    );
    assert!(check::<u64>("-1").starts_with("`-1` is out of range; write a whole number from 0"));
    assert_eq!(
        check::<u32>("'5'"),
        "expected whole number, found the text `5`; write for example `10`"
    );
    assert_eq!(check::<f64>("2"), "2.0");
    assert!(check::<f64>("nan").starts_with("expected number"));
    assert!(check::<bool>("1").starts_with("expected `true` or `false`, found the number `1`"));
}

#[test]
fn networks_name_the_right_one() {
    for (text, expected) in [
        ("'10.0.0.0/8'", "\"10.0.0.0/8\""),
        ("'192.0.2.1'", "\"192.0.2.1/32\""),
        ("'2001:db8::/32'", "\"2001:db8::/32\""),
        ("'::ffff:10.0.0.0/104'", "\"10.0.0.0/8\""),
        ("'10.1.2.3/8'", "`10.1.2.3/8` has bits behind its prefix; write `10.0.0.0/8`"),
        (
            "'10.0.0.0/33'",
            "`10.0.0.0/33` is not a network; write an address or a network, for example 10.0.0.0/8",
        ),
    ] {
        assert_eq!(check::<Cidr>(text), expected, "{text}");
    }
    let private: Cidr = "10.0.0.0/8".parse().unwrap();
    for (address, is_inside) in [("10.9.8.7", true), ("::ffff:10.9.8.7", true), ("11.0.0.1", false)]
    {
        assert_eq!(private.contains(address.parse::<IpAddr>().unwrap()), is_inside, "{address}");
    }
}

#[test]
fn server_addresses_are_taken_apart() {
    let parts = |text: &str| {
        let url: HttpUrl = text.parse().unwrap();
        let (host, connect) = (url.host().to_owned(), url.connect_host().to_owned());
        (
            url.is_tls(),
            host,
            connect,
            url.port(),
            url.path().to_owned(),
            url.authority(),
            url.to_string(),
        )
    };
    let expect =
        |tls, host: &str, connect: &str, port, path: &str, authority: &str, shown: &str| {
            (tls, host.into(), connect.into(), port, path.into(), authority.into(), shown.into())
        };
    assert_eq!(
        parts("http://127.0.0.1:8501"),
        expect(
            false,
            "127.0.0.1",
            "127.0.0.1",
            8501,
            "/",
            "127.0.0.1:8501",
            "http://127.0.0.1:8501"
        )
    );
    assert_eq!(
        parts("HTTPS://App.Example.org:443/base/"),
        expect(
            true,
            "app.example.org",
            "app.example.org",
            443,
            "/base/",
            "app.example.org",
            "https://app.example.org/base/"
        )
    );
    assert_eq!(
        parts("http://[::1]:80/"),
        expect(false, "[::1]", "::1", 80, "/", "[::1]", "http://[::1]")
    );
}

#[test]
fn odd_server_addresses_are_refused_without_showing_passwords() {
    for text in [
        "example.org",
        "ftp://example.org",
        "http://",
        "http:///path",
        "http:example.org",
        "http://a\tb",
        "http://a\\b",
        "http://a:0",
        "http://a:99999",
        "http://a?x=1",
        "http://a#x",
    ] {
        assert!(text.parse::<HttpUrl>().is_err(), "{text}");
    }
    for text in ["http://user:hunter2@a", "https://hunter2@a/", "http://u:hunter2\\@a"] {
        let complaint = text.parse::<HttpUrl>().unwrap_err();
        assert!(!complaint.to_string().contains("hunter2"), "{complaint}");
    }
}

proptest! {
    #[test]
    fn any_duration_and_size_is_read_back(nanos in 0..u64::MAX / 8, size: u64) {
        let duration = Duration::from_nanos(nanos);
        prop_assert_eq!(Duration::parse(&Scalar::show(&duration)), Ok(duration));
        prop_assert_eq!(ByteSize::parse(&ByteSize(size).show()), Ok(ByteSize(size)));
    }

    #[test]
    fn any_text_is_read_or_refused(text: String) {
        let value = Value::String(text);
        let _ = Duration::parse(&value);
        let _ = ByteSize::parse(&value);
        let _ = SocketAddr::parse(&value);
        if let Ok(network) = Cidr::parse(&value) {
            prop_assert_eq!(Cidr::parse(&network.show()), Ok(network));
        }
        if let Ok(url) = HttpUrl::parse(&value) {
            prop_assert_eq!(HttpUrl::parse(&url.show()), Ok(url));
        }
    }

    #[test]
    fn a_server_address_is_read_back(host in "[a-z0-9.-]{1,12}", port: u16, path in "(/[a-z%.]{0,6}){0,3}") {
        if let Ok(url) = format!("http://{host}:{port}{path}").parse::<HttpUrl>() {
            prop_assert_eq!(url.to_string().parse(), Ok(url));
        }
    }
}
