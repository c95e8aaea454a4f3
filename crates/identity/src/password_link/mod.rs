//! Links by which somebody sets their password: the mailed one for who forgot it, and the one that
//! an invitation is. Each counts once, for one account, for a while, and until that account's
//! password is set in whatever way or it is closed. What is stored is a hash.

mod email;
mod letters;
mod record;
mod requests;
mod service;
mod store;

pub use email::{BadEmail, EmailAddress};
pub use letters::{changed, invitation, reset};
pub use record::{Link, LinkHash, LinkKind};
pub use requests::{Asked, Requests};
pub use service::{LinkPolicy, Links};
pub use store::PasswordLinkStore;
