//! Amounts as people write them: `3+`, `50%`, `5m`, `20 MB`, `<10%`, `2..5`.

/// A condition on a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Amount {
    /// Least value that satisfies it.
    pub min: f64,
    /// Greatest value that satisfies it.
    pub max: f64,
    /// Whether `min` itself does not.
    pub above: bool,
    /// Whether `max` itself does not.
    pub below: bool,
}

impl Amount {
    /// At least `min`.
    pub fn at_least(min: f64) -> Amount {
        Amount { min, max: f64::INFINITY, above: false, below: false }
    }

    /// The amount as a person writes it, `number` writing the numbers in it.
    pub fn words(&self, number: fn(f64) -> String) -> String {
        match (self.min, self.max) {
            (min, max) if min == 0.0 && max == 0.0 => "none".to_owned(),
            (min, max) if min == max => format!("exactly {}", number(min)),
            (min, f64::INFINITY) => format!("{} {}", if self.above { "more than" } else { "at least" }, number(min)),
            (f64::NEG_INFINITY, max) => format!("{} {}", if self.below { "less than" } else { "at most" }, number(max)),
            (min, max) => format!("{} to {}", number(min), number(max)),
        }
    }

    /// Whether `value` satisfies it.
    pub fn holds(&self, value: f64) -> bool {
        let low = if self.above { value > self.min } else { value >= self.min };
        let high = if self.below { value < self.max } else { value <= self.max };
        low && high
    }

    /// Whether nothing at all satisfies it: the amount asks for absence.
    pub fn is_absence(&self) -> bool {
        self.holds(0.0)
    }

    /// Reads an amount. A bare number means "at least", a bare `0` "none".
    pub fn parse(text: &str) -> Option<Amount> {
        let text = text.trim();
        if let Some((from, to)) = text.split_once("..") {
            return Some(Amount { min: quantity(from)?, max: quantity(to)?, above: false, below: false });
        }
        let (sign, rest) = match text.char_indices().find(|(_, c)| !matches!(c, '<' | '>' | '=')) {
            Some((at, _)) => text.split_at(at),
            None => return None,
        };
        let (rest, plus) = match rest.strip_suffix('+') {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let value = quantity(rest)?;
        let amount = match sign {
            "" if value == 0.0 && !plus => Amount { min: 0.0, max: 0.0, above: false, below: false },
            "" | ">=" => Amount::at_least(value),
            "=" | "==" => Amount { min: value, max: value, above: false, below: false },
            ">" => Amount { above: true, ..Amount::at_least(value) },
            "<" => Amount { min: f64::NEG_INFINITY, max: value, above: false, below: true },
            "<=" => Amount { min: f64::NEG_INFINITY, max: value, above: false, below: false },
            _ => return None,
        };
        Some(amount)
    }
}

/// What the unit of an amount measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// There is none.
    None,
    /// A part: `%`.
    Part,
    /// A rate: `/h`.
    Rate,
    /// A time.
    Time,
    /// A size in bytes.
    Size,
}

/// What the unit of an amount that can be read measures; of a range its end's.
pub fn unit(text: &str) -> Unit {
    let unit = text.trim().trim_end_matches('+').rsplit(|c: char| c.is_ascii_digit() || c == '.').next().unwrap_or_default();
    match unit.trim() {
        "" => Unit::None,
        "%" => Unit::Part,
        "/h" => Unit::Rate,
        "ms" => Unit::Time,
        unit if unit == "m" || unit.len() > 3 || unit.starts_with(['s', 'h', 'd', 'w']) || unit == "min" => Unit::Time,
        _ => Unit::Size,
    }
}

/// A number with an optional unit, in the base unit: seconds, bytes, or a part of 1 for `%`.
pub fn quantity(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '_')).unwrap_or(text.len());
    let number: f64 = text[..end].replace('_', "").parse().ok()?;
    let factor = match text[end..].trim() {
        "" | "/h" => 1.0,
        "%" => 0.01,
        "ms" => 0.001,
        "s" | "sec" | "second" | "seconds" => 1.0,
        "m" | "min" | "minute" | "minutes" => 60.0,
        "h" | "hour" | "hours" => 3600.0,
        "d" | "day" | "days" => 86_400.0,
        "w" | "week" | "weeks" => 604_800.0,
        "B" => 1.0,
        "kB" | "KB" | "kb" => 1e3,
        "MB" | "mb" => 1e6,
        "GB" | "gb" => 1e9,
        "TB" | "tb" => 1e12,
        "K" | "KiB" | "k" => 1024.0,
        "M" | "MiB" => 1024.0 * 1024.0,
        "G" | "GiB" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some(number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (text, yes, no) in [
            ("3+", 3.0, 2.0),
            ("3", 4.0, 2.0),
            ("=3", 3.0, 4.0),
            ("0", 0.0, 1.0),
            ("50%+", 0.5, 0.49),
            ("<10%", 0.05, 0.1),
            ("<=2", 2.0, 3.0),
            (">2", 3.0, 2.0),
            ("2..5", 5.0, 6.0),
            ("5m", 300.0, 299.0),
            ("20 MB", 2e7, 1e7),
        ] {
            let amount = Amount::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert!(amount.holds(yes), "{text} holds for {yes}");
            assert!(!amount.holds(no), "{text} does not hold for {no}");
        }
        for bad in ["", "many", "3 apples", "++", "<"] {
            assert_eq!(Amount::parse(bad), None, "{bad}");
        }
    }
}
