//! The query of a URI (RFC 3986 §3.4): parameters as URI templates and forms write them
//! (RFC 6570 §3.2).

use crate::kernel::limits::QUERY_VALUE_MAX;

/// The query, without its question mark.
#[derive(Clone, Copy, Debug)]
pub struct Query<'q>(pub &'q str);

impl Query<'_> {
    /// Whether a parameter is there.
    pub fn has(&self, name: &str) -> bool {
        self.raw(name).next().is_some()
    }

    fn raw<'n>(&self, name: &'n str) -> impl Iterator<Item = &str> + use<'_, 'n> {
        let pairs = self.0.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.filter(move |pair| pair.0 == name).map(|pair| pair.1)
    }

    /// A parameter that may be there once.
    ///
    /// # Errors
    /// `wrong` when it is there twice or is not UTF-8.
    pub fn once<E>(&self, name: &str, wrong: E) -> Result<Option<String>, E> {
        let mut all = self.raw(name);
        let Some(first) = all.next() else { return Ok(None) };
        match (decoded(first, true), all.next()) {
            (Some(value), None) => Ok(Some(value)),
            _ => Err(wrong),
        }
    }
}

/// Resolves the escapes of a part of a URI; `None` for what is no text or too long. In a query a plus
/// stands for a blank.
pub fn decoded(text: &str, query: bool) -> Option<String> {
    let mut out = Vec::with_capacity(text.len().min(QUERY_VALUE_MAX));
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if out.len() >= QUERY_VALUE_MAX {
            return None;
        }
        out.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            b'+' if query => b' ',
            other => other,
        });
    }
    String::from_utf8(out).ok().filter(|text| !text.contains(|c: char| c.is_control()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters() {
        let query = Query("a=x%20y+z&b=1&b=2&c=%FF&d");
        assert_eq!(query.once("a", ()), Ok(Some("x y z".into())));
        assert_eq!(query.once("b", ()), Err(()));
        assert_eq!(query.once("c", ()), Err(()));
        assert_eq!(query.once("d", ()), Ok(Some(String::new())));
        assert_eq!(query.once("e", ()), Ok(None));
        assert!(query.has("d") && !query.has("e"));
        assert_eq!(decoded(&"x".repeat(QUERY_VALUE_MAX + 1), false), None);
    }
}
