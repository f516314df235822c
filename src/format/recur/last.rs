//! The last instance of a finite rule: by arithmetic or counting for COUNT, by halving for UNTIL.

use super::calendar::LAST;
use super::{Instances, Rule, Steps, TooMuchWork};
use crate::format::civil::Civil;

impl Rule {
    /// The last instance of a rule that has COUNT, or that `until` bounds (UNTIL as local time,
    /// inclusive); both bound it when both are there. `None` when neither is: the rule goes on
    /// for ever. A finite rule without any instance gives `start`, which is an instance of its
    /// component in any case (§3.8.5.3).
    ///
    /// # Errors
    /// [`TooMuchWork`] when the meter is used up.
    pub fn last(
        &self,
        start: Civil,
        date_only: bool,
        until: Option<Civil>,
        steps: &mut Steps,
    ) -> Result<Option<Civil>, TooMuchWork> {
        if self.count.is_none() && until.is_none() {
            return Ok(None);
        }
        let start = if date_only { Civil { second: 0, ..start } } else { start };
        let bound = until.unwrap_or(LAST).min(LAST);
        if let Some(count) = self.count {
            let mut walk = Instances::new(self, start, date_only, start, Some(bound), None);
            if walk.is_never() || !walk.place(walk.origin, steps)? {
                return Ok(Some(start));
            }
            if let Some(found) = walk.nth(count, steps)?.filter(|at| *at <= bound) {
                return Ok(Some(found));
            }
        }
        // COUNT, if any, does not bind: everything up to the bound belongs to the rule.
        self.last_until(start, date_only, bound, steps).map(|at| Some(at.unwrap_or(start)))
    }

    /// The last instance up to `high`. Whether one lies in the upper half is asked again and
    /// again; each asking seeks, and no stretch without instances is searched twice.
    fn last_until(
        &self,
        start: Civil,
        date_only: bool,
        bound: Civil,
        steps: &mut Steps,
    ) -> Result<Option<Civil>, TooMuchWork> {
        let mut first = |from: Civil, last: Civil| {
            Instances::new(self, start, date_only, from, Some(last), None).next(steps)
        };
        let Some(found) = first(start, bound)? else { return Ok(None) };
        let (mut low, mut high) = (found.seconds(), bound.seconds());
        while low < high {
            let middle = low + (high - low) / 2 + 1;
            match first(Civil::from_seconds(middle), Civil::from_seconds(high))? {
                Some(found) => low = found.seconds().max(middle),
                None => high = middle - 1,
            }
        }
        Ok(Some(Civil::from_seconds(low)))
    }
}

impl Instances<'_> {
    /// The nth instance of a walk that stands at its first one, counted from 1; `None` when the
    /// walk ends before it.
    fn nth(mut self, n: u64, steps: &mut Steps) -> Result<Option<Civil>, TooMuchWork> {
        let mut left = usize::try_from(n).unwrap_or(usize::MAX);
        if let Some(each) = self.uniform().filter(|each| *each > 0)
            && left > self.len - self.cursor
        {
            left -= self.len - self.cursor;
            let periods = i64::try_from((left - 1) / each).unwrap_or(i64::MAX);
            let room = (self.end - self.origin) / self.stride;
            if periods > room || !self.advance(steps)? {
                return Ok(None);
            }
            left -= (left - 1) / each * each;
            let at = self.period() + periods * self.stride;
            if periods > 0 && !self.place(at, steps)? {
                return Ok(None);
            }
        }
        while left > self.len - self.cursor {
            steps.take(1)?;
            left -= self.len - self.cursor;
            if !self.advance(steps)? {
                return Ok(None);
            }
        }
        Ok(Some(self.item(self.cursor + left - 1)))
    }
}
