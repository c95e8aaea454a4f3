//! What policies can be about.

/// The schema of what policies are told, in Cedar's own language, with an action for each of
/// `actions`. Names that are not plain are left out.
#[must_use]
pub fn schema(actions: &[String]) -> String {
    let is_plain = |name: &&String| !name.contains(['"', '\\']) && !name.contains(char::is_control);
    let names: Vec<String> =
        actions.iter().filter(is_plain).map(|name| format!("\"{name}\"")).collect();
    let mut text = KINDS.to_owned();
    if !names.is_empty() {
        text.push_str("\naction ");
        text.push_str(&names.join(", "));
        text.push_str(
            " appliesTo {\n    principal: User,\n    resource: Thing,\n    context: Circumstances,\n};\n",
        );
    }
    text
}

/// Kinds of entities, and the circumstances of a request.
const KINDS: &str = r"// A role; whoever has one has those that it inherits from, too.
entity Role;

// Somebody whose identity was verified. Tags are claims of the issuer of their token.
entity User in [Role] = {
    // What they may by their roles, within the scopes of their credential.
    permissions: Set<String>,
} tags String;

// What the request is about: called as `resource` of the route or the application says, else by its
// path. Tags are parameters of the path, and what the application told.
entity Thing = {
    // `public`, `internal`, `confidential` or `restricted`; what is not known is restricted.
    class: String,
    owner?: User,
} tags String;

type Circumstances = {
    method: String,
    host: String,
    path: String,
    // The pattern of the route.
    route: String,
    client?: ipaddr,
    // `session`, `api-key`, `token`, `ticket` or `mtls`.
    kind: String,
    // What the credential is bounded to; absent where it is bounded to nothing.
    scopes?: Set<String>,
    // Whether the request only looks.
    reading: Bool,
    // What they may by belonging to the thing: `none`, `read` or `write`.
    membership: String,
    now: datetime,
    // Seconds since they signed in by themselves; absent for programs.
    signedInFor?: Long,
    secondFactor: Bool,
};
";
