//! No verification: whoever knows the URL can send.

use crate::catalogue::ProviderInfo;
use crate::schemes::Scheme;

pub(crate) const INFO: ProviderInfo = ProviderInfo {
    name: "none",
    title: "No verification",
    secrets_required: false,
    settings: &[],
    build: |_, _| Ok(Scheme::None),
};
