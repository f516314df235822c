//! The word that a mistyped one probably means.

/// The candidate with the fewest typing mistakes, if they are few; a name without its table is
/// no mistake at all.
pub fn nearest_of<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name: String = name.chars().take(100).collect();
    let last = |full: &str| full.rsplit('.').next().unwrap_or(full).to_owned();
    candidates
        .map(|candidate| {
            let whole = mistakes(&name, candidate);
            let part = mistakes(&last(&name), &last(candidate)).saturating_add(1);
            (whole.min(part), candidate)
        })
        .min_by_key(|(count, _)| *count)
        .filter(|(count, _)| *count <= 1 + name.len() / 4)
        .map(|(_, candidate)| candidate)
}

/// Letters to insert, drop or change to make one word of the other (Levenshtein).
fn mistakes(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for ((to, above), diagonal) in b.iter().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or(0);
            let change = diagonal + usize::from(from != *to);
            next.push(change.min(left + 1).min(above + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
