//! Blocking addresses: what detection and operators ask for and the gate carries out.

use std::fmt::{self, Debug};
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;

/// One blocked network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Who is blocked; a single address is a network of full length.
    pub network: IpNet,
    /// When the block ends by itself; `None` means it stays until it is lifted.
    pub until: Option<Timestamp>,
    /// Why, for the operator; never shown to the client.
    pub why: String,
}

/// A block that could not be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockError {
    /// The list holds as many blocks as it may; the number is the limit.
    Full(usize),
    /// The network lies inside one that the operator's allow-list spares.
    Spared(IpNet),
    /// The block could not be made to last; the text says why.
    NotKept(String),
}

impl fmt::Display for BlockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(limit) => write!(f, "the block list is full ({limit} entries)"),
            Self::Spared(network) => write!(f, "`{network}` is on the allow-list"),
            Self::NotKept(why) => write!(f, "the block could not be saved: {why}"),
        }
    }
}

impl std::error::Error for BlockError {}

/// A list of blocked networks that takes effect on the next request of every connection.
pub trait Blocking: Debug + Send + Sync {
    /// Blocks a network; a block of the same network is replaced.
    ///
    /// # Errors
    /// [`BlockError`] when the list is full, the network is spared, or the block cannot be kept.
    fn block(&self, block: Block) -> Result<(), BlockError>;

    /// Lifts the block of exactly this network; `false` when there was none.
    ///
    /// # Errors
    /// [`BlockError::NotKept`] when the change cannot be saved.
    fn unblock(&self, network: IpNet) -> Result<bool, BlockError>;

    /// The block that covers `address` now, if any; spared addresses are never covered.
    fn lookup(&self, address: IpAddr) -> Option<Block>;

    /// All blocks in force now, in no particular order.
    fn list(&self) -> Vec<Block>;
}
