//! Counters in this process's memory.

mod hashing;
mod shard;
mod store;
mod take;

pub use store::MemoryCounters;
