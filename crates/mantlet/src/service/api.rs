//! What the service API is given of the running server.

use std::sync::Arc;

use mantlet_admin::api::{ApiServices, Directories, PathRules};
use mantlet_admin::control::Changes;
use mantlet_admin::desk::PathRule;
use mantlet_gate::identity::Identities;
use mantlet_gate::{FoundRule, Live};
use mantlet_identity::directory::Directory;

use super::keeper::Keeper;
use crate::config::Config;

/// What the service API needs under `config` and what was built of it.
pub(super) fn services(keeper: &Keeper, config: &Config, live: &Arc<Live>) -> ApiServices {
    ApiServices {
        section: config.admin.api.clone(),
        directories: Arc::new(Opened(keeper.services.identities.clone())),
        roles: Arc::clone(&live.roles),
        policies: live.policies.clone(),
        rules: Arc::new(Rules(Arc::clone(live))),
        changes: Arc::clone(&keeper.is_handed_over) as Arc<dyn Changes>,
        events: keeper.events.clone(),
        clock: Arc::clone(&keeper.clock),
        memory: Arc::clone(&keeper.api),
    }
}

/// The directory, once something has opened it.
#[derive(Debug)]
struct Opened(Identities);

impl Directories for Opened {
    fn directory(&self) -> Option<Arc<Directory>> {
        self.0.directory().cloned()
    }
}

/// What paths ask for, by the gate's own routes.
#[derive(Debug)]
struct Rules(Arc<Live>);

impl PathRules for Rules {
    fn rule_at(&self, host: &str, path: &str, method: &str) -> Result<PathRule, String> {
        Ok(path_rule(self.0.rule_at(host, path, method)?))
    }
}

/// What was found, for whoever explains it.
pub(crate) fn path_rule(found: FoundRule) -> PathRule {
    let FoundRule { route, rule, values, resource } = found;
    let requirement = rule.and_then(|rule| rule.access.requirement().cloned());
    PathRule { route, requirement, values, resource }
}
