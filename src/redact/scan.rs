//! Finds what may be personal in a line of evidence: addresses, host names and IP addresses by their shape, bare names by
//! what stands before them.

use super::part::Part;
use super::{contexts, shapes};
use crate::sieve::Sieve;
use std::ops::Range;

/// Calls `visit` with every part of `text`, in order; parts do not overlap. `kind` is the kind of evidence of the file.
pub(super) fn parts(sieve: &Sieve, kind: Option<&str>, text: &str, visit: &mut dyn FnMut(Part, Range<usize>)) {
    let mut at = 0;
    for (start, (end, part)) in contexts::named(sieve, kind, text) {
        shapes::each(text, at..start, visit);
        at = end;
        visit(part, start..end);
    }
    shapes::each(text, at..text.len(), visit);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(kind: Option<&str>, text: &str) -> Vec<(Part, String)> {
        let mut list = Vec::new();
        parts(&Sieve::default(), kind, text, &mut |part, range| {
            if part != Part::Word && part != Part::Dotted {
                list.push((part, text[range].to_owned()));
            }
        });
        list
    }

    #[test]
    fn parts_are_found_by_shape_and_by_what_stands_before_them() {
        let line = "Nov 12 10:00:00 vps17 postfix/smtp[1]: 0CE5562: to=<\"a b\"@acme.example>, relay=mx.acme.example[2001:db8::1]:25, delay=0.1, status=sent (250 ok)";
        assert_eq!(
            found(None, line),
            [
                (Part::Host, "vps17".to_owned()),
                (Part::Address, "\"a b\"@acme.example".to_owned()),
                (Part::Host, "mx.acme.example".to_owned()),
                (Part::Ip, "2001:db8::1".to_owned()),
            ]
        );
        assert_eq!(found(None, "sasl_method=PLAIN, sasl_username=maria"), [(Part::Name, "maria".to_owned())]);
        for nothing in [
            "fatal: open /etc/postfix/main.cf, line 5: refused.It is postfix@-.service at 11:40:00",
            "Mail::SpamAssassin::Bayes version 3.4.6 delays=0.1/0/30/0, dsn=4.4.1 postfix/smtpd[12]",
        ] {
            assert_eq!(found(None, nothing), []);
        }
        assert_eq!(found(None, "[IPv6:2001:db8::1]: x")[0].1, "2001:db8::1");
        assert_eq!(found(None, "bounce+maria=40acme.de x")[0].0, Part::Address);
    }
}
