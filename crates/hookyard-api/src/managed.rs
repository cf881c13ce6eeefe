//! Who may change a source, destination or connection, as it is shown.

use hookyard_model::source::ManagedBy;

/// The name on the wire.
pub(crate) const fn managed_by(managed_by: ManagedBy) -> &'static str {
    match managed_by {
        ManagedBy::Api => "api",
        ManagedBy::File => "file",
    }
}
