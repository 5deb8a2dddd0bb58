//! Looks after the background task: starts it again should it fall, and keeps for it what the operator has settled.
//!
//! A fault of ours must show on the screen rather than leave an old picture standing, and must not make the operator repeat anything.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};

use super::command::{Looking, PollCommand};
use crate::engine::Client;
use crate::model::freshness::Presence;
use crate::model::section::Problem;
use crate::model::snapshot::{Link, Snapshot};

/// A fallen task is started again after this long.
const RESTART: Duration = Duration::from_secs(5);

/// Where wishes arrive, and what of them holds beyond the life of one task.
#[derive(Debug)]
pub struct Desk {
    arriving: mpsc::UnboundedReceiver<PollCommand>,
    waiting: VecDeque<PollCommand>,
    /// The rows on the screen.
    pub looking: Looking,
    /// Whether background polling is stopped.
    pub paused: bool,
    /// Whether somebody looks.
    pub presence: Presence,
    /// The login given last, and the client made from it.
    pub login: Option<(String, Client)>,
}

impl Desk {
    /// A desk where wishes arrive by this channel.
    pub fn new(arriving: mpsc::UnboundedReceiver<PollCommand>) -> Self {
        Self { arriving, waiting: VecDeque::new(), looking: Looking::default(), paused: false, presence: Presence::default(), login: None }
    }

    /// The next wish; none once nobody is left to wish for anything. Loses nothing when dropped.
    pub async fn next(&mut self) -> Option<PollCommand> {
        match self.waiting.pop_front() {
            Some(wish) => Some(wish),
            None => self.arriving.recv().await,
        }
    }

    /// Collects wishes until then; false if nobody is left.
    async fn collect(&mut self, until: Instant) -> bool {
        while let Ok(wish) = timeout_at(until, self.arriving.recv()).await {
            match wish {
                Some(wish) => self.waiting.push_back(wish),
                None => return false,
            }
        }
        true
    }
}

/// Lives one life of the task after the other, until one ends by itself or nobody is left.
pub async fn supervise<F>(mut desk: Desk, publish: &watch::Sender<Arc<Snapshot>>, mut live: F)
where
    F: for<'a> FnMut(&'a mut Desk) -> BoxFuture<'a, ()>,
{
    loop {
        let Err(fault) = AssertUnwindSafe(live(&mut desk)).catch_unwind().await else { return };
        let what = words(fault.as_ref());
        tracing::error!(fault = what, "the background task fell");
        let problem = Problem {
            label: "poller fell",
            what: format!("the background task ended by a fault of bpmtop: {}", crate::text::safe(&what)),
            remedy: "it is being started again; please report the log".to_owned(),
        };
        publish.send_modify(|snapshot| {
            let mut last = Snapshot::clone(snapshot);
            last.sequence += 1;
            last.link = Link::PollerFailed { problem };
            *snapshot = Arc::new(last);
        });
        if !desk.collect(Instant::now() + RESTART).await {
            return;
        }
    }
}

fn words(fault: &(dyn Any + Send)) -> String {
    let text = fault.downcast_ref::<&str>().map(ToString::to_string).or_else(|| fault.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "unknown fault".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::section::Moment;
    use crate::model::snapshot::EngineIdentity;

    /// Lives so that the first life falls after its first wish and later ones tell which wishes they got.
    async fn live(desk: &mut Desk, life: usize, told: mpsc::UnboundedSender<(usize, bool, bool)>) {
        while let Some(wish) = desk.next().await {
            if let PollCommand::Pause(paused) = wish {
                desk.paused = paused;
            }
            let _ = told.send((life, desk.paused, matches!(wish, PollCommand::Refresh)));
            assert!(life > 0, "a \x1b[2J fault");
        }
    }

    struct Play {
        wishes: mpsc::UnboundedSender<PollCommand>,
        told: mpsc::UnboundedReceiver<(usize, bool, bool)>,
        snapshots: watch::Receiver<Arc<Snapshot>>,
        supervisor: tokio::task::JoinHandle<()>,
    }

    fn play() -> Play {
        let (wishes, arriving) = mpsc::unbounded_channel();
        let (tell, told) = mpsc::unbounded_channel();
        let (publish, snapshots) = watch::channel(Arc::new(Snapshot::empty(EngineIdentity::default(), Moment::now())));
        let supervisor = tokio::spawn(async move {
            let mut lives = 0;
            supervise(Desk::new(arriving), &publish, |desk| {
                lives += 1;
                Box::pin(live(desk, lives - 1, tell.clone()))
            })
            .await;
        });
        Play { wishes, told, snapshots, supervisor }
    }

    #[tokio::test(start_paused = true)]
    async fn a_fault_shows_on_the_screen_and_a_new_life_knows_what_was_settled_and_wished_meanwhile() {
        let mut play = play();
        play.wishes.send(PollCommand::Pause(true)).expect("alive");
        play.snapshots.changed().await.expect("alive");
        let shown = play.snapshots.borrow_and_update().clone();
        let Link::PollerFailed { problem } = &shown.link else { panic!("{:?}", shown.link) };
        assert!(problem.what.ends_with("a ␛[2J fault"), "{}", problem.what);
        let fell = Instant::now();
        play.wishes.send(PollCommand::Refresh).expect("alive");
        assert_eq!(play.told.recv().await, Some((0, true, false)));
        let told = tokio::time::timeout(4 * RESTART, play.told.recv()).await;
        assert_eq!(told, Ok(Some((1, true, true))));
        assert!(fell.elapsed() >= RESTART);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_left_while_the_task_lies_ends_it_for_good() {
        let mut play = play();
        play.wishes.send(PollCommand::Refresh).expect("alive");
        play.snapshots.changed().await.expect("alive");
        drop(play.wishes);
        play.supervisor.await.expect("it ends by itself");
        assert_eq!(play.told.recv().await, Some((0, false, true)));
        assert_eq!(play.told.recv().await, None);
    }
}
