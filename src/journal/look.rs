//! What a note is about that somebody has to look at, so that the same thing told twice is one: in another zone, or with another count.

use std::borrow::Borrow;

use super::{Exact, LOOK};

/// How such a note begins that is about one job; its id follows, then a colon.
const OF_JOB: &str = "LOOK AT job ";

/// What a note is about, and what it says of that in its first clause, without anything that has a figure in it: times and counts differ from one
/// telling to the next. None where nobody has to look at anything.
pub fn subject(words: &str) -> Option<(String, String)> {
    let (about, said) = match words.strip_prefix(OF_JOB) {
        Some(rest) => rest.split_once(": ").unwrap_or((rest, "")),
        None => ("", words.strip_prefix(LOOK)?.trim_start_matches([':', ' '])),
    };
    let clause = said.split([',', ';', ':']).next().unwrap_or_default();
    let plain: Vec<&str> = clause.split_whitespace().filter(|word| !word.contains(|sign: char| sign.is_ascii_digit())).collect();
    Some((about.to_owned(), plain.join(" ")))
}

/// Adds a note to those that are told: it takes the place of one that says the same of the same thing.
pub(super) fn add<T: Borrow<Exact>>(looks: &mut Vec<T>, words: T) {
    let own = subject(words.borrow().as_wire());
    match looks.iter_mut().find(|known| subject((**known).borrow().as_wire()) == own) {
        Some(known) => *known = words,
        None => looks.push(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_told_in_another_zone_or_with_another_count_is_one() {
        let old = "its old due date, at once (it had none), was not put back";
        for (one, another) in [
            (
                format!("LOOK AT job 7f-1: it stays due 2027-03-01 12:00:00+00:00; {old}"),
                format!("LOOK AT job 7f-1: it stays due 2027-03-01 13:00:00+01:00; {old}"),
            ),
            (
                "LOOK: 2 jobs that were to stay as they were have another due date: a is due 2027-03-01 12:00:00+00:00".to_owned(),
                "LOOK: 3 jobs that were to stay as they were have another due date: a is due 2027-03-01 13:00:00+01:00".to_owned(),
            ),
        ] {
            assert_eq!(subject(&one), subject(&another));
            let mut looks = Vec::new();
            add(&mut looks, Exact::from(one.as_str()));
            add(&mut looks, Exact::from(another.as_str()));
            assert_eq!(looks, [Exact::from(another.as_str())], "the newest is told");
        }
    }

    #[test]
    fn another_job_and_another_trouble_of_one_job_are_another() {
        let all = [
            "LOOK AT job 7f-1: it stays due 2027-03-01 12:00:00+00:00; its old due date was not put back",
            "LOOK AT job 7f-2: it stays due 2027-03-01 12:00:00+00:00; its old due date was not put back",
            "LOOK AT job 7f-1: it may be awake, it was not suspended again",
            "LOOK: of 3 jobs that were to stay suspended, 2 are, 0 are gone, these are awake: a",
            "LOOK: it could not be read whether what was to stay suspended is",
        ];
        let mut looks = Vec::new();
        all.iter().for_each(|words| add(&mut looks, Exact::from(*words)));
        assert_eq!(looks.len(), all.len());
        assert_eq!(subject("the first few did well"), None);
    }
}
