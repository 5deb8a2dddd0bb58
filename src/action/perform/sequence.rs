//! In which order the requests of a plan may go out, and which of them must not, once another one did not do what it was to do. Pure.
//!
//! A plan lists its requests in an order that leaves less running than intended wherever it breaks off. This holds only if a request that
//! wakes something is held back when what shields others from it was not confirmed, and if what protects them goes out all the same. So
//! every request has a part to play, and from the parts follows what it waits for.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use crate::action::plan::Step;
use crate::engine::Change;
use crate::model::ids::JobId;

/// What a request is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What was asked for.
    Main,
    /// Goes before it, and must have been done.
    Before,
    /// One more of what was asked for, once the main one was done.
    More,
    /// Puts back under suspension what the main one may have woken. It goes out whatever became of that, even if the action is stopped.
    Guard,
    /// Puts a due date back where it was, once its job is known to be suspended.
    Restore,
}

/// What a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// The other one was answered, or will never be sent.
    Over,
    /// The engine said that it did the other one.
    Done,
    /// It is certain what became of the other one.
    Certain,
}

/// How far a request is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stand {
    /// It was not sent.
    #[default]
    Unsent,
    /// It is under way.
    Sending,
    /// The engine said that it did it.
    Done,
    /// It was not done: refused, or nothing went out.
    NotDone,
    /// Nobody knows.
    Unknown,
    /// It will never be sent.
    Dropped,
}

/// The requests of a plan with what each waits for.
#[derive(Clone, Debug)]
pub struct Sequence {
    parts: Vec<Part>,
    needs: Vec<Vec<(usize, Need)>>,
    /// What a request goes before; empty but for those that go before another one.
    serves: Vec<Vec<usize>>,
    /// By main request, what is one more of it.
    more: HashMap<usize, Vec<usize>>,
    stands: Vec<Stand>,
    /// What was not sent, in the order in which it goes out.
    order: Vec<usize>,
    /// Main requests of each target.
    mains: HashMap<usize, usize>,
    /// What was dropped since it was last asked.
    dropped: Vec<usize>,
    /// Some requests protect what may be awake.
    guards: bool,
    /// Something was not done since it was last looked for what depends on it.
    disturbed: bool,
    stopped: bool,
}

/// Whether a request may go out now.
enum Turn {
    Now,
    Later,
    Never,
}

impl Sequence {
    /// The requests of these steps; those of the targets in `first` go before all others.
    pub fn new(steps: &[Step], first: &HashSet<usize>) -> Self {
        let (parts, mains) = parts(steps);
        let asides = Asides::of(steps, &parts);
        let needs: Vec<_> = (0..steps.len()).map(|at| needs(steps, &parts, &mains, &asides, at)).collect();
        let served = |at: usize| steps[at].targets.iter().filter_map(|target| mains.get(target).copied()).filter(|main| *main != at).collect();
        let serves = (0..steps.len()).map(|at| if parts[at] == Part::Before { served(at) } else { Vec::new() }).collect();
        let mut more: HashMap<usize, Vec<usize>> = HashMap::new();
        for at in (0..steps.len()).filter(|at| parts[*at] == Part::More) {
            needs[at].iter().for_each(|(main, _)| more.entry(*main).or_default().push(at));
        }
        let is_first = |at: usize| steps[at].targets.iter().all(|target| first.contains(target));
        let mut order: Vec<usize> = (0..steps.len()).collect();
        order.sort_by_key(|at| !is_first(*at));
        let stands = vec![Stand::Unsent; steps.len()];
        let guards = parts.contains(&Part::Guard);
        Self { parts, needs, serves, more, stands, order, mains, dropped: Vec::new(), guards, disturbed: false, stopped: false }
    }

    /// Requests that are not needed any more, before anything was sent.
    pub fn leave_out(&mut self, steps: &HashSet<usize>) {
        steps.iter().for_each(|at| self.stands[*at] = Stand::Dropped);
        self.order.retain(|at| !steps.contains(at));
    }

    /// What was not sent, in the order in which it goes out.
    pub fn ahead(&self) -> &[usize] {
        &self.order
    }

    /// The request that decides what became of a target.
    pub fn main_of(&self, target: usize) -> Option<usize> {
        self.mains.get(&target).copied()
    }

    /// What a request is there for.
    pub fn part(&self, step: usize) -> Part {
        self.parts[step]
    }

    /// How far a request is.
    pub fn stand(&self, step: usize) -> Stand {
        self.stands[step]
    }

    /// What is one more of what a main request asks for.
    pub fn more_of(&self, main: usize) -> &[usize] {
        self.more.get(&main).map_or(&[], Vec::as_slice)
    }

    /// A request that was let go was held back before anything went out: it is sent later, or never.
    pub fn held_back(&mut self, step: usize) {
        if self.stopped && !self.protects(step) {
            self.drop_step(step);
            // What would have protected from it is needed no more.
            self.stop();
        } else {
            self.stands[step] = Stand::Unsent;
            if !self.order.contains(&step) {
                self.order.insert(0, step);
            }
        }
    }

    /// Whether a request protects what must not run, so that neither a pause nor a stop holds it back.
    pub fn protects(&self, step: usize) -> bool {
        matches!(self.parts[step], Part::Guard | Part::Restore)
    }

    /// Notes how far a request is.
    pub fn note(&mut self, step: usize, stand: Stand) {
        self.stands[step] = stand;
        self.disturbed |= !matches!(stand, Stand::Sending | Stand::Done);
    }

    /// Sends no more of what was asked for. What protects others goes on.
    pub fn stop(&mut self) {
        self.stopped = true;
        for at in 0..self.stands.len() {
            let begun = self.is_begun(at);
            let unsent = self.stands[at] == Stand::Unsent;
            if unsent && !(begun && self.protects(at)) {
                self.drop_step(at);
            }
        }
        self.forget_sent();
    }

    fn drop_step(&mut self, at: usize) {
        self.stands[at] = Stand::Dropped;
        self.dropped.push(at);
    }

    /// The requests that were found to be never sent since it was last asked.
    pub fn take_dropped(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.dropped)
    }

    /// Sends nothing at all any more.
    pub fn abandon(&mut self) {
        self.stopped = true;
        for at in 0..self.stands.len() {
            if self.stands[at] == Stand::Unsent {
                self.drop_step(at);
            }
        }
        self.order.clear();
    }

    /// Whether anything it protects from was sent.
    fn is_begun(&self, at: usize) -> bool {
        self.needs[at].iter().any(|(other, _)| !matches!(self.stands[*other], Stand::Unsent | Stand::Dropped) || self.is_begun(*other))
    }

    /// The next request that may go out, and which can never: those are dropped here. With `protecting`, only of those that protect.
    pub fn next(&mut self, protecting: bool) -> Option<usize> {
        self.drop_hopeless();
        let ready = |at: &usize| matches!(self.turn(*at), Turn::Now);
        let wanted = |at: &usize| !protecting || self.protects(*at);
        let ahead = || self.order.iter().copied().filter(|at| self.stands[*at] == Stand::Unsent).take(LOOK_AHEAD).filter(wanted).filter(ready);
        // What may be awake goes before what only waits for its turn.
        let guard = if self.guards { ahead().find(|at| self.parts[*at] == Part::Guard) } else { None };
        guard.or_else(|| ahead().next())
    }

    fn drop_hopeless(&mut self) {
        while std::mem::take(&mut self.disturbed) {
            let hopeless = |at: &usize| self.stands[*at] == Stand::Unsent && matches!(self.turn(*at), Turn::Never);
            let found: Vec<usize> = self.order.iter().copied().filter(hopeless).collect();
            // What is dropped may be what others waited for.
            self.disturbed = !found.is_empty();
            found.into_iter().for_each(|at| self.drop_step(at));
        }
        self.forget_sent();
    }

    /// Only what is at the head is forgotten, which keeps this cheap for thousands.
    fn forget_sent(&mut self) {
        let gone = self.order.iter().take_while(|at| self.stands[**at] != Stand::Unsent).count();
        self.order.drain(..gone);
    }

    fn turn(&self, at: usize) -> Turn {
        // What goes before something that will never be sent would change the engine for nothing.
        if !self.serves[at].is_empty() && self.serves[at].iter().all(|main| self.stands[*main] == Stand::Dropped) {
            return Turn::Never;
        }
        let mut turn = Turn::Now;
        for (other, need) in &self.needs[at] {
            match (need, self.stands[*other]) {
                (_, Stand::Unsent | Stand::Sending) => turn = Turn::Later,
                (Need::Over, _) | (_, Stand::Done) | (Need::Certain, Stand::NotDone | Stand::Dropped) => {}
                (Need::Done, _) | (Need::Certain, Stand::Unknown) => return Turn::Never,
            }
        }
        turn
    }

    /// Whether everything that will ever be sent was sent and answered.
    pub fn is_over(&self) -> bool {
        self.order.iter().all(|at| !matches!(self.stands[*at], Stand::Unsent | Stand::Sending)) && !self.stands.contains(&Stand::Sending)
    }

    /// Whether nothing more will be begun.
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }
}

/// How far ahead of the first unsent request another one is looked for that need not wait.
const LOOK_AHEAD: usize = 2_000;

/// The part of each request, and the main request of each target.
fn parts(steps: &[Step]) -> (Vec<Part>, HashMap<usize, usize>) {
    let mut of_target: HashMap<usize, Vec<usize>> = HashMap::new();
    for (at, step) in steps.iter().enumerate() {
        for target in &step.targets {
            of_target.entry(*target).or_default().push(at);
        }
    }
    let mut parts = vec![Part::Main; steps.len()];
    let mut mains = HashMap::new();
    for (target, own) in of_target {
        let aside = |at: &&usize| matches!(steps[**at].change, Change::JobDueDate { .. } | Change::JobSuspension { .. });
        // Where a job alone is put back, its due date decides: it goes out last.
        let main = own.iter().find(|at| !aside(at)).or(own.last()).copied().unwrap_or_default();
        mains.insert(target, main);
        for at in own.into_iter().filter(|at| *at != main) {
            parts[at] = match steps[at].change {
                Change::JobSuspension { suspended: true, .. } if at > main => Part::Guard,
                Change::JobDueDate { .. } if at > main => Part::Restore,
                _ if at > main => Part::More,
                _ => Part::Before,
            };
        }
    }
    (parts, mains)
}

/// The requests beside the main ones, found by what they are about.
struct Asides<'a> {
    /// What goes before, by its target.
    before: HashMap<usize, Vec<usize>>,
    /// What moves a due date or suspends, by its job.
    of_job: HashMap<&'a JobId, Vec<usize>>,
}

impl<'a> Asides<'a> {
    fn of(steps: &'a [Step], parts: &[Part]) -> Self {
        let mut asides = Self { before: HashMap::new(), of_job: HashMap::new() };
        for (at, step) in steps.iter().enumerate() {
            if parts[at] == Part::Before {
                step.targets.iter().for_each(|target| asides.before.entry(*target).or_default().push(at));
            }
            if let Some(job) = job(&step.change).filter(|_| parts[at] != Part::Main) {
                asides.of_job.entry(job).or_default().push(at);
            }
        }
        asides
    }
}

fn needs(steps: &[Step], parts: &[Part], mains: &HashMap<usize, usize>, asides: &Asides<'_>, at: usize) -> Vec<(usize, Need)> {
    let targets = &steps[at].targets;
    let own_mains: HashSet<usize> = targets.iter().filter_map(|target| mains.get(target).copied()).filter(|main| *main != at).collect();
    let main = |need| own_mains.iter().map(move |main| (*main, need));
    // Two requests about one job are never under way together: the later one could arrive first.
    let same_job = |part, need| {
        let all = job(&steps[at].change).and_then(|job| asides.of_job.get(job)).map_or(&[][..], Vec::as_slice);
        all.iter().copied().filter(move |other| *other < at && parts[*other] == part).map(move |other| (other, need))
    };
    match parts[at] {
        Part::Before => Vec::new(),
        Part::More => main(Need::Done).collect(),
        Part::Guard => main(Need::Over).chain(same_job(Part::Before, Need::Over)).collect(),
        Part::Restore => main(Need::Certain).chain(same_job(Part::Before, Need::Over)).chain(same_job(Part::Guard, Need::Done)).collect(),
        Part::Main => {
            let mut before: Vec<usize> = targets.iter().filter_map(|target| asides.before.get(target)).flatten().copied().filter(|other| *other < at).collect();
            before.sort_unstable();
            before.dedup();
            before.into_iter().map(|other| (other, Need::Done)).collect()
        }
    }
}

fn job(change: &Change) -> Option<&JobId> {
    match change {
        Change::JobDueDate { job, .. } | Change::JobSuspension { job, .. } => Some(job),
        _ => None,
    }
}
