//! What a person may have meant by a name that is not known.

/// The known name that takes the fewest changed, added or dropped characters to get to, if that is near.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let changes_max = (name.chars().count() / 3).clamp(1, 4);
    known
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(changes, candidate)| *changes <= changes_max || is_part(name, candidate))
        .min_by_key(|(changes, _)| *changes)
        .map(|(_, candidate)| candidate)
}

/// Whether one stands whole in the other, as `retries` in `retries_max`.
fn is_part(name: &str, candidate: &str) -> bool {
    name.len() >= 4 && candidate.len() >= 4 && (name.contains(candidate) || candidate.contains(name))
}

/// Levenshtein's distance, row by row.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (dropped, from_char) in from.chars().enumerate() {
        let mut diagonal = dropped;
        let mut left = dropped + 1;
        for (cell, to_char) in row.iter_mut().zip(std::iter::once(None).chain(to.chars().map(Some))) {
            let Some(to_char) = to_char else {
                *cell = left;
                continue;
            };
            let above = *cell;
            let changed = diagonal + usize::from(from_char != to_char);
            left = changed.min(above + 1).min(left + 1);
            *cell = left;
            diagonal = above;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (from, to, changes) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "abc", 0),
            ("kitten", "sitting", 3),
            ("flaw", "lawn", 2),
            ("timeuot", "timeout", 2),
        ] {
            assert_eq!(distance(from, to), changes, "{from} {to}");
        }
    }

    #[test]
    fn only_near_names_are_proposed() {
        let known = ["timeout", "concurrency", "url", "body_bytes_max"];
        assert_eq!(nearest("timeuot", known), Some("timeout"));
        assert_eq!(nearest("concurency", known), Some("concurrency"));
        assert_eq!(nearest("body_bytes", known), Some("body_bytes_max"));
        assert_eq!(nearest("uri", known), Some("url"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("x", known), None);
    }
}
