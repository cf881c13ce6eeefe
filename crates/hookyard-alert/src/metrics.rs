//! What telling people counts.

use hookyard_model::alert::Channel;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ChannelLabel {
    channel: &'static str,
}

type ByChannel = Family<ChannelLabel, Counter>;

/// Counters of the alert stage; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    sent: ByChannel,
    failed: ByChannel,
    given_up: ByChannel,
}

impl Metrics {
    /// Makes the counters and registers them.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let Self { sent, failed, given_up } = &metrics;
        let registry = registry.sub_registry_with_prefix("hookyard_alerts");
        registry.register("sent", "Messages of alerts that were taken", sent.clone());
        registry.register("failed", "Tries to send one that failed", failed.clone());
        registry.register("given_up", "Messages that were given up", given_up.clone());
        for family in [sent, failed, given_up] {
            // Zero from the start, so that a rate can be told from the first one on.
            for channel in Channel::TYPES {
                drop(family.get_or_create(&ChannelLabel { channel }));
            }
        }
        metrics
    }

    /// Counts a try.
    pub(crate) fn note(&self, channel: &Channel, is_sent: bool) {
        let family = if is_sent { &self.sent } else { &self.failed };
        family.get_or_create(&ChannelLabel { channel: channel.type_name() }).inc();
    }

    /// Counts a message that is not tried any more.
    pub(crate) fn note_given_up(&self, channel: &Channel) {
        self.given_up.get_or_create(&ChannelLabel { channel: channel.type_name() }).inc();
    }
}
