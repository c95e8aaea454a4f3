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
    Need {
        suite: "etsm-example",
        debian: &[
            ("python3", Proof::Program("python3")),
            ("python3-venv", Proof::PythonModules("venv, ensurepip")),
            ("chromium", Proof::Program("chromium")),
            ("chromium-driver", Proof::Program("chromedriver")),
        ],
        requirements: Some("examples/etsm/requirements.txt"),
        only_long_runs: false,
    },
    Need {
        suite: "pyjwt",
        debian: &[
            ("python3", Proof::Program("python3")),
            ("python3-venv", Proof::PythonModules("venv, ensurepip")),
        ],
        requirements: Some("crates/identity/tests/requirements.txt"),
        only_long_runs: false,
    },
    Need {
        suite: "service-api",
        debian: &[
            ("python3", Proof::Program("python3")),
            ("python3-venv", Proof::PythonModules("venv, ensurepip")),
        ],
        requirements: Some("crates/mantlet/tests/service_api/requirements.txt"),
        only_long_runs: false,
    },
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
    Need {
        suite: "cross-site",
        debian: &[
            ("python3", Proof::Program("python3")),
            ("python3-venv", Proof::PythonModules("venv, ensurepip")),
            ("chromium", Proof::Program("chromium")),
            ("chromium-driver", Proof::Program("chromedriver")),
        ],
        requirements: Some("examples/etsm/requirements.txt"),
        only_long_runs: false,
    },
    Need {
        suite: "elite-example",
        debian: &[
            ("python3", Proof::Program("python3")),
            ("python3-venv", Proof::PythonModules("venv, ensurepip")),
            ("chromium", Proof::Program("chromium")),
            ("chromium-driver", Proof::Program("chromedriver")),
        ],
        requirements: Some("examples/elite/requirements.txt"),
        only_long_runs: false,
    },
    Need {
        suite: "sci-example",
        debian: &[
            ("python3", Proof::Program("python3")),
            ("python3-venv", Proof::PythonModules("venv, ensurepip")),
            ("chromium", Proof::Program("chromium")),
            ("chromium-driver", Proof::Program("chromedriver")),
        ],
        requirements: Some("examples/sci/requirements.txt"),
        only_long_runs: false,
    },
    Need {
        suite: "samo-example",
        debian: &[
            ("python3", Proof::Program("python3")),
            ("python3-venv", Proof::PythonModules("venv, ensurepip")),
        ],
        requirements: Some("examples/samo/requirements.txt"),
        only_long_runs: false,
    },
    Need {
        suite: "browser",
        debian: &[
            ("python3", Proof::Program("python3")),
            ("python3-venv", Proof::PythonModules("venv, ensurepip")),
            ("chromium", Proof::Program("chromium")),
            ("chromium-driver", Proof::Program("chromedriver")),
        ],
        requirements: Some("examples/etsm/requirements.txt"),
        only_long_runs: false,
    },
    Need {
        suite: "grpc",
        debian: &[
            ("python3", Proof::Program("python3")),
            ("python3-venv", Proof::PythonModules("venv, ensurepip")),
        ],
        requirements: Some("crates/mantlet/tests/waf_guard/requirements.txt"),
        only_long_runs: false,
    },
    Need {
        suite: "waf-differential",
        debian: &[
            ("python3", Proof::Program("python3")),
            ("python3-venv", Proof::PythonModules("venv, ensurepip")),
        ],
        requirements: Some("bench/waf/requirements.txt"),
        only_long_runs: false,
    },
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
    Need {
        suite: "bench-waf",
        debian: &[
            ("python3", Proof::Program("python3")),
            ("python3-venv", Proof::PythonModules("venv, ensurepip")),
        ],
        requirements: Some("bench/waf/requirements.txt"),
        only_long_runs: true,
    },
];
