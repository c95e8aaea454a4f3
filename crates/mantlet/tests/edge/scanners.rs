//! What a scanner makes of our TLS.

use std::time::Duration;

use mantlet_testkit::{
    Answer, Authority, FakeUpstream, TempFolder, free_address, left_out, run_program, venv_python,
};

use crate::common::gate;

// covers: YMERA-21, SCI-29, ETSM-02 (binary)
#[test]
fn ymera_d20_sslyze_finds_mozillas_intermediate_configuration() {
    let Some(python) = venv_python(&["sslyze"]) else {
        return left_out("tls-scanner", "lacks sslyze in target/venv");
    };
    let (upstream, address) = (FakeUpstream::answering(Answer::ok("ok")), free_address());
    let (folder, authority) = (TempFolder::new(), Authority::new("scanned"));
    let (cert, key) = authority.server("localhost");
    let [cert, key] = [("a.crt", cert), ("a.key", key)].map(|(name, pem)| folder.write(name, pem));
    let ca = folder.write("ca.pem", authority.pem());
    let _gate = gate(
        &upstream,
        &format!("[server.tls]\nlisten = [\"{address}\"]\ncert = {cert:?}\nkey = {key:?}\n"),
    );
    let target = format!("localhost:{}", address.port());
    let ca = ca.to_string_lossy().into_owned();
    let arguments =
        ["-m", "sslyze", "--certinfo_ca_file", &ca, "--mozilla_config", "intermediate", &target];
    let done = run_program(&python, &arguments, Duration::from_secs(120));
    let verdict = format!("{target}: OK - Compliant");
    assert!(done.stdout.contains(&verdict), "{}\n{}", done.stdout, done.stderr);
}
