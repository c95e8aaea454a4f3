//! What policies are told of one request.

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request,
    RestrictedExpression as Value, Schema,
};
use mantlet_access::{Action, Inquiry, Membership};

/// Names of kinds, read once.
#[derive(Debug)]
pub(crate) struct Kinds {
    user: EntityTypeName,
    role: EntityTypeName,
    thing: EntityTypeName,
    action: EntityTypeName,
}

impl Kinds {
    pub(crate) fn new() -> Result<Self, String> {
        let name = |text: &str| text.parse::<EntityTypeName>().map_err(|error| error.to_string());
        Ok(Self {
            user: name("User")?,
            role: name("Role")?,
            thing: name("Thing")?,
            action: name("Action")?,
        })
    }

    /// The id of an action.
    pub(crate) fn action(&self, name: &str) -> EntityUid {
        uid(&self.action, name)
    }

    /// One request and who is in it; checked against `schema` where one is given.
    pub(crate) fn told(
        &self,
        inquiry: &Inquiry<'_>,
        schema: Option<&Schema>,
    ) -> Result<(Request, Entities), String> {
        let Inquiry { principal, facts, scene, .. } = inquiry;
        let user = uid(&self.user, principal.id());
        let thing = uid(&self.thing, facts.resource.unwrap_or(scene.path));
        let action = self.action(inquiry.action);
        let context = Context::from_pairs(circumstances(inquiry)).map_err(said)?;
        let request = Request::new(user.clone(), action, thing.clone(), context, schema);
        let mut all = vec![self.user(user, inquiry)?, self.thing(thing, inquiry)?];
        let roles = inquiry.roles.roles_held(principal);
        all.extend(roles.map(|name| Entity::with_uid(uid(&self.role, name))));
        let entities = Entities::from_entities(all, schema).map_err(said)?;
        Ok((request.map_err(said)?, entities))
    }

    fn user(&self, own: EntityUid, inquiry: &Inquiry<'_>) -> Result<Entity, String> {
        let permissions = texts(inquiry.roles.permissions_held(inquiry.principal));
        let roles: Vec<EntityUid> =
            inquiry.roles.roles_held(inquiry.principal).map(|name| uid(&self.role, name)).collect();
        let attributes = [("permissions".to_owned(), permissions)];
        let claims = inquiry.scene.claims.iter().map(|(name, value)| tag(name, value));
        Entity::new_with_tags(own, attributes, roles, claims).map_err(said)
    }

    fn thing(&self, own: EntityUid, inquiry: &Inquiry<'_>) -> Result<Entity, String> {
        let facts = inquiry.facts;
        let mut attributes = vec![("class".to_owned(), text(facts.class().as_str()))];
        if let Some(owner) = facts.value("owner") {
            let owner = Value::new_entity_uid(uid(&self.user, owner));
            attributes.push(("owner".to_owned(), owner));
        }
        // A name that stands for two values stands for none.
        let known = facts.values.iter().filter(|(name, value)| facts.value(name) == Some(*value));
        let mut tags: Vec<(String, Value)> = known.map(|(name, value)| tag(name, value)).collect();
        tags.sort_by(|one, two| one.0.cmp(&two.0));
        tags.dedup_by(|one, two| one.0 == two.0);
        Entity::new_with_tags(own, attributes, [], tags).map_err(said)
    }
}

/// The circumstances of a request.
fn circumstances(inquiry: &Inquiry<'_>) -> Vec<(String, Value)> {
    let Inquiry { facts, scene, now, .. } = inquiry;
    let membership = match facts.membership {
        Membership::None => "none",
        Membership::Read => "read",
        Membership::Write => "write",
    };
    let mut pairs = vec![
        ("method", text(scene.method)),
        ("host", text(scene.host)),
        ("path", text(scene.path)),
        ("route", text(scene.route)),
        ("kind", text(scene.kind)),
        ("reading", Value::new_bool(facts.action == Action::Read)),
        ("membership", text(membership)),
        ("now", Value::new_datetime(now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())),
        ("secondFactor", Value::new_bool(facts.has_second_factor)),
    ];
    if let Some(client) = scene.client {
        pairs.push(("client", Value::new_ip(client.to_canonical().to_string())));
    }
    if let Some(scopes) = scene.scopes {
        pairs.push(("scopes", texts(scopes.iter().copied())));
    }
    // A clock that was set back makes nothing young again.
    if let Some(at) = facts.authenticated.filter(|at| at <= now) {
        pairs
            .push(("signedInFor", Value::new_long(now.as_second().saturating_sub(at.as_second()))));
    }
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn text(value: &str) -> Value {
    Value::new_string(value.to_owned())
}

fn texts<'a>(values: impl Iterator<Item = &'a str>) -> Value {
    Value::new_set(values.map(text))
}

fn tag(name: &str, value: &str) -> (String, Value) {
    (name.to_owned(), text(value))
}

fn said(error: impl std::error::Error) -> String {
    error.to_string()
}
