//! Letters, as people send them with a bundle: who signs one is named below its end, where nothing else tells that it is a name.

use super::Redactor;
use super::part::{Part, regex};
use regex::Regex;
use std::sync::LazyLock;

/// Where in a letter the next line is.
#[derive(Debug, Default)]
pub(super) struct Letter {
    /// Lines that may still belong to the signature.
    left: usize,
}

impl Letter {
    /// Lines of a signature behind `-- `, and behind a closing formula: a name, and a firm's.
    const BELOW_DASHES: usize = 4;
    const BELOW_FORMULA: usize = 2;

    /// The name that `line` is, if it signs the letter.
    fn name<'l>(&mut self, line: &'l str) -> Option<&'l str> {
        static FORMULA: LazyLock<Regex> = LazyLock::new(|| {
            regex(
                r"(?i)^(?:> ?)*(?:(?:best|kind|warm|many|with kind) (?:regards|wishes|thanks)|regards|best|cheers|thanks(?: in advance| a lot)?|thank you|sincerely|yours(?: sincerely| faithfully)?|(?:mit )?(?:besten|freundlichen|herzlichen|lieben|vielen) (?:grü(?:ß|ss)en?|dank)|(?:viele|liebe|beste|herzliche|freundliche|schöne) grü(?:ß|ss)e|gru(?:ß|ss)|danke(?: und gru(?:ß|ss))?|vielen dank|hochachtungsvoll|mfg|lg|vg|cordialement|bien à vous|saludos|cordiali saluti|met vriendelijke groeten?)[,.! ]*$",
            )
        });
        // One to four words, of which each begins as names do.
        static NAME: LazyLock<Regex> = LazyLock::new(|| {
            regex(
                r"^(?:> ?)*\s*(?P<n>(?:(?:Dr|Prof|Dipl|Ing|Mag)\.[ -]?)*(?:\p{Lu}\.[ -]?){0,2}\p{Lu}[\p{L}'’.-]+(?: (?:v[ao]n |de[rn]? |& )*(?:\p{Lu}\.|\p{Lu}[\p{L}'’.-]+)){0,4}),?\s*$",
            )
        });
        let bare = line.trim_start_matches(['>', ' ', '\t']).trim_end();
        if bare == "--" {
            self.left = Self::BELOW_DASHES;
        } else if FORMULA.is_match(line) {
            self.left = Self::BELOW_FORMULA;
        } else if self.left > 0 && !bare.is_empty() {
            self.left -= 1;
            let found = NAME.captures(line).and_then(|found| found.name("n"));
            // What follows something else is no signature any more.
            if found.is_none() {
                self.left = 0;
            }
            return found.map(|name| name.as_str());
        }
        None
    }
}

impl Redactor<'_> {
    /// Learns who signs the letter that `line` is the next line of.
    pub(super) fn learn_signature(&mut self, letter: &mut Letter, line: &str) {
        if let Some(name) = letter.name(line) {
            self.learn_part(Part::MaybePerson, name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_signs_is_named_below_the_end() {
        let names = |text: &str| {
            let mut letter = Letter::default();
            text.lines().filter_map(|line| letter.name(line)).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(
            names("Hi\n\n-- \nMaria Krautwurst\nKrautwurst & Söhne GmbH\nTel. 1\nNobody Else\n"),
            ["Maria Krautwurst", "Krautwurst & Söhne GmbH"]
        );
        assert_eq!(names("Es geht nicht.\n\nMit freundlichen Grüßen\n\nDr. M. Krautwurst\n"), ["Dr. M. Krautwurst"]);
        assert_eq!(names("> Thanks!\n> Maria\n"), ["Maria"]);
        assert_eq!(names("Thanks\nthe queue is still growing\nMaria\n"), [""; 0]);
        assert_eq!(names("regards the queue\nMaria Krautwurst\n"), [""; 0]);
    }
}
