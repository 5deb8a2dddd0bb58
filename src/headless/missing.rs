//! Which problems make an output incomplete, and which may pass. Words are made elsewhere.

use crate::engine::ErrorKind;
use crate::model::section::Problem;

/// Whether the same question may be answered another time: the engine was too slow, its answer did not come through, or it failed.
pub(super) fn may_pass(problem: &Problem) -> bool {
    is_one_of(problem, &[ErrorKind::TooSlow, ErrorKind::CutOff, ErrorKind::NotAnEngine, ErrorKind::Engine])
}

/// Whether the engine was too slow for it.
pub(super) fn is_slow(problem: &Problem) -> bool {
    is_one_of(problem, &[ErrorKind::TooSlow])
}

/// Whether asking again is of no use with this login at this engine: it may not see it, or there is none. An output that lacks it is as complete as
/// it can be, and says what it lacks.
pub(super) fn is_for_good(problem: &Problem) -> bool {
    is_one_of(problem, &[ErrorKind::Forbidden, ErrorKind::Unsupported, ErrorKind::NotFound])
}

fn is_one_of(problem: &Problem, kinds: &[ErrorKind]) -> bool {
    kinds.iter().any(|kind| kind.label() == problem.label)
}
