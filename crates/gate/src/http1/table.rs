//! Tables of headers that have done their work, kept for the next message.
//!
//! A table for the usual number of headers is 3 KB, in two pieces; every request needs two of them,
//! and such pieces are what the system's allocator is slowest at.

use std::cell::RefCell;

use http::HeaderMap;

/// So many headers fit a new table: most messages have fewer, and ours come on top.
const USUAL: usize = 24;

/// A table that has grown beyond this is not kept.
const LARGEST: usize = 96;

/// Most tables that a thread keeps, each of 12 KB at most.
const MOST: usize = 64;

thread_local! {
    static SPARE: RefCell<Vec<HeaderMap>> = const { RefCell::new(Vec::new()) };
}

/// An empty table.
pub(crate) fn take() -> HeaderMap {
    let spare = SPARE.with_borrow_mut(Vec::pop);
    spare.unwrap_or_else(|| HeaderMap::with_capacity(USUAL))
}

/// Keeps a table that is of no more use, without what is in it.
pub(crate) fn give_back(mut table: HeaderMap) {
    if !(USUAL..=LARGEST).contains(&table.capacity()) {
        return;
    }
    table.clear();
    SPARE.with_borrow_mut(|spare| {
        if spare.len() < MOST {
            spare.push(table);
        }
    });
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn tables_come_back_empty_and_bounded() {
        let mut table = take();
        table.insert("x-a", HeaderValue::from_static("1"));
        table.append("x-a", HeaderValue::from_static("2"));
        give_back(table);
        assert!(take().is_empty());
        for _ in 0..2 * MOST {
            give_back(HeaderMap::with_capacity(USUAL));
        }
        give_back(HeaderMap::with_capacity(10_000));
        give_back(HeaderMap::new());
        let kept =
            SPARE.with_borrow(|spare| spare.iter().map(HeaderMap::capacity).collect::<Vec<_>>());
        assert_eq!(kept.len(), MOST);
        assert!(kept.iter().all(|capacity| *capacity <= LARGEST));
    }
}
