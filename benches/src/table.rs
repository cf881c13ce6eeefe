//! The table at the end of a benchmark.

use crate::figures::{CATALOGUE, Figures, Goal, cores, processor};

/// Prints every figure that was measured, with its goal.
pub(crate) fn print(figures: &Figures) {
    println!("\n{} cores, {}\n", cores(), processor());
    println!("{:<58} {:>12}  {:>9}", "", "measured", "goal");
    for figure in CATALOGUE {
        let Some(value) = figures.get(figure.key) else { continue };
        let mark = match figure.goal.reached_by(value) {
            None => "",
            Some(true) => "  reached",
            Some(false) => "  MISSED",
        };
        println!("{:<58} {:>12}  {:>9}{mark}", figure.text, number(value), goal(figure.goal));
    }
}

fn goal(goal: Goal) -> String {
    match goal {
        Goal::None => String::new(),
        Goal::AtLeast(least) => format!("≥ {}", number(least)),
        Goal::AtMost(most) => format!("≤ {}", number(most)),
        Goal::Within(least, most) => format!("{} – {}", number(least), number(most)),
    }
}

/// A number with as many places as are worth reading, and its thousands apart.
fn number(value: f64) -> String {
    if !value.is_finite() {
        return "none".to_owned();
    }
    if value.abs() < 100.0 && value.fract() != 0.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{:.0}", value.abs());
    let mut text = if value < 0.0 { "-".to_owned() } else { String::new() };
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_written_for_reading() {
        for (value, expected) in [
            (0.0, "0"),
            (0.605, "0.60"),
            (3.0, "3"),
            (99.5, "99.50"),
            (123.4, "123"),
            (34_099.6, "34,100"),
            (1_000_000.0, "1,000,000"),
            (f64::NAN, "none"),
        ] {
            assert_eq!(number(value), expected);
        }
    }
}
