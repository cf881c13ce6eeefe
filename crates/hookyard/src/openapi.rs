//! `hookyard openapi`: the description of the API, for generators of clients and for review.

use crate::log::say;

/// Prints it.
pub(crate) fn run() -> anyhow::Result<()> {
    say(hookyard_api::openapi::text());
    Ok(())
}
