//! The times of one period: every combination of some hours, minutes and seconds, addressed by
//! number so that they are never listed.

/// A set of numbers 0 to 63.
pub type Bits = u64;
/// Every number.
pub const ALL: Bits = u64::MAX;

/// The set of a list, or `absent` for an empty one.
pub fn bits(list: &[u8], absent: Bits) -> Bits {
    if list.is_empty() {
        return absent;
    }
    list.iter().filter(|n| **n < 64).fold(0, |set, n| set | 1 << n)
}

/// The set of one number, 0 to 63.
pub fn bit(n: i64) -> Bits {
    1 << n.rem_euclid(64)
}

/// Whether the set holds `n`, 0 to 63.
pub fn has(set: Bits, n: i64) -> bool {
    set & bit(n) != 0
}

/// The first member after `n` (-1 to 62).
pub fn after(set: Bits, n: i64) -> Option<i64> {
    let rest = set & !(bit(n + 1) - 1);
    (rest != 0).then(|| i64::from(rest.trailing_zeros()))
}

/// The member with number `n`, counted from 0; the last one when there are fewer.
fn nth(mut set: Bits, n: usize) -> i64 {
    for _ in 0..n {
        let rest = set & set.wrapping_sub(1);
        if rest == 0 {
            break;
        }
        set = rest;
    }
    i64::from(set.trailing_zeros())
}

/// Hours, minutes and seconds, none of them empty.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// 0 to 23.
    pub hours: Bits,
    /// 0 to 59.
    pub minutes: Bits,
    /// 0 to 59.
    pub seconds: Bits,
}

impl Times {
    /// How many times there are: at most 86 400.
    pub fn len(self) -> usize {
        let ones = |set: Bits| set.count_ones() as usize;
        ones(self.hours) * ones(self.minutes) * ones(self.seconds)
    }

    /// The time with number `i`, counted from 0 in order, in seconds.
    pub fn offset(self, i: usize) -> i64 {
        let (mut h, mut m, mut s) = (0, 0, 0);
        if i > 0 {
            let minutes = (self.minutes.count_ones() as usize).max(1);
            let seconds = (self.seconds.count_ones() as usize).max(1);
            (h, m, s) = (i / seconds / minutes, i / seconds % minutes, i % seconds);
        }
        nth(self.hours, h) * 3_600 + nth(self.minutes, m) * 60 + nth(self.seconds, s)
    }
}
