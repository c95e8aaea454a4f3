//! Fakes, wire client, fake upstream and disposable servers for tests.
