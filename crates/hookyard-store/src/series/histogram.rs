//! How long things took, in buckets that grow with what they hold: sixteen for each doubling, so that a percentile is
//! right to some 3 %, and there are at most 657, whatever is recorded. Only those that hold something are kept.

use std::time::Duration;

/// Buckets for each doubling, and those of 1 µs each before the first.
const SPLIT: u64 = 16;
const SPLIT_BITS: u32 = SPLIT.trailing_zeros();
/// The longest time that is told from longer ones, in µs: some 203 days.
const LONGEST_US: u64 = (1 << 44) - 1;

/// How often which time was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Buckets and how many are in each, ascending.
    buckets: Vec<(u16, u64)>,
}

/// The bucket of a time.
fn bucket_of(us: u64) -> u16 {
    let us = us.min(LONGEST_US);
    if us < SPLIT {
        return us as u16;
    }
    let doublings = us.ilog2() - SPLIT_BITS;
    let place = (us >> doublings) - SPLIT;
    (u64::from(doublings + 1) * SPLIT + place) as u16
}

/// The middle of a bucket, in µs.
fn middle_of(bucket: u16) -> u64 {
    let bucket = u64::from(bucket);
    if bucket < SPLIT {
        return bucket;
    }
    let doublings = bucket / SPLIT - 1;
    let width = 1 << doublings;
    (SPLIT + bucket % SPLIT) * width + width / 2
}

impl Histogram {
    /// Whether nothing was recorded.
    pub const fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// Counts one more that took so long.
    pub(super) fn record(&mut self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.add(bucket_of(us), 1);
    }

    fn add(&mut self, bucket: u16, count: u64) {
        match self.buckets.binary_search_by_key(&bucket, |(known, _)| *known) {
            Ok(place) => {
                if let Some((_, known)) = self.buckets.get_mut(place) {
                    *known = known.saturating_add(count);
                }
            }
            Err(place) => self.buckets.insert(place, (bucket, count)),
        }
    }

    /// Takes in what another one counted.
    pub(super) fn merge(&mut self, other: &Self) {
        other.buckets.iter().for_each(|(bucket, count)| self.add(*bucket, *count));
    }

    /// The time within which so many of a thousand were done; none where there were none.
    pub fn per_mille(&self, share: u32) -> Option<Duration> {
        let total: u64 = self.buckets.iter().map(|(_, count)| count).sum();
        let mut left = (u128::from(total) * u128::from(share)).div_ceil(1_000).max(1);
        let found = self.buckets.iter().find(|(_, count)| {
            let is_here = u128::from(*count) >= left;
            left = left.saturating_sub(u128::from(*count));
            is_here
        });
        found.map(|(bucket, _)| Duration::from_micros(middle_of(*bucket)))
    }

    /// As a column: each bucket's distance from the one before and its count, in groups of seven bits.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.buckets.len() * 3);
        let mut before = 0;
        for (bucket, count) in &self.buckets {
            put(&mut bytes, u64::from(bucket - before));
            put(&mut bytes, *count);
            before = *bucket;
        }
        bytes
    }

    /// The other way round; what does not make sense ends it.
    pub(super) fn decode(mut bytes: &[u8]) -> Self {
        let mut histogram = Self::default();
        let mut bucket = 0_u16;
        while let Some((distance, count)) = take(&mut bytes).zip(take(&mut bytes)) {
            let next = u16::try_from(distance).ok().and_then(|distance| bucket.checked_add(distance));
            let Some(next) = next.filter(|next| *next <= bucket_of(LONGEST_US)) else { break };
            bucket = next;
            histogram.add(bucket, count);
        }
        histogram
    }
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn buckets_follow_each_other_and_are_few() {
        let mut before = None;
        for doubling in 0..44_u32 {
            for part in 0..64 {
                let us = ((1_u64 << doubling) * (64 + part)) / 64;
                let bucket = bucket_of(us);
                assert!(before.is_none_or(|before| before <= bucket), "{us}");
                before = Some(bucket);
            }
        }
        assert_eq!(bucket_of(u64::MAX), bucket_of(LONGEST_US));
        assert!(bucket_of(LONGEST_US) < 657, "{}", bucket_of(LONGEST_US));
    }

    proptest! {
        #[test]
        fn percentiles_are_right_to_some_three_percent(
            mut took in proptest::collection::vec(0_u64..10_000_000_000, 1..300),
            share in 1_u32..=1_000,
        ) {
            let mut histogram = Histogram::default();
            took.iter().for_each(|us| histogram.record(Duration::from_micros(*us)));
            took.sort_unstable();
            let place = (took.len() as u64 * u64::from(share)).div_ceil(1_000).max(1) as usize - 1;
            let (exact, found) = (took[place] as f64, histogram.per_mille(share).unwrap().as_micros() as f64);
            prop_assert!((exact - found).abs() <= exact * 0.0323 + 0.5, "{exact} {found}");
        }

        #[test]
        fn what_is_encoded_is_decoded_and_merged(
            one in proptest::collection::vec(any::<u64>(), 0..50), other in proptest::collection::vec(any::<u64>(), 0..50),
        ) {
            let of = |took: &[u64]| {
                let mut histogram = Histogram::default();
                took.iter().for_each(|us| histogram.record(Duration::from_micros(*us)));
                histogram
            };
            let mut merged = of(&one);
            merged.merge(&of(&other));
            prop_assert_eq!(&merged, &of(&[one, other].concat()));
            prop_assert_eq!(Histogram::decode(&merged.encode()), merged);
        }

        #[test]
        fn any_bytes_can_be_decoded(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            Histogram::decode(&bytes);
        }
    }
}
