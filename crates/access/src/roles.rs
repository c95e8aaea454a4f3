//! Roles and permissions, compiled.

use mantlet_types::DataClass;

use crate::bits::Bits;
use crate::nearest::nearest;
use crate::principal::Principal;
use crate::{RoleProblem, RoleProblems, RoleTable};

/// The most permissions of a table.
const MAX_PERMISSIONS: usize = 1024;

/// The most roles of a table.
const MAX_ROLES: usize = 256;

/// The longest name, in bytes.
const MAX_NAME: usize = 64;

/// A permission of one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PermissionId(pub(crate) usize);

/// A role of one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleId(pub(crate) usize);

/// Roles and permissions, compiled: what a role may, with all that it inherits, is one set of bits.
/// Ids and principals of one table mean nothing to another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roles {
    permissions: Vec<String>,
    roles: Vec<Compiled>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Compiled {
    name: String,
    /// Permissions of its own.
    own: Bits,
    /// These and all that it inherits.
    all: Bits,
    /// The role itself and all that it inherits from.
    ancestors: Bits,
    /// What it is cleared for, by itself or by what it inherits from.
    clearance: Option<DataClass>,
}

/// Where a permission comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The role that the principal has.
    pub role: String,
    /// The role it inherits the permission from; `None` when the permission is its own.
    pub through: Option<String>,
}

impl Roles {
    /// Compiles a table.
    ///
    /// # Errors
    /// [`RoleProblems`]: everything that is wrong with it.
    pub fn compile(table: &RoleTable) -> Result<Self, RoleProblems> {
        let problems = find_problems(table);
        if !problems.is_empty() {
            return Err(RoleProblems(problems));
        }
        let permissions: Vec<String> = table.permissions.keys().cloned().collect();
        let names: Vec<&String> = table.roles.keys().collect();
        let mut roles = Vec::with_capacity(names.len());
        for name in &names {
            let mut compiled = Compiled {
                name: (*name).clone(),
                own: own_of(table, name, &permissions),
                all: Bits::new(permissions.len()),
                ancestors: Bits::new(names.len()),
                clearance: None,
            };
            for ancestor in ancestors(table, name) {
                compiled.all.add(&own_of(table, &ancestor, &permissions));
                let cleared = table.roles.get(&ancestor).and_then(|role| role.clearance.as_deref());
                compiled.clearance = compiled.clearance.max(cleared.and_then(DataClass::parse));
                if let Ok(place) = names.binary_search(&&ancestor) {
                    compiled.ancestors.insert(place);
                }
            }
            roles.push(compiled);
        }
        Ok(Self { permissions, roles })
    }

    /// The permission of this name.
    #[must_use]
    pub fn permission(&self, name: &str) -> Option<PermissionId> {
        let found = self.permissions.binary_search_by(|own| own.as_str().cmp(name));
        found.ok().map(PermissionId)
    }

    /// The role of this name.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<RoleId> {
        let found = self.roles.binary_search_by(|own| own.name.as_str().cmp(name));
        found.ok().map(RoleId)
    }

    /// The name of a permission.
    #[must_use]
    pub fn permission_name(&self, id: PermissionId) -> &str {
        self.permissions.get(id.0).map_or("", String::as_str)
    }

    /// The name of a role.
    #[must_use]
    pub fn role_name(&self, id: RoleId) -> &str {
        self.roles.get(id.0).map_or("", |role| role.name.as_str())
    }

    /// Every permission, in the order of their names.
    pub fn permission_names(&self) -> impl Iterator<Item = &str> {
        self.permissions.iter().map(String::as_str)
    }

    /// Every role, in the order of their names.
    pub fn role_names(&self) -> impl Iterator<Item = &str> {
        self.roles.iter().map(|role| role.name.as_str())
    }

    /// Every permission of a role, with what it inherits; empty for a name that is no role.
    pub fn permissions_of(&self, role: &str) -> impl Iterator<Item = &str> {
        let all = self.role(role).and_then(|id| self.roles.get(id.0)).map(|role| &role.all);
        all.into_iter()
            .flat_map(|all| all.iter())
            .map(|place| self.permission_name(PermissionId(place)))
    }

    /// A principal with these roles, as they were verified. Names that are no roles give nothing and
    /// are told. `scopes`: what an API key or a token is bounded to; such a principal has at most
    /// these permissions, and no roles. `None` for somebody with all that their roles give.
    #[must_use]
    pub fn principal<'a>(
        &self,
        id: &str,
        roles: impl IntoIterator<Item = &'a str>,
        scopes: Option<&[&str]>,
    ) -> Principal {
        let none = (Bits::new(self.permissions.len()), Bits::new(self.roles.len()));
        let mut found = Principal::new(id, none.0, none.1, scopes.is_some());
        for name in roles {
            match self.role(name).and_then(|id| Some((id, self.roles.get(id.0)?))) {
                Some((id, role)) => {
                    found.permissions.add(&role.all);
                    found.ancestors.add(&role.ancestors);
                    found.clearance = found.clearance.max(role.clearance);
                    found.roles.push(id);
                }
                None => found.unknown_roles.push(name.chars().take(MAX_NAME).collect()),
            }
        }
        if let Some(scopes) = scopes {
            let mut bound = Bits::new(self.permissions.len());
            let known = scopes.iter().filter_map(|name| self.permission(name));
            known.for_each(|id| bound.insert(id.0));
            found.permissions.keep(&bound);
        }
        found
    }

    /// Whether `holder` is this role or inherits from it.
    pub(crate) fn is_a(&self, holder: RoleId, role: RoleId) -> bool {
        self.roles.get(holder.0).is_some_and(|own| own.ancestors.holds(role.0))
    }

    /// The roles of a principal and all that these inherit from; none where scopes bound it.
    pub fn roles_held<'a>(&'a self, principal: &'a Principal) -> impl Iterator<Item = &'a str> {
        let places = principal.ancestors.iter().filter(|_| !principal.is_scoped());
        places.map(|place| self.role_name(RoleId(place)))
    }

    /// The permissions of a principal, within its scopes.
    pub fn permissions_held<'a>(
        &'a self,
        principal: &'a Principal,
    ) -> impl Iterator<Item = &'a str> {
        principal.permissions.iter().map(|place| self.permission_name(PermissionId(place)))
    }

    /// Which of the principal's roles give a permission, and through which.
    #[must_use]
    pub fn grants(&self, principal: &Principal, permission: PermissionId) -> Vec<Grant> {
        let giving = principal.roles.iter().filter_map(|id| self.roles.get(id.0));
        giving
            .filter(|role| role.all.holds(permission.0))
            .map(|role| Grant {
                role: role.name.clone(),
                through: (!role.own.holds(permission.0)).then(|| self.source(role, permission)),
            })
            .collect()
    }

    /// What `actor` lacks to give somebody this role, permissions by name and `clearance` for data
    /// of a class: nobody passes on more than they hold. Empty
    /// means that they may; `None` means that there is no such role.
    #[must_use]
    pub fn missing_to_grant(&self, actor: &Principal, role: &str) -> Option<Vec<&str>> {
        let role = self.roles.get(self.role(role)?.0)?;
        let missing = role.all.iter().filter(|place| !actor.permissions.holds(*place));
        let missing = missing.map(|place| self.permission_name(PermissionId(place)));
        let is_beyond = role.clearance > actor.clearance();
        Some(missing.chain(is_beyond.then_some("clearance")).collect())
    }

    /// The inherited role whose own permission it is.
    fn source(&self, role: &Compiled, permission: PermissionId) -> String {
        let ancestors = role.ancestors.iter().filter_map(|place| self.roles.get(place));
        let mut own = ancestors.filter(|ancestor| ancestor.own.holds(permission.0));
        own.next().map(|ancestor| ancestor.name.clone()).unwrap_or_default()
    }
}

fn own_of(table: &RoleTable, role: &str, permissions: &[String]) -> Bits {
    let mut own = Bits::new(permissions.len());
    let names = table.roles.get(role).into_iter().flat_map(|role| &role.permissions);
    names
        .filter_map(|name| permissions.binary_search(name).ok())
        .for_each(|place| own.insert(place));
    own
}

/// The role itself and all that it inherits from, each once. The table has no circles.
fn ancestors(table: &RoleTable, role: &str) -> Vec<String> {
    let mut found = vec![role.to_owned()];
    let mut next = 0;
    while let Some(name) = found.get(next).cloned() {
        for parent in table.roles.get(&name).into_iter().flat_map(|role| &role.inherits) {
            if !found.contains(parent) {
                found.push(parent.clone());
            }
        }
        next += 1;
    }
    found
}

fn find_problems(table: &RoleTable) -> Vec<RoleProblem> {
    let mut problems = Vec::new();
    for (count, limit) in
        [(table.permissions.len(), MAX_PERMISSIONS), (table.roles.len(), MAX_ROLES)]
    {
        if count > limit {
            return vec![RoleProblem::TooMany(limit)];
        }
    }
    let names = table.permissions.keys().chain(table.roles.keys());
    problems
        .extend(names.filter(|name| !is_name(name)).map(|name| RoleProblem::Name(name.clone())));
    for (role, entry) in &table.roles {
        for name in entry.permissions.iter().filter(|name| !table.permissions.contains_key(*name)) {
            let nearest = nearest(name, table.permissions.keys().map(String::as_str));
            let (role, name) = (role.clone(), name.clone());
            problems.push(RoleProblem::UnknownPermission { role, name, nearest });
        }
        if let Some(class) =
            entry.clearance.as_ref().filter(|name| DataClass::parse(name).is_none())
        {
            let (role, name) = (role.clone(), class.clone());
            problems.push(RoleProblem::UnknownClass { role, name });
        }
        for name in entry.inherits.iter().filter(|name| !table.roles.contains_key(*name)) {
            let others = table.roles.keys().filter(|other| *other != role).map(String::as_str);
            let nearest = nearest(name, others);
            let (role, name) = (role.clone(), name.clone());
            problems.push(RoleProblem::UnknownRole { role, name, nearest });
        }
    }
    problems.extend(find_circle(table));
    problems
}

fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(is_plain)
}

/// The first circle of roles: whoever is left when all roles are taken out that inherit from nobody
/// who is left.
fn find_circle(table: &RoleTable) -> Option<RoleProblem> {
    let mut left: Vec<&String> = table.roles.keys().collect();
    loop {
        let parent = |name: &String| {
            let parents = table.roles.get(name).into_iter().flat_map(|role| &role.inherits);
            parents.into_iter().find(|parent| left.contains(parent))
        };
        let rest: Vec<&String> =
            left.iter().copied().filter(|name| parent(name).is_some()).collect();
        if rest.len() < left.len() {
            left = rest;
            continue;
        }
        // Everybody who is left inherits from somebody who is left: follow until a name comes again.
        let mut circle = vec![(*left.first()?).clone()];
        while let Some(next) = circle.last().and_then(parent) {
            if let Some(start) = circle.iter().position(|name| name == next) {
                circle.drain(..start);
                circle.push(next.clone());
                return Some(RoleProblem::Circle(circle));
            }
            circle.push(next.clone());
        }
        return None;
    }
}
