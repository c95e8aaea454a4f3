//! From one configuration to the next.

use mantlet_config::{Environment, Layers, load, section};
use mantlet_testkit::{FakeBlocking, FakeClock, FakeCounters, SeededRng};

use super::*;
use crate::edge::ServerSection;
use crate::guards::GuardsSection;
use crate::identity::{AccessSection, IdentitySection};
use crate::penalty::PenaltySection;
use crate::stages::client::ClientSection;
use crate::stages::hygiene::HygieneSection;
use crate::stages::route::RouteSection;
use crate::upstream::UpstreamSection;
use crate::websocket::WebsocketSection;

section! {
    /// The sections of the gate.
    pub struct Sections {
        /// Requests.
        pub server: ServerSection = ServerSection::default(),
        /// The application.
        pub upstream: UpstreamSection = UpstreamSection::default(),
        /// Clients.
        pub client: ClientSection = ClientSection::default(),
        /// Requests that mean one thing.
        pub hygiene: HygieneSection = HygieneSection::default(),
        /// Guards.
        pub guards: GuardsSection = GuardsSection::default(),
        /// WebSockets.
        pub websocket: WebsocketSection = WebsocketSection::default(),
        /// Penalties.
        pub penalty: PenaltySection = PenaltySection::default(),
        /// Identity.
        pub identity: IdentitySection = IdentitySection::default(),
        /// Access.
        pub access: AccessSection = AccessSection::default(),
        /// Routes.
        pub routes: Vec<RouteSection> = Vec::new(),
    }
}

impl Sections {
    pub(super) fn settings(&self) -> Settings<'_> {
        let Self {
            server,
            upstream,
            client,
            hygiene,
            guards,
            websocket,
            penalty,
            identity,
            access,
            routes,
        } = self;
        Settings {
            server,
            upstream,
            client,
            hygiene,
            guards,
            websocket,
            penalty,
            identity,
            access,
            routes,
        }
    }
}

fn resolved(text: &str) -> Resolved {
    let layers = Layers::new(Environment::default()).text("mantlet.toml", text);
    let mut resolved = None;
    load(&layers, |sections: &Sections, reader| {
        resolved = resolve(&sections.settings(), reader);
    });
    resolved.unwrap()
}

pub(crate) fn services() -> Services {
    let clock = FakeClock::new().shared();
    let blocking = FakeBlocking::new(Arc::clone(&clock));
    Services::new(
        clock,
        Arc::new(SeededRng::new(1)),
        Arc::new(FakeCounters::new()),
        Arc::new(blocking),
    )
}

fn server(live: &Live, path: &str) -> Arc<crate::upstream::Upstream> {
    let target = live.router.choose("x", path, &http::Method::GET).unwrap();
    let Step::Forward(group) = &target.step else { panic!("{target:?}") };
    Arc::clone(group.servers().next().unwrap())
}

#[test]
fn where_routes_cross_none_of_them_opens_what_another_closes() {
    let config = "[access]\nprofile = \"research\"\nrequire = \"login\"\n\
        [[routes]]\npath = \"/{a}/open\"\nrequire = \"none\"\n\
        [[routes]]\npath = \"/admin/{b}\"\nrequire = { role = \"admin\" }\n\
        [[routes]]\npath = \"/admin/{b}/below\"\nrequire = \"none\"\n\
        [[routes]]\nhost = [\"a.example\"]\nrequire = \"none\"\n\
        [[routes]]\npath = \"/form\"\nrequire = { role = \"admin\" }\n\
        [[routes]]\npath = \"/form\"\nmethods = [\"GET\"]\nrequire = \"none\"\n\
        [[routes]]\npath = \"/users/{user}/*\"\nrequire = { owner = \"user\" }\n";
    let resolved = resolved(config);
    for (method, host, path, asked) in [
        ("GET", "x", "/", "signed-in"),
        ("GET", "x", "/other/open", "none"),
        ("GET", "x", "/admin/x", "(signed-in and role:admin)"),
        ("GET", "x", "/admin/open", "role:admin"),
        ("GET", "x", "/admin/x/below", "none"),
        ("GET", "a.example", "/", "none"),
        ("GET", "a.example", "/admin/x", "role:admin"),
        ("GET", "a.example", "/admin/open", "role:admin"),
        ("GET", "a.example", "/users/x/y", "owner:user"),
        ("GET", "x", "/form", "none"),
        ("POST", "x", "/form", "(signed-in and role:admin)"),
        ("GET", "x", "/users/alice/y", "(signed-in and owner:user)"),
    ] {
        let found = resolved.rule_at(host, path, method).unwrap();
        let rule = found.rule.unwrap();
        let requirement = rule.access.requirement();
        let said = requirement.map_or_else(|| "none".to_owned(), |it| it.describe(&rule.roles));
        assert_eq!(said, asked, "{method} {host}{path}");
    }
    let found = resolved.rule_at("x", "/users/al%20ice/y", "GET").unwrap();
    assert_eq!(found.values, [("user".to_owned(), "al ice".to_owned())]);
    for odd in ["/users/al%3Bice", "/users/a%25b", "/users/al%00ice"] {
        let values = resolved.rule_at("x", odd, "GET").map(|found| found.values);
        assert!(values.is_ok_and(|values| values.is_empty()) || odd.ends_with("%00ice"), "{odd}");
    }
}

#[test]
fn what_two_configurations_say_alike_goes_over_with_its_state() {
    let first = "[upstream]\nurl = \"http://127.0.0.1:1\"\n[guards.limit]\nper_address = [\"9/min\"]\n[[routes]]\npath = \"/b/*\"\nupstream = \"http://127.0.0.1:2\"\n";
    let (services, metrics) = (services(), Metrics::new());
    let build = |text: &str, before| Live::build(resolved(text), &services, &metrics, before);
    let before = build(first, None).unwrap();
    for (text, keeps) in [
        (first.to_owned(), [true, true, true, true]),
        (first.replace("9/min", "8/min"), [true, true, false, true]),
        (first.replace("127.0.0.1:2", "127.0.0.1:3"), [true, false, true, true]),
        (first.replace("127.0.0.1:1", "127.0.0.1:3"), [false, true, true, true]),
        (format!("{first}[[routes]]\npath = \"/c\"\ndeny = true\n"), [true; 4]),
        (format!("{first}[guards.json]\nmode = \"observe\"\n"), [true; 4]),
        (format!("{first}[guards.json]\ndepth = 3\n"), [true, true, true, false]),
    ] {
        let after = build(&text, Some(&before)).unwrap();
        let guard = |live: &Live, name: &str| {
            let mut known = live.guards.iter().filter(|(known, _)| *known == name);
            Arc::clone(known.next().unwrap().1)
        };
        let is_same_guard = |name: &str| Arc::ptr_eq(&guard(&before, name), &guard(&after, name));
        let is_same_server =
            |path: &str| Arc::ptr_eq(&server(&before, path), &server(&after, path));
        let kept = [
            is_same_server("/"),
            is_same_server("/b/x"),
            is_same_guard("limit"),
            is_same_guard("json"),
        ];
        assert_eq!(kept, keeps, "{text}");
    }
}

#[test]
fn what_a_configuration_no_longer_names_is_let_go() {
    let (services, metrics) = (services(), Metrics::new());
    let build = |text: &str, before: Option<&Live>| {
        Live::build(resolved(text), &services, &metrics, before).unwrap()
    };
    let before = build("[upstream]\nurl = \"http://127.0.0.1:1\"\n", None);
    let after = build("[upstream]\nurl = \"http://127.0.0.1:2\"\n", Some(&before));
    let old = Arc::downgrade(&server(&before, "/"));
    drop(before);
    assert!(old.upgrade().is_none());
    assert_eq!(server(&after, "/").to_string(), "http://127.0.0.1:2");
}
