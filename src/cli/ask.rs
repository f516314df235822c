//! Passwords and consent from whoever runs the command.
//!
//! Invariant: a password is never an argument, since other users of the machine can read those,
//! and is never shown while it is typed.

use super::Failure;
use crate::kernel::limits::PASSWORD_MAX;
use crate::kernel::secret::{Secret, readable_password};
use clap::Args;
use std::io::{IsTerminal, Read};

/// Where a password comes from; without any of them it is asked for.
#[derive(Clone, Copy, Debug, Args)]
#[group(multiple = false)]
pub struct PasswordFrom {
    /// Read the password from standard input, one line
    #[arg(long)]
    pub password_stdin: bool,
    /// Make a password and show it once
    #[arg(long)]
    pub generate: bool,
}

/// A password, and whether its owner does not know it yet.
#[derive(Clone, Debug)]
pub struct Given {
    /// The password.
    pub secret: Secret,
    /// Whether it was made here and must be shown.
    pub made: bool,
}

impl Given {
    /// A new one.
    pub fn made() -> Self {
        Self { secret: Secret::new(readable_password()), made: true }
    }

    /// What is to be shown of it.
    pub fn shown(&self) -> Option<String> {
        self.made.then(|| self.secret.expose().to_owned())
    }
}

impl PasswordFrom {
    /// Gets the password.
    ///
    /// # Errors
    /// [`Failure::Usage`] when there is nobody to ask; [`Failure::Failed`].
    pub fn get(self, whose: &str) -> Result<Given, Failure> {
        if self.generate {
            return Ok(Given::made());
        }
        let secret = match self.password_stdin {
            true => from_stdin()?,
            false => typed_twice(whose)?,
        };
        Ok(Given { secret, made: false })
    }
}

fn from_stdin() -> Result<Secret, Failure> {
    let mut text = String::new();
    // One octet more than fits, and a line's end, so that what is too long is seen to be.
    let most = PASSWORD_MAX as u64 + 3;
    let read = std::io::stdin().lock().take(most).read_to_string(&mut text);
    read.map_err(|e| Failure::Failed(format!("cannot read the password: {e}")))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    match line.contains(['\n', '\r', '\0']) {
        true => Err(Failure::Failed("the password must be one line".into())),
        false => Ok(Secret::new(line)),
    }
}

fn typed_twice(whose: &str) -> Result<Secret, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::Usage(
            "there is no terminal to ask for the password: give --password-stdin or --generate"
                .into(),
        ));
    }
    let ask = |prompt: String| {
        let typed = rpassword::prompt_password(prompt);
        typed.map_err(|e| Failure::Failed(format!("cannot read the password: {e}")))
    };
    let first = ask(format!("Password for {whose}: "))?;
    match ask("The same again: ".into())? == first {
        true => Ok(Secret::new(first)),
        false => Err(Failure::Failed("the two passwords differ: nothing was done".into())),
    }
}

/// Asks for consent after saying what would happen.
///
/// # Errors
/// [`Failure::Failed`] without consent, or without a terminal to ask on.
pub fn consent(what: &str) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::Failed(format!("{what}\nNothing was done: add --yes to do it")));
    }
    eprint!("{what}\nType \"yes\" to do it: ");
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    read.map_err(|e| Failure::Failed(format!("cannot read the answer: {e}")))?;
    match answer.trim().eq_ignore_ascii_case("yes") {
        true => Ok(()),
        false => Err(Failure::Failed("nothing was done".into())),
    }
}
