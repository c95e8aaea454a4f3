//! Revocations, kept for the test to look at.

use std::sync::Mutex;

use mantlet_types::{Revocation, Subject};

use crate::lock;

/// Ends nothing, keeps whom it should have ended, and says that there were as many as told.
#[derive(Debug, Default)]
pub struct FakeRevocation {
    subjects: Mutex<Vec<Subject>>,
    each: usize,
}

impl FakeRevocation {
    /// One that says every revocation ended `each` connections.
    #[must_use]
    pub const fn ending(each: usize) -> Self {
        Self { subjects: Mutex::new(Vec::new()), each }
    }

    /// Whose connections were to be ended, in order.
    #[must_use]
    pub fn subjects(&self) -> Vec<Subject> {
        lock(&self.subjects).clone()
    }
}

impl Revocation for FakeRevocation {
    fn revoke(&self, subject: &Subject) -> usize {
        lock(&self.subjects).push(subject.clone());
        self.each
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revocations_are_kept_in_order() {
        let fake = FakeRevocation::ending(2);
        let subjects = ["a", "b"].map(|name| Subject::Principal(name.to_owned()));
        assert_eq!(subjects.each_ref().map(|subject| fake.revoke(subject)), [2, 2]);
        assert_eq!(fake.subjects(), subjects);
    }
}
