//! What another program makes of the document, and of what is done.

use std::process::Command;
use std::time::Duration;

use mantlet_testkit::{Answer, FakeUpstream, Running, left_out, venv_python};

use super::{ALL, house_of};

/// What it looks at. Not `positive_data_acceptance`: a schema cannot say which accounts, roles and
/// permissions there are.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
response_schema_conformance,response_headers_conformance,negative_data_rejection,\
unsupported_method,ignored_auth";

/// A head that is too long is refused too.
const SETTINGS: &str = r#"
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 414, 415, 422, 428, 429, 431, 503]
"#;

#[test]
fn schemathesis_finds_nothing_that_the_document_does_not_say() {
    let Some(python) = venv_python(&["schemathesis"]) else {
        return left_out("service-api", "schemathesis is not in target/venv");
    };
    let config =
        "[admin.api]\nrate = 1000000\nrate_per_address = 1000000\nfailures_per_address = 1000000\n";
    let house = house_of(FakeUpstream::answering(Answer::ok("inside")), config, &ALL);
    let document = format!("http://{}/v1/openapi.json", house.gate.admin());
    let header = format!("Authorization: Bearer {}", house.key);
    let arguments = [
        &["-m", "schemathesis.cli", "run", &document, "--checks", CHECKS, "--header", &header][..],
        &["--phases", "examples,coverage,fuzzing", "--max-examples", "10"],
        // It must not close the account that it asks with.
        &["--seed", "1", "--no-color", "--warnings", "off", "--exclude-operation-id", "retireUser"],
        &["--generation-database", "none"],
    ];
    let mut command = Command::new(python);
    // It reads its settings and keeps what it found where it stands.
    std::fs::write(house.gate.data().join("schemathesis.toml"), SETTINGS).unwrap();
    command.args(arguments.concat()).current_dir(house.gate.data());
    let mut running = Running::start(command);
    let done = running.wait(Duration::from_secs(300));
    let done = done.unwrap_or_else(|| panic!("it still runs: {}", running.stderr()));
    assert_eq!(done.code, Some(0), "{}\n{}", done.stdout, done.stderr);
    assert!(done.stdout.contains("Tested: 40"), "{}", done.stdout);
    let failed: Vec<_> = house
        .gate
        .events()
        .into_iter()
        .filter(|event| event["event.name"] == "process.task.panicked")
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}
