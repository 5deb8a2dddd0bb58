//! External tasks: work that remote workers fetch.

use jiff::Timestamp;

use super::ids::{ActivityId, ExecutionId, ExternalTaskId, ProcessDefinitionId, ProcessInstanceId, ProcessKey, TenantId};
use super::unreadable::Unreadable;
use crate::text::EngineText;

/// Who may work on an external task at a moment, as far as the engine tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Any worker can fetch it: none has, yet.
    Free,
    /// A worker holds it until then.
    Held(Timestamp),
    /// It failed before: a worker holds it until then, or it waits so long for its next attempt. The engine keeps one time for both.
    HeldOrWaiting(Timestamp),
    /// A worker held it and has neither finished nor failed: its lock ended then.
    Expired(Timestamp),
    /// It failed before, and can be fetched since then: its wait is over, or the lock of the next attempt ended.
    Over(Timestamp),
    /// It has out of retries: nobody can fetch it, whatever lock it carries.
    OutOfAttempts,
}

impl ExternalTask {
    /// Who may work on it at this moment of the engine's clock.
    pub fn hold(&self, now: Timestamp) -> Hold {
        // Attempts are counted from the first reported failure on, and a message comes with one.
        let failed_before = self.retries.is_some() || self.error_message.is_some();
        match self.lock_expires {
            _ if self.retries.is_some_and(|left| left <= 0) => Hold::OutOfAttempts,
            None => Hold::Free,
            Some(until) => match (until > now, failed_before) {
                (true, false) => Hold::Held(until),
                (true, true) => Hold::HeldOrWaiting(until),
                (false, false) => Hold::Expired(until),
                (false, true) => Hold::Over(until),
            },
        }
    }
}

/// One external task (`GET /external-task`).
#[derive(Clone, Debug, PartialEq)]
pub struct ExternalTask {
    /// Its id.
    pub id: ExternalTaskId,
    /// Activity it stands at.
    pub activity: Option<ActivityId>,
    /// Message of its latest failure.
    pub error_message: Option<EngineText>,
    /// Execution it belongs to.
    pub execution: Option<ExecutionId>,
    /// When the worker's lock ends, or when a failed task may be fetched again.
    pub lock_expires: Option<Timestamp>,
    /// Definition it belongs to.
    pub process_definition: Option<ProcessDefinitionId>,
    /// Key of that definition.
    pub process_key: Option<ProcessKey>,
    /// Instance it belongs to.
    pub process_instance: Option<ProcessInstanceId>,
    /// Attempts left; none until a worker reports a failure.
    pub retries: Option<i64>,
    /// Whether it is suspended.
    pub suspended: bool,
    /// Worker that holds it or held it last.
    pub worker: Option<EngineText>,
    /// Topic workers subscribe to.
    pub topic: EngineText,
    /// Its tenant.
    pub tenant: Option<TenantId>,
    /// Its priority.
    pub priority: i64,
    /// Business key of its instance.
    pub business_key: Option<EngineText>,
    /// What of it could not be read.
    pub unreadable: Unreadable,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(retries: Option<i64>, message: Option<&str>, lock: Option<i64>) -> ExternalTask {
        ExternalTask {
            unreadable: Default::default(),
            id: "task".into(),
            activity: None,
            error_message: message.map(Into::into),
            execution: None,
            lock_expires: lock.map(|second| Timestamp::from_second(second).expect("a time")),
            process_definition: None,
            process_key: None,
            process_instance: None,
            retries,
            suspended: false,
            worker: Some("worker".into()),
            topic: "topic".into(),
            tenant: None,
            priority: 0,
            business_key: None,
        }
    }

    #[test]
    fn a_task_that_failed_before_is_not_said_to_be_held_while_it_may_wait() {
        let at = |second| Timestamp::from_second(second).expect("a time");
        let hold = |retries, message, lock| task(retries, message, lock).hold(at(100));
        assert_eq!(hold(None, None, Some(200)), Hold::Held(at(200)));
        assert_eq!(hold(Some(2), Some("429"), Some(200)), Hold::HeldOrWaiting(at(200)));
        assert_eq!(hold(Some(2), None, Some(200)), Hold::HeldOrWaiting(at(200)), "a failure need not carry a message");
        assert_eq!(hold(None, None, Some(50)), Hold::Expired(at(50)));
        assert_eq!(hold(Some(2), Some("429"), Some(50)), Hold::Over(at(50)));
        assert_eq!(hold(Some(0), Some("503"), Some(200)), Hold::OutOfAttempts, "a lock on what nobody can fetch means nothing");
        assert_eq!(hold(None, None, None), Hold::Free);
    }
}
