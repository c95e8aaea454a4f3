//! Settings of the blocklist guard.

use mantlet_config::{Cidr, section};

use crate::pipeline::{Fail, Mode};

section! {
    /// Refuses blocked networks.
    pub struct BlocklistSection {
        /// What the guard may do.
        pub mode: Mode = Mode::Enforce,
        /// What happens when the guard fails.
        pub fail: Fail = Fail::Closed,
        /// Networks that are refused.
        pub block: Vec<Cidr> = Vec::new(),
        /// Networks that are spared from blocks, and from nothing else.
        pub allow: Vec<Cidr> = Vec::new(),
    }
}
