//! Layered configuration with every problem reported at once.
