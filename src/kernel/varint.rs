//! Whole numbers in as few octets as they need: seven bits each, the lowest first, the highest bit
//! set on all but the last.
//!
//! Invariant: what was appended is read back, number for number.

/// Appends a number.
pub fn append(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// The next number; none where the octets end.
pub fn next(octets: &mut std::slice::Iter<'_, u8>) -> Option<u64> {
    let (mut number, mut shift) = (0_u64, 0);
    loop {
        let octet = octets.next()?;
        number |= u64::from(octet & 0x7f).checked_shl(shift).unwrap_or(0);
        shift += 7;
        if octet & 0x80 == 0 {
            return Some(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back(numbers in proptest::collection::vec(any::<u64>(), 0..20)) {
            let mut out = Vec::new();
            numbers.iter().for_each(|number| append(&mut out, *number));
            let mut octets = out.iter();
            let back: Vec<u64> = std::iter::from_fn(|| next(&mut octets)).collect();
            prop_assert_eq!(back, numbers);
        }

        #[test]
        fn any_octets(bytes in any::<Vec<u8>>()) {
            let mut octets = bytes.iter();
            while next(&mut octets).is_some() {}
        }
    }
}
