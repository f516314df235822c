//! What a room or a thing does with invitations by itself. The words are those of Apple's calendar
//! server, but for the last.

/// What a resource does with an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing: whoever manages it answers.
    None,
    /// It accepts, even if it is taken then: what is booked is not counted.
    AcceptAlways,
    /// It declines.
    DeclineAlways,
    /// It accepts if it is free; else whoever manages it answers.
    AcceptIfFree,
    /// It declines if it is taken; else whoever manages it answers.
    DeclineIfBusy,
    /// It accepts if it is free, and else declines.
    Automatic,
    /// It answers that it may come if it is free, until whoever manages it decides, and else declines.
    Tentative,
}

/// Mode, its number in the store, its word. The numbers are stored; never reuse one.
static MODES: [(Mode, i64, &str); 7] = [
    (Mode::None, 1, "none"),
    (Mode::AcceptAlways, 2, "accept-always"),
    (Mode::DeclineAlways, 3, "decline-always"),
    (Mode::AcceptIfFree, 4, "accept-if-free"),
    (Mode::DeclineIfBusy, 5, "decline-if-busy"),
    (Mode::Automatic, 6, "automatic"),
    (Mode::Tentative, 7, "tentative"),
];

impl Mode {
    /// The mode of a number of the store; none: it is no resource's.
    pub fn from_number(number: i64) -> Option<Self> {
        MODES.iter().find(|row| row.1 == number).map(|row| row.0)
    }

    /// From its word.
    ///
    /// # Errors
    /// Which words there are.
    pub fn from_word(word: &str) -> Result<Self, String> {
        let found = MODES.iter().find(|row| row.2.eq_ignore_ascii_case(word));
        let words: Vec<&str> = MODES.iter().map(|row| row.2).collect();
        found.map(|row| row.0).ok_or_else(|| format!("one of {}", words.join(", ")))
    }

    fn row(self) -> &'static (Self, i64, &'static str) {
        MODES.iter().find(|row| row.0 == self).unwrap_or(&MODES[0])
    }

    /// The number in the store.
    pub fn number(self) -> i64 {
        self.row().1
    }

    /// The word.
    pub fn word(self) -> &'static str {
        self.row().2
    }

    /// Whether it has to know whether the time is free.
    pub fn asks_whether_free(self) -> bool {
        !matches!(self, Self::None | Self::AcceptAlways | Self::DeclineAlways)
    }

    /// Whether no two meetings can have it at once.
    pub fn is_exclusive(self) -> bool {
        self != Self::AcceptAlways
    }
}
