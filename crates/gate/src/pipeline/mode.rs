//! What a guard may do, and what happens when it cannot.

mantlet_config::choice! {
    /// What a guard may do on a route.
    pub enum Mode {
        /// The guard is not asked.
        Off => "off",
        /// The guard is asked and its verdict is logged as what would have happened.
        Observe => "observe",
        /// The guard's verdict is carried out.
        Enforce => "enforce",
    }
}

mantlet_config::choice! {
    /// What happens when a guard fails: an error, a panic, or no answer in time.
    pub enum Fail {
        /// The request goes on as if the guard had passed it.
        Open => "open",
        /// The request is refused with 503.
        Closed => "closed",
    }
}
