//! Settings of the schema guard.

use mantlet_config::{Reader, choice, section};
use mantlet_schema::{Limits, Options, Unknown};

use super::documents::{Contracts, Documents, SchemaFile};
use crate::pipeline::{Fail, Mode};

choice! {
    /// What becomes of what the document does not mention.
    pub enum Unlisted {
        /// It is refused.
        Refuse => "refuse",
        /// It passes unchecked.
        Pass => "pass",
    }
}

impl From<Unlisted> for Unknown {
    fn from(unlisted: Unlisted) -> Self {
        match unlisted {
            Unlisted::Refuse => Self::Refuse,
            Unlisted::Pass => Self::Pass,
        }
    }
}

section! {
    /// Refuses what the application's own documents do not allow: OpenAPI, or JSON Schema.
    pub struct SchemaSection {
        /// What the guard may do.
        pub mode: Mode = Mode::Enforce,
        /// What happens when the guard fails.
        pub fail: Fail = Fail::Closed,
        /// An OpenAPI document, 3.0 or 3.1, in JSON or YAML. Without it and the four below, the
        /// guard is not asked.
        pub openapi: Option<SchemaFile> = None,
        /// A JSON Schema, draft 2020-12 or draft 7, for bodies: JSON, and forms by the types of
        /// their fields.
        pub body: Option<SchemaFile> = None,
        /// A JSON Schema for the query: an object of its parameters.
        pub query: Option<SchemaFile> = None,
        /// A JSON Schema for header fields: an object, names in lower case.
        pub headers: Option<SchemaFile> = None,
        /// A JSON Schema for cookies: an object of them.
        pub cookies: Option<SchemaFile> = None,
        /// With `openapi`: the path below which its paths stand, `/` for the root. Unset: what its
        /// `servers` say.
        pub base: Option<String> = None,
        /// With `openapi`: paths and methods that are not listed, refused with 404 and 405.
        pub unlisted: Unlisted = Unlisted::Refuse,
        /// Query parameters that are not listed.
        pub unknown_query: Unlisted = Unlisted::Pass,
        /// Members of objects whose members are named, where the document does not say whether
        /// there may be others. `refuse` ends mass assignment.
        pub unknown_properties: Unlisted = Unlisted::Pass,
        /// With `openapi`: members that it calls `readOnly`, which are the server's to set.
        pub read_only: Unlisted = Unlisted::Refuse,
        /// Whether texts must be written as their `format` says: dates, addresses, ids.
        pub formats: bool = true,
        /// Deepest nesting of JSON bodies.
        pub depth: u16 = 32,
        /// Most values in one JSON body.
        pub values: u32 = 100_000,
        /// Most faults that a refusal names.
        pub faults: u16 = 10,
    }
}

impl SchemaSection {
    /// Whether there is anything to check.
    pub(super) fn is_configured(&self) -> bool {
        self.files().next().is_some()
    }

    /// The files that are named.
    pub(crate) fn files(&self) -> impl Iterator<Item = &SchemaFile> {
        let all = [&self.openapi, &self.body, &self.query, &self.headers, &self.cookies];
        all.into_iter().flatten()
    }

    pub(super) fn options(&self) -> Options {
        let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Options {
            base: self.base.clone(),
            unknown_query: self.unknown_query.into(),
            unknown_properties: self.unknown_properties.into(),
            read_only: self.read_only.into(),
            formats: self.formats,
            limits: Limits { depth: usize::from(self.depth), values: number(self.values) },
            faults: usize::from(self.faults),
        }
    }

    /// What is asked under these settings; compiled once for all places that say the same.
    pub(super) fn contracts(&self) -> Result<Contracts, Vec<(&'static str, String, String)>> {
        Documents(self).contracts()
    }

    /// Finds what the types cannot say, and every problem of the documents; the settings are at
    /// `key`.
    pub(crate) fn check(&self, key: &str, reader: &mut Reader<'_>) {
        reader.expect_range(&format!("{key}.depth"), &self.depth, &(1..=64));
        reader.expect_range(&format!("{key}.values"), &self.values, &(1..=1_000_000));
        reader.expect_range(&format!("{key}.faults"), &self.faults, &(1..=100));
        let base = self.base.as_deref().unwrap_or("/");
        if !base.starts_with('/') || base.contains(['?', '#', '{']) {
            let message = format!("`{base}` is no path");
            reader.error(&format!("{key}.base"), message, "write it as in `/api/v1`");
        }
        if self.mode == Mode::Off {
            return;
        }
        if let Err(problems) = self.contracts() {
            for (file, message, hint) in problems {
                reader.error(&format!("{key}.{file}"), message, hint);
            }
        }
    }
}
