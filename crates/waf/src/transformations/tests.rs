use proptest::prelude::*;

use super::{ByteSet, Transformation};
use crate::pace::assert_in_proportion;
use crate::reference;

fn run(transformation: Transformation, input: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    transformation.apply(input, &mut out);
    out
}

#[test]
fn transformations_give_what_the_reference_cases_expect() {
    let Some(folder) = reference::folder("secrules/internal/transformations/testdata") else {
        return;
    };
    let mut wrong = Vec::new();
    let mut count = 0;
    for (file, cases) in reference::cases(&folder) {
        let transformation = Transformation::parse(&file).unwrap().unwrap();
        for case in cases {
            count += 1;
            let found = run(transformation, &case.input());
            if found != case.output() {
                wrong.push(format!(
                    "{file} {:?}: {:?}, not {:?}",
                    lossy(&case.input()),
                    lossy(&found),
                    lossy(&case.output())
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} wrong\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 350, "only {count} cases");
}

fn lossy(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

proptest! {
    #[test]
    fn values_without_a_trigger_byte_are_not_changed(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        let mask = ByteSet::in_text(&bytes);
        for transformation in Transformation::ALL {
            if !mask.meets(transformation.trigger()) && !bytes.is_empty() {
                prop_assert_eq!(&run(*transformation, &bytes), &bytes, "{}", transformation.name());
            }
        }
    }

    #[test]
    fn values_of_few_bytes_without_a_trigger_byte_are_not_changed(text in "[a-z0-9x./*-]{1,12}|[a./\\\\*#<!-]{1,6}") {
        let mask = ByteSet::in_text(text.as_bytes());
        for transformation in Transformation::ALL {
            if !mask.meets(transformation.trigger()) || transformation.leaves(text.as_bytes()) {
                prop_assert_eq!(&run(*transformation, text.as_bytes()), text.as_bytes(), "{}", transformation.name());
            }
        }
    }
}

#[test]
fn time_grows_with_the_text_and_no_faster() {
    const UNITS: &[&str] = &[
        "/**/", "<!--*/", "/*-->", "--", "&#", "&a", "\\'", "\\x", "%u", "%2", "../", "/./", "+A",
        "YQ==", "\"^ ", "\u{ff1c}",
    ];
    for transformation in Transformation::ALL {
        for unit in UNITS {
            assert_in_proportion(transformation.name(), unit, |text| {
                std::hint::black_box(run(*transformation, text));
            });
        }
    }
}
