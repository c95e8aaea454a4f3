//! Counters in this process's memory.

mod hashing;
mod shard;
mod store;
mod take;
mod together;

pub use store::MemoryCounters;
