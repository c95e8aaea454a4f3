//! Signing in with an outside provider (OpenID Connect Core 1.0, the code flow with PKCE).
//!
//! | wanted | use |
//! |---|---|
//! | where a provider is asked | [`Metadata::read`], of what it publishes |
//! | what a browser takes along to it, and proves on its way back | [`Flow`] |
//! | who it says they are | [`IdToken::check`], after a [`crate::token::Verifier`] |
//! | which account of ours that is | [`LinkStore`] |
//!
//! An account of ours is never found by a name or an e-mail address that a provider says: only by the
//! link between the provider's subject and the account, which its owner makes while signed in, an
//! operator, or the sign-in that makes the account. Nothing here opens a socket.

mod flow;
mod id_token;
mod link;
mod metadata;

pub use flow::{FLOW_LIFETIME, Flow, Goal, Secrets};
pub use id_token::{IdToken, IdTokenError};
pub use link::{Link, LinkStore};
pub use metadata::{Metadata, MetadataError};
