use http::Method;

use super::*;
use mantlet_config::{Scalar, Value};

fn layer(index: usize, text: &str, action: &str) -> Layer {
    // `METHOD,METHOD host/path`
    let (methods, place) = text.split_once(' ').unwrap_or(("", text));
    let (host, path) = place.split_at(place.find('/').unwrap());
    let parse = |text: &str| Value::String(text.into());
    Layer {
        index: Some(index),
        host: HostPattern::parse(&parse(if host.is_empty() { "*" } else { host })).unwrap(),
        path: PathPattern::parse(&parse(path)).unwrap(),
        methods: methods
            .split(',')
            .filter(|name| !name.is_empty())
            .map(|name| name.parse().unwrap())
            .collect(),
        action: match action {
            "" => None,
            "deny" => Some(Action::Deny),
            other => Some(Action::Redirect(other.into())),
        },
    }
}

/// The action and the names of the layers that apply to a request.
type Target = (String, Vec<String>);

fn router(routes: &[(&str, &str)]) -> Result<Router<Target>, Vec<String>> {
    let layers: Vec<Layer> = routes
        .iter()
        .enumerate()
        .map(|(index, (text, action))| layer(index, text, action))
        .collect();
    compile(&layers, |site| {
        let action = match site.action {
            None => "none".into(),
            Some(Action::Deny) => "deny".into(),
            Some(Action::Redirect(to)) => to.clone(),
            Some(other) => format!("{other:?}"),
        };
        (action, site.layers.iter().map(|layer| layer.name()).collect())
    })
    .map_err(|overlaps| overlaps.into_iter().map(|overlap| overlap.message).collect())
}

fn choose(router: &Router<Target>, request: &str) -> String {
    let (method, place) = request.split_once(' ').unwrap();
    let (host, path) = place.split_at(place.find('/').unwrap());
    let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
    router
        .choose(host, path, &method.parse().unwrap())
        .map_or_else(|| "nothing".into(), |target| target.0.clone())
}

#[test]
fn the_most_specific_route_wins() {
    let router = router(&[
        ("/*", "root"),
        ("/admin/*", "admin"),
        ("/admin/users/*", "users"),
        ("/admin/health", "health"),
        ("a.example/*", "a"),
        ("*.example/*", "sub"),
        ("POST /admin/*", "post"),
    ]);
    let expected = [
        ("GET x/", "root"),
        ("GET x/admin", "admin"),
        ("GET x/admin/", "admin"),
        ("GET x/admin/x", "admin"),
        ("GET x/administrator", "root"),
        ("GET x/admin/users/1", "users"),
        ("GET x/admin/health", "health"),
        ("GET x/admin/health/x", "admin"),
        ("POST x/admin/x", "post"),
    ];
    // The host routes cross the path routes, which is an error until it is settled.
    assert!(router.is_err());
    let router = self::router(&[
        ("/*", "root"),
        ("/admin/*", "admin"),
        ("/admin/users/*", "users"),
        ("/admin/health", "health"),
        ("POST /admin/*", "post"),
    ])
    .unwrap();
    for (request, target) in expected {
        assert_eq!(choose(&router, request), target, "{request}");
    }
}

#[test]
fn hosts_go_before_paths() {
    let router = router(&[
        ("/*", "root"),
        ("*.example/*", "sub"),
        ("a.example/*", "a"),
        ("*.b.example/*", "b"),
    ])
    .unwrap();
    for (request, target) in [
        ("GET other/", "root"),
        ("GET example/", "root"),
        ("GET x.example/", "sub"),
        ("GET a.example/x", "a"),
        ("GET y.b.example/x", "b"),
        ("GET evilexample/", "root"),
    ] {
        assert_eq!(choose(&router, request), target, "{request}");
    }
}

#[test]
fn a_route_inherits_from_every_route_that_covers_it() {
    let router =
        router(&[("/*", "root"), ("/a/*", ""), ("/a/b/*", "ab"), ("POST /a/*", "")]).unwrap();
    let layers = |method: Method, path: &str| router.choose("x", path, &method).unwrap().1.clone();
    assert_eq!(layers(Method::GET, "/a/b/c"), ["/*", "/a/*", "/a/b/*"]);
    assert_eq!(layers(Method::POST, "/a/b/c"), ["/*", "/a/*", "POST /a/*", "/a/b/*"]);
    assert_eq!(choose(&router, "GET x/a/x"), "root");
}

#[test]
fn at_a_crossing_both_apply_and_a_denial_wins() {
    let router =
        router(&[("a.example/*", "a"), ("/admin/*", "deny"), ("a.example/admin/open", "open")])
            .unwrap();
    assert_eq!(choose(&router, "GET a.example/x"), "a");
    assert_eq!(choose(&router, "GET a.example/admin/x"), "deny");
    assert_eq!(choose(&router, "GET a.example/admin/open"), "open");
    assert_eq!(choose(&router, "GET b.example/admin"), "deny");
    assert_eq!(choose(&router, "GET b.example/"), "nothing");
}

#[test]
fn routes_that_cannot_both_apply_are_errors() {
    for routes in [
        &[("/a", "x"), ("/a", "y")][..],
        &[("GET,POST /a", "x"), ("POST /a", "y")],
        &[("a.example/*", "x"), ("/static/*", "y")],
    ] {
        assert_eq!(router(routes).unwrap_err().len(), 1, "{routes:?}");
    }
    for routes in [
        &[("/a", "x"), ("GET /a", "y")][..],
        &[("POST /a", "x"), ("GET /a", "y")],
        &[("a.example/*", "x"), ("/static/*", "y"), ("a.example/static/*", "z")],
        &[("a.example/*", "x"), ("/static/*", "")],
        &[("/a/*", "x"), ("/a", "y")],
    ] {
        assert!(router(routes).is_ok(), "{routes:?}");
    }
}

#[test]
fn a_byte_and_its_escape_are_the_same_route() {
    use crate::stages::hygiene::{PathPolicy, normalize};
    let router = router(&[("/*", "root"), ("/api/users:delete", "deny"), ("/a%2Ab", "deny")]);
    let router = router.unwrap();
    for raw in
        ["/api/users:delete", "/api/users%3Adelete", "/api/users%3adelete/", "/a*b", "/a%2ab"]
    {
        let path = normalize(raw, &PathPolicy::default()).unwrap();
        assert_eq!(choose(&router, &format!("GET x{}", path.as_str())), "deny", "{raw}");
    }
}

#[test]
fn a_pattern_reads_back_as_it_is_shown() {
    for text in ["/", "/*", "/a%2Ab/*", "/a:b@c", "/%3Bx", "/u/{id}", "/{a}/b/*", "/a/{*rest}"] {
        let pattern = PathPattern::parse(&Value::String(text.into())).unwrap();
        assert_eq!(pattern.show(), Value::String(text.into()));
    }
}

#[test]
fn an_address_in_a_pattern_has_one_spelling() {
    let host = |text: &str| HostPattern::parse(&Value::String(text.into()));
    assert_eq!(host("[0:0:0:0:0:0:0:1]").ok(), Some(HostPattern::Exact("[::1]".into())));
    assert_eq!(host("[2001:DB8::1]").ok(), Some(HostPattern::Exact("[2001:db8::1]".into())));
    for text in ["[zz]", "[]", "[::1", "*.[::1]", "[::1]:80", "[127.0.0.1]"] {
        assert!(host(text).is_err(), "{text}");
    }
}

#[test]
fn patterns_that_are_not_in_normal_form_are_refused() {
    for path in [
        "admin",
        "",
        "/a/*/b",
        "/a*",
        "/a/../b",
        "/a//b",
        "/%61",
        "/a/./b",
        "/a%3Ab",
        "/{",
        "/{}",
        "/{a",
        "/a}",
        "/x{a}",
        "/{a}x",
        "/{a b}",
        "/{*a}/b",
        "/{a}/{a}",
        "/{a}/{*a}",
        "//",
        "/{a}//b",
    ] {
        assert!(PathPattern::parse(&Value::String(path.into())).is_err(), "{path}");
    }
    for host in ["", "a b", "http://a", "a:80", "*", "*.a", "*.*.a", "a..b"] {
        let is_fine = matches!(host, "*" | "*.a");
        assert_eq!(HostPattern::parse(&Value::String(host.into())).is_ok(), is_fine, "{host}");
    }
}

/// What holds by definition: of all layers that match, the least specific first; an action of the
/// last one that has any, and a denial that crosses it wins.
fn by_definition(layers: &[Layer], host: &str, path: &str, method: &Method) -> Vec<String> {
    let host = HostPattern::Exact(host.into());
    let path = PathPattern::exactly(path);
    let mut matching: Vec<&Layer> = layers
        .iter()
        .filter(|layer| layer.host.covers(&host) && layer.path.covers(&path))
        .filter(|layer| layer.methods.is_empty() || layer.methods.contains(method))
        .collect();
    matching.sort_by_key(|layer| (layer.host.rank(), layer.path.rank(), !layer.methods.is_empty()));
    matching.iter().map(|layer| layer.name()).collect()
}

proptest::proptest! {
    #[test]
    fn a_request_meets_every_layer_that_matches_it(
        routes in proptest::collection::vec((0_usize..4, 0_usize..11, 0_usize..4), 1..7),
    ) {
        let hosts = ["", "*.example", "a.example", "b.example"];
        let paths = [
            "/*", "/x/*", "/x", "/x/y/*", "/x/y", "/z", "/{a}", "/{a}/y", "/x/{b}", "/{a}/{b}/*",
            "/x/{b}/{*rest}",
        ];
        let methods = ["", "GET", "POST", "GET,POST"];
        let layers: Vec<Layer> = routes
            .iter()
            .enumerate()
            .map(|(index, (host, path, method))| {
                let text = format!("{} {}{}", methods[*method], hosts[*host], paths[*path]);
                layer(index, text.trim_start(), "")
            })
            .collect();
        let compiled = compile(&layers, |site| {
            site.layers.iter().map(|layer| layer.name()).collect::<Vec<_>>()
        });
        // Routes for the same requests are refused; everything else is chosen as defined.
        if let Ok(router) = compiled {
            for host in ["a.example", "b.example", "c.example", "other"] {
                for path in ["/", "/x", "/x/y", "/x/y/w", "/x/w", "/z", "/zz"] {
                    for method in [Method::GET, Method::POST, Method::PUT] {
                        let chosen = router.choose(host, path, &method).cloned().unwrap_or_default();
                        let expected = by_definition(&layers, host, path, &method);
                        proptest::prop_assert_eq!(chosen, expected, "{} {}{}", method, host, path);
                    }
                }
            }
        }
    }
}

#[test]
fn a_denial_holds_at_a_crossing_of_routes_for_different_methods() {
    let router =
        router(&[("/*", "root"), ("GET h.example/*", ""), ("POST /admin/*", "deny")]).unwrap();
    assert_eq!(choose(&router, "POST o.example/admin"), "deny");
    assert_eq!(choose(&router, "POST h.example/admin"), "deny");
    assert_eq!(choose(&router, "GET h.example/admin"), "root");
}

#[test]
fn a_path_as_people_write_it_is_answered_with_the_form_to_write() {
    for (path, form) in [("/ä", "/%C3%A4"), ("/a b/*", "/a%20b/*"), ("/a?b", "/a%3Fb")] {
        let complaint = PathPattern::parse(&Value::String(path.into())).unwrap_err();
        assert_eq!(complaint.hint, format!("write `{form}`"));
        PathPattern::parse(&Value::String(form.into())).unwrap();
    }
}

#[test]
fn a_name_is_more_specific_than_a_parameter_and_both_apply_where_they_cross() {
    let router = router(&[
        ("/*", "root"),
        ("/users/{user}", "user"),
        ("/users/me", "me"),
        ("/users/{user}/files/*", "files"),
        ("/users/admin/{what}/x", ""),
    ])
    .unwrap();
    for (request, target) in [
        ("GET x/users", "root"),
        ("GET x/users/", "root"),
        ("GET x/users/alice", "user"),
        ("GET x/users/me", "me"),
        ("GET x/users/me/files", "files"),
        ("GET x/users/me/other", "root"),
        ("GET x/users/alice/files/a/b", "files"),
        ("GET x/users/admin/files/x", "files"),
        ("GET x/users/admin/files/y", "files"),
        ("GET x/users//files", "root"),
    ] {
        assert_eq!(choose(&router, request), target, "{request}");
    }
    let crossing = router.choose("x", "/users/admin/files/x", &Method::GET).unwrap();
    assert_eq!(crossing.1, ["/*", "/users/{user}/files/*", "/users/admin/{what}/x"]);
    for routes in [
        &[("/{a}/b", "x"), ("/a/{b}", "y")][..],
        &[("/{a}", "x"), ("/{b}", "y")],
        &[("/{a}/*", "x"), ("/{b}/{*rest}", "y")],
    ] {
        assert_eq!(self::router(routes).unwrap_err().len(), 1, "{routes:?}");
    }
    let settled = self::router(&[("/{a}/b", "x"), ("/a/{b}", "y"), ("/a/b", "z")]).unwrap();
    assert_eq!(choose(&settled, "GET x/a/b"), "z");
    let denied = self::router(&[("/{a}/b", "deny"), ("/a/{b}", "y")]).unwrap();
    assert_eq!(choose(&denied, "GET x/a/b"), "deny");
}

#[test]
fn routes_that_cross_without_end_are_refused() {
    // Each names one segment of sixteen: every set of them meets somewhere.
    let routes: Vec<(String, &str)> = (0..16)
        .map(|at| {
            let segments =
                (0..16).map(|other| if other == at { "x".into() } else { format!("{{p{other}}}") });
            let segments: Vec<String> = segments.collect();
            (format!("/{}", segments.join("/")), "")
        })
        .collect();
    let routes: Vec<(&str, &str)> = routes.iter().map(|(path, to)| (path.as_str(), *to)).collect();
    let error = router(&routes).unwrap_err();
    assert!(error[0].contains("cross in more than"), "{error:?}");
}
