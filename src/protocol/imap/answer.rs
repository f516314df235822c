//! What answers are made of.

use super::capability::Enabled;
use super::name;
use crate::domain::mail::flag::Keywords;
use crate::format::mail::wire;
use crate::kernel::fault::{Fault, Refusal};

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
