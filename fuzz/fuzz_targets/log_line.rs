//! One log line: its envelope, its event, the words in it, and their mask.

#![no_main]

use libfuzzer_sys::fuzz_target;
use postdoc::evidence::maillog::envelope::{Clock, Line};
use postdoc::evidence::maillog::line::{Event, spoken};
use postdoc::evidence::text::strip_escapes;
use postdoc::time::Time;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let text = strip_escapes(&text);
    let clock = Clock { zone_offset: 3600, reference: Time::from_seconds(1_794_483_600) };
    if let Some(line) = Line::parse(&text, &clock) {
        for daemon in ["smtp", "smtpd", "qmgr", "cleanup", "bounce"] {
            let _ = Event::parse(daemon, line.message);
        }
    }
    let _ = spoken(&text);
});
