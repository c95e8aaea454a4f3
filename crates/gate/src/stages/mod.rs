//! The fixed stages: no mode, never off. They turn bytes from the network into one request that
//! means one thing, and say who asks and which route applies.

pub mod body;
pub mod client;
pub mod https;
pub mod hygiene;
pub mod route;
