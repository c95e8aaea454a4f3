//! `cargo xtask bench`: Mantlet against its peers on this machine, in one interleaved run.
//!
//! Two cores: the proxy under test has core 0 for itself, the load and the application share
//! core 1. Core 1 may be full first, so the score is requests per CPU second of the proxy's own
//! processes; requests per second stand beside it.

mod contest;
mod cpu;
mod credential;
mod gate;
mod host;
mod http;
mod interrupt;
mod latency;
mod load;
mod peer;
mod report;
mod statistics;
mod storm;
mod upstream;
mod waf;

use crate::Outcome;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What to measure
    #[arg(value_enum)]
    name: Name,
    /// Seconds of each slice of load
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// Rounds per kind of load; each gives one pair for every ratio
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pairs: u32,
    /// Measure these proxies alone, of those that take part
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<peer::Kind>,
    /// Measure the kinds of load alone whose name holds this; `half load` is the latency
    #[arg(long, value_name = "PART")]
    case: Option<String>,
    /// Measure this binary of Mantlet in place of a release build made for it
    #[arg(long, value_name = "FILE")]
    binary: Option<std::path::PathBuf>,
    /// Print the result without writing it under docs/benchmarks
    #[arg(long)]
    dry: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Name {
    /// The gate against plain nginx and HAProxy
    Gate,
    /// The gate with its WAF against nginx with ModSecurity
    GateWaf,
    /// The gate that looks who asks against the gate that does not
    GateLogin,
    /// What a storm of sign-ins does to other requests
    LoginStorm,
    /// The WAF engine against libmodsecurity
    Waf,
    /// A search for inputs that are slow in the WAF engine
    WafSlow,
}

/// Runs the benchmark that was named.
pub(crate) fn run(arguments: &Arguments) -> Outcome<()> {
    match arguments.name {
        Name::Gate => gate::run(&contest::GATE, arguments),
        Name::GateWaf => gate::run(&contest::GATE_WAF, arguments),
        Name::GateLogin => gate::run(&contest::GATE_LOGIN, arguments),
        Name::LoginStorm => storm::run(arguments),
        Name::Waf => waf::run(arguments),
        Name::WafSlow => waf::search_slow(),
    }
}
