//! Settings of one provider.

use std::path::PathBuf;

use mantlet_access::Roles;
use mantlet_config::{Complaint, Named, Reader, Scalar, SecretRef, Value, choice, section};

use crate::upstream::DocumentUrl;

choice! {
    /// Whose second factor counts.
    pub enum SecondFactorOf {
        /// Ours: who has set one up here is asked for it.
        Ours => "ours",
        /// Theirs: nobody is asked here, and who the provider says has shown several has (`amr`).
        Theirs => "theirs",
    }
}

section! {
    /// A provider. It is told the address `/.mantlet/provider/NAME/callback` below the public host.
    pub struct ProviderSection {
        /// Its issuer, exactly as it writes it; what it publishes is found below it.
        pub issuer: String = String::new(),
        /// What it calls us.
        pub client_id: String = String::new(),
        /// The secret that we share with it. Unset: none, and PKCE alone.
        pub client_secret: Option<SecretRef> = None,
        /// What stands on its button. Unset: its name.
        pub label: Option<String> = None,
        /// What we ask to be told of people; `openid` is always among it.
        pub scopes: Vec<String> = vec!["openid".into(), "profile".into(), "email".into()],
        /// The claim that a new account is named by; `email` counts where it is verified.
        pub name_claim: String = "preferred_username".into(),
        /// Whether an account is made for whoever comes for the first time. Otherwise people link
        /// their accounts while they are signed in, or operators do with `mantlet user link`.
        pub create: bool = false,
        /// The roles of accounts that are made.
        pub roles: Vec<String> = Vec::new(),
        /// Domains of verified e-mail addresses that may sign in. Empty: any, and none.
        pub domains: Vec<String> = Vec::new(),
        /// Groups of which somebody has to be in one to sign in. Empty: any, and none.
        pub groups: Vec<String> = Vec::new(),
        /// The claim that lists somebody's groups.
        pub groups_claim: String = "groups".into(),
        /// Roles for groups, as `"staff: user"`: accounts that were made here follow it at each
        /// sign-in.
        pub group_roles: Vec<GroupRole> = Vec::new(),
        /// Whose second factor counts: `ours` or `theirs`.
        pub second_factor: SecondFactorOf = SecondFactorOf::Ours,
        /// Authorities that its certificate is verified by. Unset: those of the system.
        pub ca: Option<PathBuf> = None,
    }
}

/// A role for a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRole {
    /// The group, as the provider calls it.
    pub group: String,
    /// The role.
    pub role: String,
}

impl Scalar for GroupRole {
    const KIND: &'static str = "role for a group";
    const EXAMPLE: &'static str = "staff: user";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let hint = "write the group, a colon and the role, as in `staff: user`";
        let text = value.as_str().unwrap_or_default();
        let parts = text.rsplit_once(':').map(|(group, role)| (group.trim(), role.trim()));
        match parts.filter(|(group, role)| !group.is_empty() && !role.is_empty()) {
            Some((group, role)) => Ok(Self { group: group.to_owned(), role: role.to_owned() }),
            None => Err(Complaint::new(format!("`{}` names no role", text.escape_debug()), hint)),
        }
    }

    fn show(&self) -> Value {
        Value::String(format!("{}: {}", self.group, self.role))
    }
}

impl ProviderSection {
    /// Finds what the types cannot say, of all of them.
    pub(crate) fn check_all(all: &Named<Self>, roles: &Roles, reader: &mut Reader<'_>) {
        for (name, provider) in all.iter() {
            let key = |key: &str| format!("identity.providers.{name}.{key}");
            provider.check(&key, roles, reader);
        }
    }

    /// Whether it is on this machine, and may name addresses there.
    pub(super) fn is_here(&self) -> bool {
        self.issuer.parse::<DocumentUrl>().is_ok_and(|url| url.is_here())
    }

    fn check(&self, key: &dyn Fn(&str) -> String, roles: &Roles, reader: &mut Reader<'_>) {
        if let Err(complaint) = self.issuer.parse::<DocumentUrl>() {
            reader.error(&key("issuer"), complaint.message, complaint.hint);
        }
        for (name, text) in [
            ("client_id", &self.client_id),
            ("name_claim", &self.name_claim),
            ("groups_claim", &self.groups_claim),
        ] {
            if text.is_empty() {
                reader.error(&key(name), "this is empty", "write what the provider calls it");
            }
        }
        if self.scopes.iter().any(|scope| scope.is_empty() || scope.contains([' ', '"', '\\'])) {
            reader.error(&key("scopes"), "a scope is one word", "write `[\"openid\", \"email\"]`");
        }
        let mapped = self.group_roles.iter().map(|mapped| ("group_roles", &mapped.role));
        let given = self.roles.iter().map(|role| ("roles", role));
        for (name, role) in mapped.chain(given).filter(|(_, role)| roles.role(role).is_none()) {
            let message = format!("there is no role `{}`", role.escape_debug());
            reader.error(&key(name), message, "names of roles come from `[access]`");
        }
    }
}
