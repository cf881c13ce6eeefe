//! Times as providers write them.

use crate::definition::Unit;

const DAY_S: u64 = 86_400;
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A time in seconds since the Unix epoch, as a provider writes it.
pub(super) fn written(now_s: u64, unit: Unit) -> String {
    match unit {
        Unit::S | Unit::SOrMs | Unit::SOrRfc3339 => now_s.to_string(),
        Unit::Ms => format!("{now_s}000"),
        Unit::Us => format!("{now_s}000000"),
        Unit::Rfc3339 => {
            let Civil { year, month, day, hour, minute, second, .. } = Civil::of(now_s);
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
        }
        Unit::HttpDate => {
            let Civil { year, month, day, hour, minute, second, weekday } = Civil::of(now_s);
            let month = usize::try_from(month).ok().and_then(|month| MONTHS.get(month.saturating_sub(1)));
            let month = month.copied().unwrap_or_default();
            format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
        }
    }
}

struct Civil {
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
    weekday: &'static str,
}

impl Civil {
    /// By Howard Hinnant's `civil_from_days`, for days since 1970.
    fn of(now_s: u64) -> Self {
        let (days, of_day) = (now_s / DAY_S, now_s % DAY_S);
        let shifted = days + 719_468;
        let (era, of_era) = (shifted / 146_097, shifted % 146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let weekday = usize::try_from(days % 7).ok().and_then(|day| DAYS.get(day));
        Self {
            year: year_of_era + era * 400 + u64::from(month <= 2),
            month,
            day: of_year - (153 * shifted_month + 2) / 5 + 1,
            hour: of_day / 3600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
            weekday: weekday.copied().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_people_know_them() {
        for (now_s, rfc3339, http) in [
            (0, "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "2000-02-29T00:00:00Z", "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_700_000_000, "2023-11-14T22:13:20Z", "Tue, 14 Nov 2023 22:13:20 GMT"),
        ] {
            assert_eq!(written(now_s, Unit::Rfc3339), rfc3339);
            assert_eq!(written(now_s, Unit::HttpDate), http);
        }
        assert_eq!(written(17, Unit::Ms), "17000");
        assert_eq!(written(17, Unit::Us), "17000000");
    }
}
