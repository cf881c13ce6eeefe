//! Sizes in bytes with a unit: `64KiB`, `10 MB`.

/// The number of bytes that a text like `10MiB` means; none where it means none.
pub(super) fn parse(text: &str) -> Option<u64> {
    let digits = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let factor: u64 = match unit.trim_start_matches(' ') {
        "" | "B" => 1,
        "KB" | "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// The shortest text that [`parse`] takes for this many bytes.
pub(super) fn show(bytes: u64) -> String {
    for (factor, unit) in [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] {
        if bytes >= factor && bytes.is_multiple_of(factor) {
            return format!("{}{unit}", bytes / factor);
        }
    }
    format!("{bytes}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_numbers_of_bytes() {
        for (text, bytes) in [
            ("0", 0),
            ("17", 17),
            ("17B", 17),
            ("1KB", 1_000),
            ("64 KiB", 65_536),
            ("10MiB", 10_485_760),
            ("2GB", 2_000_000_000),
            ("1TiB", 1 << 40),
        ] {
            assert_eq!(parse(text), Some(bytes), "{text}");
        }
        for text in ["", "MiB", "-1", "1.5MiB", "1 0", "10mib", "10M", "KiB10", "10MiB ", "99999999999TiB"] {
            assert_eq!(parse(text), None, "{text}");
        }
        for bytes in [0, 1, 1_000, 1_024, 1_536, 10 << 20, 3 << 30, u64::MAX] {
            assert_eq!(parse(&show(bytes)), Some(bytes), "{bytes}");
        }
    }
}
