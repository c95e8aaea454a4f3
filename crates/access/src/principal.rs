//! Who asks.

use mantlet_types::DataClass;

use crate::bits::Bits;
use crate::{PermissionId, RoleId};

/// Somebody whose identity was verified, with what they may. Made by [`crate::Roles::principal`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    id: String,
    pub(crate) roles: Vec<RoleId>,
    pub(crate) permissions: Bits,
    /// Its roles, and all that these inherit from; empty where scopes bound it.
    pub(crate) ancestors: Bits,
    /// What its roles are cleared for.
    pub(crate) clearance: Option<DataClass>,
    /// Whether scopes bound it.
    is_scoped: bool,
    pub(crate) unknown_roles: Vec<String>,
}

impl Principal {
    pub(crate) fn new(id: &str, permissions: Bits, ancestors: Bits, is_scoped: bool) -> Self {
        let (roles, unknown_roles) = (Vec::new(), Vec::new());
        Self {
            id: id.to_owned(),
            roles,
            permissions,
            ancestors,
            clearance: None,
            is_scoped,
            unknown_roles,
        }
    }

    /// The user's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether they have a permission, by any of their roles and within their scopes.
    #[must_use]
    pub fn has(&self, permission: PermissionId) -> bool {
        self.permissions.holds(permission.0)
    }

    /// Whether they have a role, or one that inherits from it.
    #[must_use]
    pub fn has_role(&self, role: RoleId) -> bool {
        !self.is_scoped && self.ancestors.holds(role.0)
    }

    /// The roles that count where a role is asked for: none for a key or token that is bounded to
    /// scopes, which stands for a part of its owner only.
    #[must_use]
    pub fn roles(&self) -> &[RoleId] {
        if self.is_scoped { &[] } else { &self.roles }
    }

    /// The most sensitive class of data that they may look at without belonging to it; `None` for
    /// none, and where scopes bound them.
    #[must_use]
    pub fn clearance(&self) -> Option<DataClass> {
        self.clearance.filter(|_| !self.is_scoped)
    }

    /// Whether scopes bound what they may.
    #[must_use]
    pub const fn is_scoped(&self) -> bool {
        self.is_scoped
    }

    /// Names that were given as roles and are none: worth an event, they give nothing.
    #[must_use]
    pub fn unknown_roles(&self) -> &[String] {
        &self.unknown_roles
    }
}
