//! Rate-limit algorithms as pure functions over counters.
