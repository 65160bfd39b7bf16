//! What a part of a line may be.

use regex::Regex;

/// What a part of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A mail address or message id.
    Address,
    /// A host or domain name.
    Host,
    /// Host names where nothing else can stand, in a list.
    Hosts,
    /// An IP address.
    Ip,
    /// An account, an address or a path component: a name in any case.
    Name,
    /// A word where a name may stand, unless it is an ordinary word.
    MaybeName,
    /// A person's or company's name in words.
    Person,
    /// Address header: names in words with addresses among them.
    People,
    /// Free text that people wrote.
    Text,
    /// Hexadecimal digits that name a machine.
    Hex,
    /// A public token that names a domain: a site verification, a public key.
    Token,
    /// Names in a list.
    Names,
    /// A name in words, among them ordinary ones that stay.
    MaybePerson,
    /// The name of a file that somebody gave it.
    File,
    /// The value of a field of a form, as URLs carry it.
    Form,
    /// Texts between single quotes: the rows of a database.
    Strings,
    /// Keys and values of a table that is written where it is used: `a = b, { c = d }`.
    Pairs,
    /// A number that names somebody: a telephone's.
    Digits,
    /// An encoded word of a header (RFC 2047).
    Encoded,
    /// A word with dots that is no host name by its ending.
    Dotted,
    /// Any other word.
    Word,
    /// A field of a log line.
    Field,
}

/// An expression by which parts are found.
pub(super) fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a valid pattern")
}
