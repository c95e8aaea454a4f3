use std::fs;

use super::{Captures, Operator};
use crate::reference;
use crate::seclang::problem::Fault;

/// Cases of operators that are refused on purpose.
const REFUSED: &[&str] = &["validateSchema"];

#[test]
fn operators_give_what_the_reference_cases_expect() {
    let Some(folder) = reference::folder("secrules/internal/operators/testdata") else { return };
    let mut wrong = Vec::new();
    let mut count = 0;
    for (_, cases) in reference::cases(&folder) {
        for case in cases.into_iter().filter(|case| !REFUSED.contains(&case.name.as_str())) {
            count += 1;
            // The one input that spells NUL as `\0`.
            let input = if case.input() == br"abc\0def ghi" {
                b"abc\0def ghi".to_vec()
            } else {
                case.input()
            };
            let mut files = |name: &str| {
                fs::read(folder.join("op").join(name))
                    .map_err(|error| Fault::new(error.to_string()))
            };
            let found = match Operator::compile(&case.name, &case.param(), &mut files) {
                Ok(operator) => {
                    let argument = operator
                        .template()
                        .and_then(|template| template.literal())
                        .unwrap_or_default();
                    operator.matches(argument, &input, &mut Captures::default())
                }
                // A pattern that nothing can match may be an error.
                Err(_) if case.ret == 0 => false,
                Err(fault) => {
                    wrong.push(format!("@{} {:?}: {}", case.name, case.param(), fault.message));
                    continue;
                }
            };
            if found != (case.ret == 1) {
                wrong.push(format!(
                    "@{} {:?} on {:?}: {found}",
                    case.name,
                    case.param(),
                    input.escape_ascii().to_string()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} wrong\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 3900, "only {count} cases");
}
