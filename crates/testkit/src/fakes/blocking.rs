//! A block list in memory.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use ipnet::IpNet;
use mantlet_types::{Block, BlockError, Blocking, Clock};

use crate::lock;

/// A block list that keeps what it is told, ends blocks by its clock, and fails when told to.
#[derive(Debug)]
pub struct FakeBlocking {
    clock: Arc<dyn Clock>,
    blocks: Mutex<Vec<Block>>,
    failure: Mutex<Option<BlockError>>,
}

impl FakeBlocking {
    /// An empty list that goes by `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, blocks: Mutex::default(), failure: Mutex::default() }
    }

    /// Makes every change fail with `error` from now on; `None` makes them succeed again.
    pub fn fail_with(&self, error: Option<BlockError>) {
        *lock(&self.failure) = error;
    }

    fn may_change(&self) -> Result<(), BlockError> {
        lock(&self.failure).clone().map_or(Ok(()), Err)
    }
}

impl Blocking for FakeBlocking {
    fn block(&self, block: Block) -> Result<(), BlockError> {
        self.may_change()?;
        let mut blocks = lock(&self.blocks);
        blocks.retain(|old| old.network != block.network);
        blocks.push(block);
        Ok(())
    }

    fn unblock(&self, network: IpNet) -> Result<bool, BlockError> {
        self.may_change()?;
        let mut blocks = lock(&self.blocks);
        let before = blocks.len();
        blocks.retain(|block| block.network != network);
        Ok(blocks.len() < before)
    }

    fn lookup(&self, address: IpAddr) -> Option<Block> {
        self.list().into_iter().find(|block| block.network.contains(&address))
    }

    fn list(&self) -> Vec<Block> {
        let now = self.clock.now();
        let blocks = lock(&self.blocks);
        blocks.iter().filter(|block| block.until.is_none_or(|end| now < end)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::FakeClock;

    #[test]
    fn a_block_covers_its_network_until_it_ends() {
        let clock = FakeClock::new();
        let list = FakeBlocking::new(clock.shared());
        let until = Some(clock.now() + Duration::from_secs(60));
        let network = "192.0.2.0/24".parse().unwrap();
        list.block(Block { network, until, why: "test".to_owned() }).unwrap();
        assert!(list.lookup("192.0.2.9".parse().unwrap()).is_some());
        assert_eq!(list.lookup("192.0.3.9".parse().unwrap()), None);
        clock.advance(Duration::from_secs(60));
        assert_eq!(list.lookup("192.0.2.9".parse().unwrap()), None);
    }

    #[test]
    fn a_failure_can_be_ordered() {
        let list = FakeBlocking::new(FakeClock::new().shared());
        list.fail_with(Some(BlockError::Full(1)));
        assert_eq!(list.unblock("192.0.2.1/32".parse().unwrap()), Err(BlockError::Full(1)));
    }
}
