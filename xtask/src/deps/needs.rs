//! The one table of what suites need beyond a Rust toolchain and a C compiler.

/// What one suite needs.
#[derive(Debug)]
pub(crate) struct Need {
    /// The suite's name, as it appears in reports.
    pub(crate) suite: &'static str,
    /// Each Debian package with what shows that the machine has its content, from whichever
    /// source.
    pub(crate) debian: &'static [(&'static str, Proof)],
    /// A requirements file relative to the root, installed into `target/venv`. `None` when the
    /// suite has no Python part.
    pub(crate) requirements: Option<&'static str>,
    /// Whether `cargo xtask test` leaves the suite to `--full`.
    pub(crate) only_long_runs: bool,
}

/// What a suite with a Python part needs.
const PYTHON: &[(&str, Proof)] = &[
    ("python3", Proof::Program("python3")),
    ("python3-venv", Proof::PythonModules("venv, ensurepip")),
];

/// What a suite that drives a browser from Python needs.
const BROWSER: &[(&str, Proof)] = &[
    ("python3", Proof::Program("python3")),
    ("python3-venv", Proof::PythonModules("venv, ensurepip")),
    ("chromium", Proof::Program("chromium")),
    ("chromium-driver", Proof::Program("chromedriver")),
];

impl Need {
    const fn of_python(suite: &'static str, requirements: &'static str) -> Self {
        Self { suite, debian: PYTHON, requirements: Some(requirements), only_long_runs: false }
    }

    const fn of_browser(suite: &'static str, requirements: &'static str) -> Self {
        Self { suite, debian: BROWSER, requirements: Some(requirements), only_long_runs: false }
    }

    const fn in_long_runs(self) -> Self {
        Self { only_long_runs: true, ..self }
    }
}

/// What shows that a package's content is there.
#[derive(Debug)]
pub(crate) enum Proof {
    /// A folder stands here.
    Folder(&'static str),
    /// A program of this name can be found.
    Program(&'static str),
    /// This file exists.
    File(&'static str),
    /// The `python3` that is found can import these modules.
    PythonModules(&'static str),
}

/// Every suite with needs of its own.
pub(super) const NEEDS: &[Need] = &[
    Need {
        suite: "wire",
        debian: &[("curl", Proof::Program("curl")), ("openssl", Proof::Program("openssl"))],
        requirements: None,
        only_long_runs: false,
    },
    Need {
        suite: "tls-scanner",
        debian: &[
            ("python3", Proof::Program("python3")),
            ("python3-venv", Proof::PythonModules("venv, ensurepip")),
            ("testssl.sh", Proof::Program("testssl")),
        ],
        requirements: Some("crates/mantlet/tests/edge/requirements.txt"),
        only_long_runs: false,
    },
    Need::of_browser("etsm-example", "examples/etsm/requirements.txt"),
    Need::of_python("pyjwt", "crates/identity/tests/requirements.txt"),
    Need::of_python("mail", "crates/mantlet/tests/login/requirements.txt"),
    Need::of_python("service-api", "crates/mantlet/tests/service_api/requirements.txt"),
    Need {
        suite: "neighbours",
        debian: &[
            ("nginx", Proof::Program("nginx")),
            ("haproxy", Proof::Program("haproxy")),
            ("caddy", Proof::Program("caddy")),
        ],
        requirements: None,
        only_long_runs: false,
    },
    Need::of_browser("cross-site", "examples/etsm/requirements.txt"),
    Need::of_browser("passkeys", "examples/etsm/requirements.txt"),
    Need::of_browser("openid-provider", "crates/mantlet/tests/login/requirements.txt"),
    Need::of_browser("elite-example", "examples/elite/requirements.txt"),
    Need::of_browser("sci-example", "examples/sci/requirements.txt"),
    Need::of_python("samo-example", "examples/samo/requirements.txt"),
    Need::of_browser("browser", "examples/etsm/requirements.txt"),
    Need::of_python("grpc", "crates/mantlet/tests/waf_guard/requirements.txt"),
    Need::of_python("waf-differential", "bench/waf/requirements.txt"),
    Need {
        suite: "waf-crs3",
        debian: &[("modsecurity-crs", Proof::Folder("/usr/share/modsecurity-crs"))],
        requirements: None,
        only_long_runs: false,
    },
    Need {
        suite: "bench",
        debian: &[
            ("nginx", Proof::Program("nginx")),
            ("haproxy", Proof::Program("haproxy")),
            ("wrk", Proof::Program("wrk")),
            ("openssl", Proof::Program("openssl")),
        ],
        requirements: None,
        only_long_runs: true,
    },
    Need {
        suite: "bench-gate-waf",
        debian: &[
            ("nginx", Proof::Program("nginx")),
            (
                "libnginx-mod-http-modsecurity",
                Proof::File("/usr/lib/nginx/modules/ngx_http_modsecurity_module.so"),
            ),
            ("wrk", Proof::Program("wrk")),
            ("openssl", Proof::Program("openssl")),
        ],
        requirements: None,
        only_long_runs: true,
    },
    Need::of_python("bench-waf", "bench/waf/requirements.txt").in_long_runs(),
];
