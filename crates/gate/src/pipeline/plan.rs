//! What is asked on one route, prepared when the configuration is loaded.

use std::sync::Arc;
use std::time::Duration;

use mantlet_event::{Entry, RouteMetrics};

use super::{Fail, Guard, Mode, Stages};

/// What never changes about a guard, whatever the route: one line of `guards/order.rs`.
#[derive(Debug)]
pub struct Spec {
    /// Its folder, its configuration table, its event prefix and its documentation page.
    pub name: &'static str,
    /// The event of its refusals, carried out or only observed.
    pub refused: &'static Entry,
}

/// One guard on one route.
#[derive(Debug, Clone)]
pub struct PlannedGuard {
    /// What never changes about it.
    pub spec: &'static Spec,
    /// The guard, compiled with this route's settings.
    pub guard: Arc<dyn Guard>,
    /// Observe or enforce; a guard that is off is not in the plan.
    pub mode: Mode,
    /// What happens when it fails.
    pub fail: Fail,
    stages: Stages,
}

impl PlannedGuard {
    /// Puts `guard` under `mode` and `fail`; `None` when it is off.
    #[must_use]
    pub fn new(spec: &'static Spec, guard: Arc<dyn Guard>, mode: Mode, fail: Fail) -> Option<Self> {
        let stages = guard.stages();
        (mode != Mode::Off).then_some(Self { spec, guard, mode, fail, stages })
    }
}

/// Everything that is asked on one route, in order.
#[derive(Debug)]
pub struct Plan {
    /// The route's name in logs and metrics: its pattern, never a client's path.
    pub route: Arc<str>,
    /// The route's metric handles.
    pub metrics: RouteMetrics,
    /// How long one guard may take over one request.
    pub budget: Duration,
    guards: Box<[PlannedGuard]>,
}

impl Plan {
    /// A plan that asks `guards` in the order given.
    #[must_use]
    pub fn new(
        route: Arc<str>,
        metrics: RouteMetrics,
        budget: Duration,
        guards: Vec<PlannedGuard>,
    ) -> Self {
        Self { route, metrics, budget, guards: guards.into() }
    }

    pub(super) fn at_request(&self) -> impl Iterator<Item = &PlannedGuard> {
        self.guards.iter().filter(|planned| planned.stages.request)
    }

    pub(super) fn at_address(&self) -> impl Iterator<Item = &PlannedGuard> {
        self.guards.iter().filter(|planned| planned.stages.address)
    }

    pub(super) fn at_body(&self) -> impl Iterator<Item = &PlannedGuard> {
        self.guards.iter().filter(|planned| planned.stages.body)
    }

    pub(super) fn at_message(&self) -> impl Iterator<Item = &PlannedGuard> {
        self.guards.iter().filter(|planned| planned.stages.message)
    }

    /// Whether some guard wants to see the text messages of WebSockets.
    pub(crate) fn wants_messages(&self) -> bool {
        self.at_message().next().is_some()
    }

    pub(super) fn at_answer(&self) -> impl Iterator<Item = &PlannedGuard> {
        self.guards.iter().filter(|planned| planned.stages.answer)
    }

    /// Name, mode and fail mode of every guard in the plan, in order: for start-up messages.
    pub fn summary(&self) -> impl Iterator<Item = (&'static str, Mode)> {
        self.guards.iter().map(|planned| (planned.spec.name, planned.mode))
    }
}
