//! What answers are made of.

use super::capability::Enabled;
use super::name;
use crate::domain::mail::flag::Keywords;
use crate::format::mail::wire;
use crate::kernel::clock::{Timestamp, civil_from_days};
use crate::kernel::fault::{Fault, Refusal};
use std::fmt::Write as _;

/// The name of a mailbox as a session reads it.
pub fn mailbox(name: &str, enabled: Enabled, out: &mut Vec<u8>) {
    match enabled.has_utf8_names() {
        // A quoted string may have UTF-8 there.
        true => {
            out.push(b'"');
            for octet in name.bytes() {
                if matches!(octet, b'"' | b'\\') {
                    out.push(b'\\');
                }
                out.push(octet);
            }
            out.push(b'"');
        }
        false => wire::string(name::encode(name).as_bytes(), out),
    }
}

/// A list of flags in parentheses.
pub fn flags(bits: i64, keywords: &Keywords) -> String {
    let names: Vec<&str> = keywords.names_of(bits).collect();
    format!("({})", names.join(" "))
}

/// A time in quotes (`date-time`), in UTC.
pub fn date_time(at: Timestamp) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (seconds, mut out) = (at.seconds(), String::new());
    let (year, month, day) = civil_from_days(seconds.div_euclid(86_400));
    let time = seconds.rem_euclid(86_400);
    let name = MONTHS.get((month - 1) as usize).copied().unwrap_or("Jan");
    // Writing to memory does not fail.
    let _ = write!(
        out,
        "\"{day:02}-{name}-{year:04} {:02}:{:02}:{:02} +0000\"",
        time / 3_600,
        time / 60 % 60,
        time % 60
    );
    out
}

/// How a command ends that the domain refused. The log has the whole of what the server did wrong.
pub fn refusal(fault: &Fault) -> String {
    match fault {
        Fault::Internal(why) => {
            tracing::error!("IMAP: {why}");
            "NO [SERVERBUG] the server failed; its log says why".to_owned()
        }
        Fault::NotFound => "NO [NONEXISTENT] there is no such mailbox".to_owned(),
        Fault::Denied { .. } => "NO [NOPERM] you have no right to do this".to_owned(),
        Fault::Refused(refusal) => {
            let code = match refusal {
                Refusal::QuotaExceeded => "[OVERQUOTA] ",
                Refusal::TooLarge { .. } => "[TOOBIG] ",
                Refusal::Exists => "[ALREADYEXISTS] ",
                Refusal::NoParent => "[TRYCREATE] ",
                Refusal::Flag(_) => "[LIMIT] ",
                _ => "[CANNOT] ",
            };
            format!("NO {code}{refusal}")
        }
        fault => format!("NO [UNAVAILABLE] {fault}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_of_fixed_width() {
        assert_eq!(date_time(Timestamp::from_seconds(0)), "\"01-Jan-1970 00:00:00 +0000\"");
        assert_eq!(date_time(Timestamp::from_seconds(-1)), "\"31-Dec-1969 23:59:59 +0000\"");
    }

    #[test]
    fn names_are_written_for_the_session() {
        let written = |enabled| {
            let mut out = Vec::new();
            mailbox("\u{fc} \"", enabled, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(Enabled::default()), "\"&APw- \\\"\"");
        assert_eq!(written(Enabled { utf8: true, ..Enabled::default() }), "\"\u{fc} \\\"\"");
    }
}
